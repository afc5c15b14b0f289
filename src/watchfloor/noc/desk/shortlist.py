"""The reviews of one day, and the earlier ones with a known outcome that they are held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from watchfloor.ml.predictions import outcomes
from watchfloor.noc.desk import review_queue
from watchfloor.noc.intake import logs
from watchfloor.noc.models import ReviewItem
from watchfloor.tenants.models import Tenant

# Older reviews come from a floor that may have been another.
LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DayOfReviews:
    """
    One batch of reviews that the decision asked for, and the known ones before it.

    Args:
        items: those of the day, oldest first, whether they have a verdict by now or not: a
            batch that shrank as people worked would be another batch each time.
        scores: of the items, in their order.
        known_scores, known_outcomes: of reviews before the day, by the same rule of selection,
            whose outcome was known when the day began.
    """

    items: list[ReviewItem]
    scores: list[float]
    known_scores: list[float]
    known_outcomes: list[float]


def reviews_of_day(
    *, tenant: Tenant, model_type: str, version: str, start: datetime, end: datetime
) -> DayOfReviews:
    """Return the batch of [start, end) and what was known at its start, of one model version."""
    rows = ReviewItem.objects.for_tenant(tenant).filter(
        kind=review_queue.DECISION,
        model_type=model_type,
        score__isnull=False,
        created_at__gte=start - LOOK_BACK,
        created_at__lt=end,
    )
    of_day = list(
        rows.filter(created_at__gte=start).select_related("site").order_by("created_at", "pk")
    )
    scored = rows.filter(created_at__lt=start).values_list("prediction_id", "score")
    before = {prediction_id: score for prediction_id, score in scored if score is not None}
    known = outcomes.values_before(
        tenant=tenant, version=version, prediction_ids=list(before), before=start
    )
    of_version = _of_version(tenant, model_type, version, [item.prediction_id for item in of_day])
    batch = [item for item in of_day if item.prediction_id in of_version]
    return DayOfReviews(
        items=batch,
        scores=[item.score for item in batch if item.score is not None],
        known_scores=[before[prediction_id] for prediction_id in known],
        known_outcomes=list(known.values()),
    )


def reviewed_types(*, tenant: Tenant, start: datetime) -> list[str]:
    """Return the model types whose decision left anything to people since a moment, by name."""
    rows = ReviewItem.objects.for_tenant(tenant).filter(
        kind=review_queue.DECISION, created_at__gte=start
    )
    return sorted(set(rows.values_list("model_type", flat=True)))


def _of_version(
    tenant: Tenant, model_type: str, version: str, prediction_ids: Sequence[UUID]
) -> set[UUID]:
    table = logs.table_of(logs.log_of(model_type))
    rows = table._default_manager.filter(
        tenant_id=tenant.pk, id__in=prediction_ids, model_version=version
    )
    return set(rows.values_list("id", flat=True))
