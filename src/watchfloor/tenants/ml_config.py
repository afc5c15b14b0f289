"""ML_CONFIG as one tenant has it: the installation's, with the tenant's own overrides."""

from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings

from watchfloor.core.ml_config import MLConfig
from watchfloor.tenants.models import MLConfigOverride, Tenant


@cache
def installed() -> MLConfig:
    """Return the configuration before any tenant's overrides, read once a process."""
    return MLConfig.from_mapping(settings.ML_CONFIG)


def ml_config_for(tenant: Tenant) -> MLConfig:
    """Return the configuration in force for a tenant."""
    rows = MLConfigOverride.objects.for_tenant(tenant)
    return installed().override({row.key: row.value for row in rows})


def set_override(*, tenant: Tenant, key: str, value: Any, now: datetime) -> Any:
    """
    Give one key another value for one tenant; return the value it had.

    Raises:
        InvalidConfiguration: unknown key, wrong type, out of range, or a contradiction.
    """
    before = ml_config_for(tenant)
    before.override({key: value})
    MLConfigOverride.objects.update_or_create(
        tenant=tenant, key=key, defaults={"value": value, "changed_at": now}
    )
    return before.to_mapping()[key]
