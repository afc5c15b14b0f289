from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """The tenants room; `migrate tenants` works by this label."""

    name = "watchfloor.tenants"
    label = "tenants"
    default_auto_field = "django.db.models.BigAutoField"
