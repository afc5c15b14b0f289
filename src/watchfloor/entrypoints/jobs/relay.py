"""Relay outbox messages to open pages: numbered, coalesced, at most four pushes a second."""

import threading
from collections import defaultdict
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import DatabaseError, close_old_connections, transaction

from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.live_groups import group_of
from watchfloor.ledger import outbox
from watchfloor.ledger.models import OutboxMessage
from watchfloor.noc.live import broadcast, presence
from watchfloor.noc.queries import floor
from watchfloor.tenants.models import Tenant

log = structlog.get_logger()

EVERY_S = 0.25
BATCH = 500
# So many critical alerts are named in one push; the page fetches the others.
SPOKEN = 3


def run_relay(stop: threading.Event) -> None:
    """Relay until told to stop; a database that is away for a moment loses nothing."""
    while not stop.wait(EVERY_S):
        try:
            while relay_once() == BATCH:
                pass
        except DatabaseError as error:
            log.error("relay.database", error=str(error))
        finally:
            close_old_connections()


def relay_once() -> int:
    """Send what waits; return how many messages were taken."""
    messages = outbox.undelivered(channel=outbox.WEBSOCKET, limit=BATCH)
    by_tenant: dict[int, list[OutboxMessage]] = defaultdict(list)
    for message in messages:
        by_tenant[message.tenant_id].append(message)
    for waiting in by_tenant.values():
        _relay_tenant(waiting[0].tenant, waiting)
    return len(messages)


def _relay_tenant(tenant: Tenant, messages: list[OutboxMessage]) -> None:
    now, real_now = clock.now(), clock.real_now()
    change = coalesced(messages)
    with transaction.atomic():
        recipients = presence.listening(tenant=tenant, real_now=real_now)
        sent = broadcast.log_broadcast(
            tenant=tenant, event_type="change", payload=change, recipients=recipients, now=now
        )
        outbox.mark_all_delivered(messages, recipients=recipients, now=now)
    # A push is a hint with a number: a page that misses one fetches what it shows again.
    async_to_sync(get_channel_layer().group_send)(
        group_of(tenant.pk),
        {
            "type": "live.change",
            "frame": {
                "type": "change",
                "seq": sent.seq,
                "as_of": now.isoformat(),
                "counts": floor.waiting_counts(tenant),
                **change,
            },
        },
    )


def coalesced(messages: list[OutboxMessage]) -> dict[str, Any]:
    """Return what a page is told: which kinds changed, how many are new, the critical ones."""
    created = [m for m in messages if m.kind == "alert.created"]
    critical = [m for m in created if m.data.get("severity") == Severity.CRITICAL.value]
    return {
        "kinds": sorted({message.kind.split(".")[0] for message in messages}),
        "new": {"critical": len(critical), "total": len(created)},
        "critical": [
            {"key": f"alert-{m.data['id']}", "words": m.data.get("message", m.data["type"])}
            for m in critical[-SPOKEN:]
        ],
    }
