from django.apps import AppConfig


class NOCConfig(AppConfig):
    """The noc room; `migrate noc` works by this label."""

    name = "watchfloor.noc"
    label = "noc"
    default_auto_field = "django.db.models.BigAutoField"
