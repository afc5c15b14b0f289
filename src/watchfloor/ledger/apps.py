from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger room; `migrate ledger` works by this label."""

    name = "watchfloor.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
