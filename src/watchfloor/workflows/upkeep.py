"""Small work that keeps the house in order: sum up rollups, drop what was delivered."""

from datetime import datetime, timedelta

from watchfloor.ledger import outbox
from watchfloor.ml.predictions import rollups
from watchfloor.noc.live import broadcast, presence

DELIVERED_KEPT = timedelta(hours=1)
BROADCASTS_KEPT = timedelta(days=90)


def compact_rollups() -> int:
    """Add pending score changes to their days; return how many."""
    return sum(rollups.compact(tenant=tenant) for tenant in rollups.tenants_with_changes())


def tidy(*, now: datetime, real_now: datetime) -> None:
    """Drop what nobody will ask for again."""
    outbox.delete_delivered(before=now - DELIVERED_KEPT)
    broadcast.delete_before(before=now - BROADCASTS_KEPT)
    presence.forget_gone(real_now=real_now)
