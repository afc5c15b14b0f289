from django.apps import AppConfig


class CliConfig(AppConfig):
    """Carries the management commands."""

    name = "watchfloor.entrypoints.cli"
    label = "cli"
