"""Scores of a version that has no effect: what the replaced model would have said."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.inference.serving import ServingModel
from watchfloor.ml.models import ScoredPrediction, ShadowScore
from watchfloor.ml.versions.artifacts import Features
from watchfloor.tenants.models import Tenant


def score_beside(
    *,
    tenant: Tenant,
    serving: ServingModel | None,
    rows: Sequence[ScoredPrediction],
    features: Sequence[Features],
) -> None:
    """While a promotion is watched, store the replaced model's score of each new prediction."""
    if serving is None or serving.watched_against is None or not rows:
        return
    version, artifact = serving.watched_against
    scored = [
        (row, PROBABILITY.quantise_one(score)[1])
        for row, score in zip(rows, artifact.score_each(features), strict=True)
        if score is not None
    ]
    ShadowScore.objects.bulk_create(
        ShadowScore(
            tenant=tenant,
            prediction_id=row.id,
            occurred_at=row.occurred_at,
            model_type=row.model_type,
            model_version=version,
            score=score,
        )
        for row, score in scored
    )


def scores_of(*, tenant: Tenant, version: str, prediction_ids: Iterable[UUID]) -> dict[UUID, float]:
    """Return the shadow scores of one version for these predictions."""
    rows = ShadowScore.objects.for_tenant(tenant).filter(
        model_version=version, prediction_id__in=list(prediction_ids)
    )
    return dict(rows.values_list("prediction_id", "score"))
