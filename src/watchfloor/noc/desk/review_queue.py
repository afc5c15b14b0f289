"""Predictions that wait for a person; what lies above a cap is held and counted, never dropped."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from watchfloor.core.errors import NotFound, NotReady
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.ledger import outbox
from watchfloor.noc.models import ReviewItem
from watchfloor.noc.models.work import Disposition, ReviewState
from watchfloor.tenants.models import Tenant

DECISION, AUDIT_SAMPLE, CANNOT_SCORE = "decision", "audit_sample", "cannot_score"


def is_drawn(prediction_id: UUID, *, share: float) -> bool:
    """
    Return whether a prediction belongs to the random audit sample of a share.

    The draw is a hash of the id: nobody can steer it, and any process draws alike.

    >>> is_drawn(UUID(int=1), share=1.0), is_drawn(UUID(int=1), share=0.0)
    (True, False)
    """
    digest = hashlib.sha256(b"audit sample" + prediction_id.bytes).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def add(*, items: Iterable[ReviewItem], tenant: Tenant, now: datetime) -> list[ReviewItem]:
    """Put predictions into the queue, in the transaction that logs them."""
    rows = ReviewItem.objects.bulk_create(items)
    waiting = sum(row.state == ReviewState.WAITING for row in rows)
    if waiting:
        outbox.publish(tenant=tenant, kind="review.added", data={"n": waiting}, now=now)
    return rows


def unscored_today(*, tenant: Tenant, now: datetime) -> int:
    """Return how many unscored events came to the queue this local day; the cap counts them."""
    began_at, _ = day_bounds(local_day(now, tenant.zone), tenant.zone)
    rows = ReviewItem.objects.for_tenant(tenant).filter(kind=CANNOT_SCORE, created_at__gte=began_at)
    return rows.exclude(state=ReviewState.HELD).count()


def get_open(*, tenant: Tenant, item_id: int) -> ReviewItem:
    """
    Return an item that has no verdict yet.

    Raises:
        NotFound: this tenant has no such item.
        NotReady: somebody gave a verdict already.
    """
    item = ReviewItem.objects.for_tenant(tenant).filter(pk=item_id).first()
    if item is None:
        raise NotFound(f"review item {item_id} does not exist")
    if item.state == ReviewState.DONE:
        raise NotReady(f"review item {item_id} has a verdict already")
    return item


def close_many(
    *, tenant: Tenant, verdicts: Mapping[int, Disposition], actor: str, now: datetime
) -> list[ReviewItem]:
    """
    Record verdicts; return the items that had none before, as they are now.

    Call inside a transaction: the items stay locked until its end, so that of two people who
    decide at once one is told that the other was first.
    """
    rows = ReviewItem.objects.for_tenant(tenant).exclude(state=ReviewState.DONE)
    items = list(rows.select_for_update().filter(pk__in=list(verdicts)).order_by("pk"))
    for item in items:
        item.state = ReviewState.DONE
        item.disposition = verdicts[item.pk]
        item.done_at = now
        item.done_by = actor
    for disposition in sorted({item.disposition for item in items}):
        alike = [item.pk for item in items if item.disposition == disposition]
        ReviewItem.objects.filter(pk__in=alike).update(
            state=ReviewState.DONE, disposition=disposition, done_at=now, done_by=actor
        )
    if items:
        outbox.publish(tenant=tenant, kind="review.done", data={"n": len(items)}, now=now)
    return items


def find_open_of_predictions(
    *, tenant: Tenant, prediction_ids: Iterable[UUID]
) -> dict[UUID, ReviewItem]:
    """Return the items without a verdict about these predictions."""
    rows = ReviewItem.objects.for_tenant(tenant).exclude(state=ReviewState.DONE)
    return {row.prediction_id: row for row in rows.filter(prediction_id__in=list(prediction_ids))}


def next_waiting(*, tenant: Tenant, site_ids: frozenset[int] | None = None) -> ReviewItem | None:
    """Return the oldest item that waits, within the sites somebody may see."""
    rows = ReviewItem.objects.for_tenant(tenant).filter(state=ReviewState.WAITING)
    if site_ids is not None:
        rows = rows.filter(site_id__in=site_ids)
    return rows.select_related("site").order_by("created_at", "id").first()


def oldest_waiting(*, tenant: Tenant, before: datetime, limit: int) -> list[ReviewItem]:
    """Return what has waited or been held since before a moment, oldest first."""
    rows = ReviewItem.objects.for_tenant(tenant).exclude(state=ReviewState.DONE)
    return list(rows.filter(created_at__lte=before).order_by("created_at", "id")[:limit])
