"""Somebody stops everything automatic of one tenant at once: every flag off, and written down."""

from datetime import datetime

from django.db import transaction

from watchfloor.core.errors import InvalidInput
from watchfloor.ledger import audit, outbox
from watchfloor.tenants import flags, switch_queries
from watchfloor.tenants.models import Tenant


@transaction.atomic
def stop_tenant(*, tenant: Tenant, actor: str, reason: str, now: datetime) -> int:
    """
    Switch off every automation of a tenant; return how many were on.

    Other tenants go on: the kill switch is the one that stops everybody's.

    Raises:
        InvalidInput: no reason is given.
    """
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why this is switched")
    on = [state for state in switch_queries.switches_of(tenant).flags if state.is_on]
    for state in on:
        flags.set_flag(
            tenant=tenant, flag=state.flag, model_type=state.model_type, is_on=False, now=now
        )
    audit.append(
        tenant=tenant,
        actor=actor,
        action="automation.stopped",
        target_kind="switch",
        target_id=tenant.code,
        reason=reason,
        detail={"switched_off": [f"{s.flag.value}:{s.model_type or '*'}" for s in on]},
        now=now,
    )
    outbox.publish(tenant=tenant, kind="policy", data={"action": "automation.stopped"}, now=now)
    return len(on)
