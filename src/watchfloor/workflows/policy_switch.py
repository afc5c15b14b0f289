"""Somebody switches an automation, moves a stage or stops everything: written down."""

from datetime import datetime
from typing import Any

from django.db import transaction

from watchfloor.core.errors import InvalidInput
from watchfloor.ledger import audit, outbox
from watchfloor.tenants import directory, flags, ml_config
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.models.places import RolloutStage


@transaction.atomic
def switch_flag(
    *,
    tenant: Tenant,
    flag: Flag,
    is_on: bool,
    actor: str,
    reason: str,
    now: datetime,
    model_type: str = "",
) -> None:
    """
    Switch one automation of a tenant; in force with the next micro-batch of any process.

    Raises:
        InvalidInput: no reason is given.
    """
    _require_reason(reason)
    before = flags.set_flag(tenant=tenant, flag=flag, model_type=model_type, is_on=is_on, now=now)
    _write_down(
        tenant,
        actor,
        "flag.switched",
        f"{flag.value}:{model_type or '*'}",
        before,
        is_on,
        reason,
        now,
    )


@transaction.atomic
def move_stage(
    *, tenant: Tenant, stage: RolloutStage, actor: str, reason: str, now: datetime
) -> None:
    """
    Move a tenant's roll-out: metrics only, alerts only, pilot sites, on.

    Raises:
        InvalidInput: no reason is given.
    """
    _require_reason(reason)
    before = flags.set_stage(tenant=tenant, stage=stage)
    _write_down(tenant, actor, "stage.moved", tenant.code, before, stage.value, reason, now)


@transaction.atomic
def set_kill_switch(*, engaged: bool, actor: str, reason: str, now: datetime) -> None:
    """
    Stop every automatic action of every tenant, or let them go on.

    Raises:
        InvalidInput: no reason is given.
    """
    _require_reason(reason)
    before = flags.set_kill_switch(engaged=engaged, now=now)
    _write_down(
        directory.platform_tenant(),
        actor,
        "kill_switch.engaged" if engaged else "kill_switch.released",
        "kill_switch",
        before,
        engaged,
        reason,
        now,
    )
    for tenant in directory.customers():
        outbox.publish(tenant=tenant, kind="kill_switch", data={"engaged": engaged}, now=now)


@transaction.atomic
def override_ml_config(
    *, tenant: Tenant, key: str, value: Any, actor: str, reason: str, now: datetime
) -> None:
    """
    Give one ML_CONFIG key another value for one tenant.

    Raises:
        InvalidInput: no reason is given.
        InvalidConfiguration: unknown key, wrong type, out of range, or a contradiction.
    """
    _require_reason(reason)
    before = ml_config.set_override(tenant=tenant, key=key, value=value, now=now)
    _write_down(tenant, actor, "ml_config.overridden", key, before, value, reason, now)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why this is switched")


def _write_down(
    tenant: Tenant,
    actor: str,
    action: str,
    target: str,
    before: Any,
    after: Any,
    reason: str,
    now: datetime,
) -> None:
    audit.append(
        tenant=tenant,
        actor=actor,
        action=action,
        target_kind="switch",
        target_id=target,
        reason=reason,
        detail={"before": before, "after": after},
        now=now,
    )
    outbox.publish(tenant=tenant, kind="policy", data={"action": action, "target": target}, now=now)
