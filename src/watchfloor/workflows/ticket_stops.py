"""A limit on automatic tickets was reached: it ends by itself, or somebody closes the breaker."""

from datetime import datetime

from django.db import transaction

from watchfloor.core.errors import InvalidInput
from watchfloor.ledger import audit
from watchfloor.noc.decision import ticket_caps
from watchfloor.noc.models import TicketStop
from watchfloor.tenants.models import Tenant


def end(*, tenant: Tenant, stop_id: int, now: datetime) -> bool:
    """Close a stop whose span is over, with its alert; False where it was closed before."""
    return ticket_caps.end(tenant=tenant, stop_id=stop_id, now=now)


@transaction.atomic
def close_breaker(*, tenant: Tenant, actor: str, reason: str, now: datetime) -> TicketStop:
    """
    Let tickets open by themselves again before the breaker would; it counts anew from now.

    Raises:
        InvalidInput: no reason is given.
        NotReady: the breaker is not open.
    """
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why it is closed early")
    stop = ticket_caps.close_breaker(tenant=tenant, actor=actor, now=now)
    audit.append(
        tenant=tenant,
        actor=actor,
        action="breaker.closed",
        target_kind="ticket_stop",
        target_id=str(stop.pk),
        reason=reason,
        detail={"tripped_at": stop.tripped_at.isoformat(), "cap": stop.cap},
        now=now,
    )
    return stop
