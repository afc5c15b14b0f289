"""Set the product up in this process, as the `watchfloor` command does."""

import os


def start_django() -> None:
    """Read settings from the environment and be ready for models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchfloor.config.settings")
    import django
    from django.conf import settings

    from watchfloor.config.logs import start_logging

    django.setup()
    start_logging(settings.LOGGING)
