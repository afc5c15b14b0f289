"""The log of what open pages were told: numbered without a gap, so a page sees what it missed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max

from watchfloor.noc.models import NOCEventLog
from watchfloor.tenants.models import Tenant


def last_seq(tenant: Tenant) -> int:
    """Return the number of the newest broadcast; 0 before the first."""
    return NOCEventLog.objects.for_tenant(tenant).aggregate(n=Max("seq"))["n"] or 0


def log_broadcast(
    *, tenant: Tenant, event_type: str, payload: Mapping[str, Any], recipients: int, now: datetime
) -> NOCEventLog:
    """Give a broadcast the tenant's next number and store it; one relay at a time does this."""
    return NOCEventLog.objects.create(
        tenant=tenant,
        event_type=event_type,
        payload=dict(payload),
        seq=last_seq(tenant) + 1,
        broadcast_at=now,
        recipient_count=recipients,
    )


def delete_before(*, before: datetime) -> int:
    """Drop broadcasts older than a moment; return how many."""
    return NOCEventLog.objects.filter(broadcast_at__lt=before).delete()[0]
