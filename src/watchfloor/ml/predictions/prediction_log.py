"""The log of predictions about any entity: write in bulk, find again, set what became known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from watchfloor.core.decision.reason import Reason
from watchfloor.ml.models import PredictionLog, ScoredPrediction
from watchfloor.ml.predictions.scored import Scored
from watchfloor.tenants.models import Tenant

LOG = "prediction"


def as_scored(row: ScoredPrediction) -> Scored:
    """Return the columns of a logged prediction that rollups and outcomes need."""
    return Scored(
        id=row.id,
        occurred_at=row.occurred_at,
        model_type=row.model_type,
        model_version=row.model_version,
        calibration_hash=row.calibration_hash,
        site_group=row.site.site_group if row.site is not None else "all",
        local_day=row.local_day,
        score=row.score,
        score_bin=row.score_bin,
        outcome=row.outcome,
    )


def write(rows: Sequence[PredictionLog]) -> None:
    """Store new predictions, in the transaction that stored their events."""
    PredictionLog.objects.bulk_create(rows)


def get_many(*, tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, PredictionLog]:
    """Return this tenant's predictions by id; ids of others are simply not found."""
    rows = PredictionLog.objects.for_tenant(tenant).select_related("site").filter(id__in=list(ids))
    return {row.id: row for row in rows}


def find_of_entity(*, tenant: Tenant, model_type: str, entity_id: str) -> PredictionLog | None:
    """Return the newest prediction about an entity, or None."""
    rows = PredictionLog.objects.for_tenant(tenant).select_related("site")
    return rows.filter(model_type=model_type, entity_id=entity_id).order_by("-occurred_at").first()


def set_outcomes(*, tenant: Tenant, values: Mapping[UUID, tuple[float, datetime]]) -> None:
    """Write known outcomes onto their predictions; one statement for those known alike."""
    alike: dict[tuple[float, datetime], list[UUID]] = {}
    for prediction_id, known in values.items():
        alike.setdefault(known, []).append(prediction_id)
    rows = PredictionLog.objects.for_tenant(tenant)
    for (outcome, known_at), ids in alike.items():
        rows.filter(id__in=ids).update(outcome=outcome, outcome_known_at=known_at)


def features_of(*, tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Return the features that were served for each prediction."""
    return features_in(PredictionLog, tenant=tenant, ids=ids)


def features_in(
    table: type[ScoredPrediction], *, tenant: Tenant, ids: Iterable[UUID]
) -> dict[UUID, Mapping[str, Any]]:
    """Return served features by prediction id, read in chunks that any database accepts."""
    wanted = list(ids)
    found: dict[UUID, Mapping[str, Any]] = {}
    for start in range(0, len(wanted), 5000):
        rows = table._default_manager.filter(
            tenant_id=tenant.pk, id__in=wanted[start : start + 5000]
        )
        found.update(rows.values_list("id", "features_json"))
    return found


def decisions_by_day(
    table: type[ScoredPrediction], *, tenant: Tenant, model_type: str, version: str
) -> dict[Any, dict[str, int]]:
    """
    Return how many predictions of a version had each decision, by local day.

    Estimates of numbers are left out: nothing was decided about them.
    """
    rows = (
        table._default_manager.filter(
            tenant_id=tenant.pk, model_type=model_type, model_version=version
        )
        .exclude(reason=Reason.NUMERIC_ESTIMATE.value)
        .values("local_day", "decision")
        .annotate(n=Count("id"))
        .order_by()
    )
    found: dict[Any, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["local_day"], {})[row["decision"]] = row["n"]
    return found
