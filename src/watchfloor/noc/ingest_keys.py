"""Which events are stored already: the one place that makes redelivery harmless."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from watchfloor.noc.models import IngestKey
from watchfloor.tenants.models import Tenant


def stored_among(*, tenant: Tenant, source: str, event_ids: Iterable[str]) -> dict[str, UUID]:
    """Return the ids of those events of one source that are stored, in one query."""
    rows = IngestKey.objects.for_tenant(tenant).filter(source=source, event_id__in=list(event_ids))
    return dict(rows.values_list("event_id", "row_id"))


def claim(*, tenant: Tenant, source: str, ids: Mapping[str, UUID]) -> None:
    """
    Mark events as stored, in the transaction that stores them.

    Raises:
        IntegrityError: another process stored one of them a moment ago; the transaction is
            lost, and the micro-batch must be taken again.
    """
    IngestKey.objects.bulk_create(
        IngestKey(tenant=tenant, source=source, event_id=event_id, row_id=row_id)
        for event_id, row_id in ids.items()
    )
