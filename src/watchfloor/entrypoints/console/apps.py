"""The console as a Django app, so that its templates, static files and tags are found."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """No tables: the console asks workflows and draws what they answer."""

    name = "watchfloor.entrypoints.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
