"""How every switch of one tenant stands, for those who look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import FeatureFlag, KillSwitch, MLConfigOverride, Tenant
from watchfloor.tenants.models.places import RolloutStage

DECIDING = frozenset({Flag.AUTO_TICKET, Flag.AUTO_CLEAR})


@dataclass(frozen=True, slots=True)
class FlagState:
    """One automation of a tenant; an empty model type means every one of them."""

    flag: Flag
    model_type: str
    is_on: bool
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Switches:
    """All switches of a tenant, and the one that stops everybody's."""

    is_stopped: bool
    stopped_changed_at: datetime | None
    stage: RolloutStage
    flags: tuple[FlagState, ...]

    @property
    def decides(self) -> bool:
        """Whether anything can be decided without a person at this moment."""
        is_reached = self.stage in (RolloutStage.PILOT, RolloutStage.ON)
        is_switched = any(state.is_on and state.flag in DECIDING for state in self.flags)
        return is_reached and is_switched and not self.is_stopped


def switches_of(tenant: Tenant) -> Switches:
    """Return the switches in force; every flag has a line, those never touched are off."""
    switch = KillSwitch.objects.get(pk=1)
    known = {flag.value for flag in Flag}
    rows = FeatureFlag.objects.for_tenant(tenant).filter(key__in=known).order_by("model_type")
    states = [FlagState(Flag(row.key), row.model_type, row.is_on, row.changed_at) for row in rows]
    untouched = set(Flag) - {state.flag for state in states if not state.model_type}
    states += [FlagState(flag, "", False, None) for flag in untouched]
    order = list(Flag)
    return Switches(
        is_stopped=switch.engaged,
        stopped_changed_at=switch.changed_at,
        stage=RolloutStage(tenant.stage),
        flags=tuple(sorted(states, key=lambda s: (order.index(s.flag), s.model_type))),
    )


def overrides_of(tenant: Tenant) -> Mapping[str, tuple[Any, datetime]]:
    """Return the ML_CONFIG keys a tenant has values of its own for, and since when."""
    rows = MLConfigOverride.objects.for_tenant(tenant).values_list("key", "value", "changed_at")
    return {key: (value, changed_at) for key, value, changed_at in rows}
