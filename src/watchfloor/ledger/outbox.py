"""Tell the world after the commit: messages are rows of the transaction, relayed in order."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from watchfloor.ledger.models import OutboxMessage
from watchfloor.tenants.models import Tenant

WEBSOCKET = "websocket"


def publish(
    *,
    tenant: Tenant,
    kind: str,
    data: Mapping[str, Any],
    now: datetime,
    channel: str = WEBSOCKET,
) -> OutboxMessage:
    """Write a message into the transaction at hand; the relay sends it after the commit."""
    return OutboxMessage.objects.create(
        tenant=tenant, channel=channel, kind=kind, data=dict(data), created_at=now
    )


def undelivered(*, channel: str, limit: int) -> list[OutboxMessage]:
    """Return the oldest messages of a channel that nobody sent yet."""
    rows = OutboxMessage.objects.filter(channel=channel, delivered_at=None)
    return list(rows.select_related("tenant").order_by("id")[:limit])


def mark_all_delivered(messages: Iterable[OutboxMessage], *, recipients: int, now: datetime) -> int:
    """Close messages; return how many nobody had closed before."""
    ids = [message.pk for message in messages]
    return OutboxMessage.objects.filter(pk__in=ids, delivered_at=None).update(
        delivered_at=now, recipients=recipients
    )


def delete_delivered(*, before: datetime, limit: int = 5000) -> int:
    """Drop delivered messages older than `before`; return how many."""
    ids = list(
        OutboxMessage.objects.filter(delivered_at__lt=before).values_list("pk", flat=True)[:limit]
    )
    OutboxMessage.objects.filter(pk__in=ids).delete()
    return len(ids)
