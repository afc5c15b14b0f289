from django.apps import AppConfig


class MLConfig(AppConfig):
    """The ml room; `migrate ml` works by this label."""

    name = "watchfloor.ml"
    label = "ml"
    default_auto_field = "django.db.models.BigAutoField"
