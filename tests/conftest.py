"""One small world: two tenants, a few places and people with names, and a fixed moment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest


@pytest.fixture
def now() -> datetime:
    """A Monday noon in March 2026, UTC."""
    return datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """The test database, and a copy of it for tests that give one to a process."""
    from databases import keep_as_migrated

    keep_as_migrated()


@pytest.fixture
def tenant(db, now):
    """Acme Guarding: roll-out on, a site, two guards and a phone."""
    from cast import acme

    return acme(now=now)


@pytest.fixture
def other_tenant(db, now):
    """Borealis: another customer, who must never see Acme's rows."""
    from cast import borealis

    return borealis(now=now)


@pytest.fixture
def time_is_now(db, now):
    """Doors read `now` for as long as the test lasts: the clock stands still there."""
    from watchfloor.entrypoints import clock
    from watchfloor.ledger.clock import set_clock

    clock.forget()
    set_clock(virtual_now=now, speed=0, real_now=clock.real_now())
    yield now
    clock.forget()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """
    The folder of the public data sets.

    Without the setting the tests that need it are skipped; with it, a set that is missing
    fails them.
    """
    from django.conf import settings

    if settings.ENV.data_dir is None:
        pytest.skip("WATCHFLOOR_DATA_DIR does not name the folder of the data sets")
    return settings.ENV.data_dir


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs():
    """Structured lines as in a process, from WARNING on."""
    from django.conf import settings

    from watchfloor.config.logs import start_logging

    start_logging(settings.LOGGING)
