"""The parts of looking after a tenant, as far as somebody may open them."""

from django.urls import reverse
from django.utils.translation import gettext

from watchfloor.entrypoints.console.lists import Tab
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

THRESHOLDS = Permission.CHANGE_THRESHOLDS
TOKENS = Permission.MANAGE_TENANT
ML_CONFIG = Permission.MANAGE_MODELS


def manage_tabs(actor: Actor, *, current: str) -> tuple[Tab, ...]:
    """Return a tab for each part; `current` is the name of its route."""
    parts = (
        ("manage", gettext("Automation"), True),
        ("thresholds", gettext("Thresholds"), actor.may(THRESHOLDS)),
        ("tokens", gettext("Tokens"), actor.may(TOKENS)),
        ("ml_config", gettext("ML_CONFIG"), actor.may(ML_CONFIG)),
    )
    return tuple(
        Tab(label, reverse(f"console:{name}", args=[actor.tenant.code]), name == current)
        for name, label, is_open in parts
        if is_open
    )
