"""Automations are off until switched on, per tenant; one kill switch stops them all."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watchfloor.tenants.models import FeatureFlag, KillSwitch, Tenant
from watchfloor.tenants.models.places import RolloutStage


class Flag(StrEnum):
    """Every automation that may be switched on; an unknown key does not exist."""

    AUTO_TICKET = "auto_ticket"
    AUTO_CLEAR = "auto_clear"
    AUTO_RETRAIN = "auto_retrain"
    AUTO_ROLLBACK = "auto_rollback"


@dataclass(frozen=True, slots=True)
class AutomationInForce:
    """What may act by itself for one tenant and model type, at the moment it was read."""

    kill_switch: bool
    kill_switch_version: int
    stage: RolloutStage
    on: frozenset[Flag]

    def allows(self, flag: Flag) -> bool:
        """Return whether `flag` is on and nothing stops everything."""
        return flag in self.on and not self.kill_switch


def automation_in_force(*, tenant: Tenant, model_type: str) -> AutomationInForce:
    """Return the switches in force; asked once per micro-batch, in two small queries."""
    switch = KillSwitch.objects.get(pk=1)
    stage = Tenant.objects.values_list("stage", flat=True).get(pk=tenant.pk)
    rows = FeatureFlag.objects.for_tenant(tenant).filter(
        is_on=True, model_type__in=["", model_type]
    )
    known = {flag.value for flag in Flag}
    return AutomationInForce(
        kill_switch=switch.engaged,
        kill_switch_version=switch.version,
        stage=RolloutStage(stage),
        on=frozenset(Flag(row.key) for row in rows if row.key in known),
    )


def set_flag(*, tenant: Tenant, flag: Flag, model_type: str, is_on: bool, now: datetime) -> bool:
    """Switch one automation; return what it was before."""
    row, created = FeatureFlag.objects.get_or_create(
        tenant=tenant,
        key=flag.value,
        model_type=model_type,
        defaults={"is_on": False, "changed_at": now},
    )
    before = row.is_on and not created
    FeatureFlag.objects.filter(pk=row.pk).update(is_on=is_on, changed_at=now)
    return before


def set_kill_switch(*, engaged: bool, now: datetime) -> bool:
    """Engage or release the kill switch; return what it was before."""
    row = KillSwitch.objects.get(pk=1)
    KillSwitch.objects.filter(pk=1).update(engaged=engaged, version=row.version + 1, changed_at=now)
    return row.engaged


def set_stage(*, tenant: Tenant, stage: RolloutStage) -> str:
    """Move a tenant to a roll-out stage; return the stage it was in."""
    before = Tenant.objects.values_list("stage", flat=True).get(pk=tenant.pk)
    Tenant.objects.filter(pk=tenant.pk).update(stage=stage)
    return before
