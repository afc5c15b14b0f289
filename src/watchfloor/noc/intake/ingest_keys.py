"""Which events are stored already: the one place that makes redelivery harmless."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from watchfloor.noc.models import IngestKey
from watchfloor.tenants.models import Tenant

EventKey = tuple[str, str]
"""Who sent an event, and the sender's id of it."""


def stored_among(*, tenant: Tenant, keys: Iterable[EventKey]) -> dict[EventKey, UUID]:
    """Return the rows of those events that are stored, in one query."""
    wanted = set(keys)
    rows = IngestKey.objects.for_tenant(tenant).filter(
        source__in={source for source, _ in wanted},
        event_id__in={event_id for _, event_id in wanted},
    )
    found = rows.values_list("source", "event_id", "row_id")
    # The query crosses sources with ids, so it may return keys that nobody asked for.
    return {
        (source, event_id): row for source, event_id, row in found if (source, event_id) in wanted
    }


def claim(*, tenant: Tenant, ids: Mapping[EventKey, UUID]) -> None:
    """
    Mark events as stored, in the transaction that stores them.

    Raises:
        IntegrityError: another process stored one of them a moment ago; the transaction is
            lost, and the micro-batch must be taken again.
    """
    IngestKey.objects.bulk_create(
        IngestKey(tenant=tenant, source=source, event_id=event_id, row_id=row_id)
        # In one order: two processes that share events then wait for each other one way only.
        for (source, event_id), row_id in sorted(ids.items())
    )
