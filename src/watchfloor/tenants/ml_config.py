"""ML_CONFIG as one tenant has it: the installation's, with the tenant's own overrides."""

from datetime import datetime
from typing import Any

from watchfloor.core.ml_config import MLConfig
from watchfloor.tenants.models import MLConfigOverride, Tenant


def ml_config_for(tenant: Tenant, *, installed: MLConfig) -> MLConfig:
    """Return the configuration in force for a tenant."""
    rows = MLConfigOverride.objects.for_tenant(tenant)
    return installed.override({row.key: row.value for row in rows})


def set_override(
    *, tenant: Tenant, key: str, value: Any, installed: MLConfig, now: datetime
) -> Any:
    """
    Give one key another value for one tenant; return the value it had.

    Raises:
        InvalidConfiguration: unknown key, wrong type, out of range, or a contradiction.
    """
    before = ml_config_for(tenant, installed=installed)
    before.override({key: value})
    MLConfigOverride.objects.update_or_create(
        tenant=tenant, key=key, defaults={"value": value, "changed_at": now}
    )
    return getattr(before, key.lower())
