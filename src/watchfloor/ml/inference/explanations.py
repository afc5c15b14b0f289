"""What moved one score: the share of each feature, read out of the model that gave it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from watchfloor.core.errors import NotFound
from watchfloor.ml.models import ScoredPrediction
from watchfloor.ml.versions import artifacts, registry
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class FeatureShare:
    """One feature as it was served, and how much it moved the score, in log-odds."""

    name: str
    value: Any
    share: float


def shares_of(*, tenant: Tenant, prediction: ScoredPrediction, most: int = 6) -> list[FeatureShare]:
    """
    Return what moved a score most, the strongest first; empty for a model that runs elsewhere.

    The shares and a constant add up to the raw score of the trees before calibration.

    Source:
        Lundberg et al. (2020), "From local explanations to global understanding with
        explainable AI for trees", Nature Machine Intelligence 2, 56-67.
    """
    digest = _artifact_of(tenant, prediction)
    if not digest or prediction.score is None:
        return []
    artifact = artifacts.load(tenant=tenant, sha256=digest)
    served: Mapping[str, Any] = prediction.features_json
    try:
        row = artifacts.encode([served], features=artifact.features, categories=artifact.categories)
    except (TypeError, ValueError):
        # The row was scored by another model, and this one cannot read it.
        return []
    told = np.asarray(artifact.booster.predict(row, pred_contrib=True, num_threads=1))[0, :-1]
    strongest = np.argsort(-np.abs(told), kind="stable")[:most]
    return [
        FeatureShare(artifact.features[i], served.get(artifact.features[i]), float(told[i]))
        for i in strongest.tolist()
        if told[i]
    ]


def _artifact_of(tenant: Tenant, prediction: ScoredPrediction) -> str:
    try:
        version = registry.get_version(
            tenant=tenant, model_type=prediction.model_type, version=prediction.model_version
        )
    except NotFound:
        return ""
    return version.artifact_sha256
