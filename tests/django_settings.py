"""The product's settings, on a data directory of the test run's own."""

import copy
import os
import tempfile

# Before settings are read: a test run never touches an installation's data.
os.environ.setdefault("WATCHFLOOR_LOG_LEVEL", "WARNING")
os.environ.setdefault("WATCHFLOOR_HOME", tempfile.mkdtemp(prefix="watchfloor-test-"))

from watchfloor.config.settings import *  # noqa: F403

# Hashing passwords well is slow on purpose; no test asks how long it takes.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if ENV.embedded_database:  # noqa: F405
    # A file: threads of their own connection must see what another one committed. A copy:
    # doctest collection imports this module a second time.
    DATABASES = copy.deepcopy(DATABASES)  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(ENV.home / "test.sqlite3")}  # noqa: F405
