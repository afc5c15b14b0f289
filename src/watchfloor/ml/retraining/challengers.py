"""Challengers: trained as of a moment, calibrated and judged on events they never saw."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import NotReady
from watchfloor.core.lifecycle.validation import ModelValidator
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.calibration import calibration_cut, conformal_predictor, training_overlap
from watchfloor.ml.calibration.calibration_cohort import CohortRules, Log
from watchfloor.ml.calibration.calibration_cut import WORLD_SINCE, FeaturesOf
from watchfloor.ml.calibration.conformal_predictor import Promises
from watchfloor.ml.health import expected_error, feature_days, performance_monitor
from watchfloor.ml.models import CalibrationSet, CutReason, ModelVersion, OutcomeRecord
from watchfloor.ml.predictions import training_data
from watchfloor.ml.predictions.training_data import LabelledRows
from watchfloor.ml.versions import artifacts, registry, trainers
from watchfloor.tenants.models import Tenant

# Losses are compared on holdout events of the last weeks: what the challenger will meet next.
JUDGED_DAYS = 28
# How much worse the squared error may be at the upper end of its 95 % interval.
BRIER_MARGIN = 0.005
FEWEST_POSITIVES = 10


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    What a challenger is made from.

    Args:
        log: where the predictions are logged.
        days: how far back known outcomes are used.
        changed_at: since when the world is another one; None for no change.
        values: thresholds in force, for the certificates and for what counts as an error.
    """

    model_type: str
    log: Log
    days: int
    seed: int
    values: Mapping[str, float]
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """A challenger with what the judgement of it needs."""

    version: ModelVersion
    calibration: CalibrationSet | None
    rows: LabelledRows
    holdout_scores: FloatArray
    recipe: Recipe

    def holdout(self) -> list[OutcomeRecord]:
        """Return the outcomes of the events it never saw, in the order of `holdout_scores`."""
        pairs = zip(self.rows.records, self.rows.is_holdout, strict=True)
        return [record for record, is_held in pairs if is_held]


def train(*, tenant: Tenant, recipe: Recipe, features_of: FeaturesOf, now: datetime) -> Trained:
    """
    Train, store and calibrate a challenger on what is known by now.

    Moment and seed name it: an attempt that died after it was stored is taken up from there.

    Raises:
        NotReady: too few labels, or one class only.
    """
    records = training_data.known_records(
        tenant=tenant,
        log=recipe.log.name,
        model_type=recipe.model_type,
        days=recipe.days,
        now=now,
    )
    rows = training_data.labelled_rows(
        features=features_of([record.prediction_id for record in records]), records=records
    )
    to_meet = _to_meet(rows, recipe.changed_at)
    name = f"v{now:%Y%m%d.%H%M}.{recipe.seed}"
    found = registry.find_version(tenant=tenant, model_type=recipe.model_type, version=name)
    if found is not None:
        return _calibrated(tenant, found, to_meet, recipe, features_of, now)
    names = rows.feature_names()
    window = training_data.best_window(
        rows, changed_at=recipe.changed_at, feature_names=names, seed=recipe.seed
    )
    artifact = trainers.train(window.part(holdout=False), feature_names=names, seed=recipe.seed)
    with transaction.atomic():
        version = _stored(tenant, name, artifact, window, recipe, now)
        return _calibrated(tenant, version, to_meet, recipe, features_of, now)


def _stored(
    tenant: Tenant,
    name: str,
    artifact: bytes,
    window: LabelledRows,
    recipe: Recipe,
    now: datetime,
) -> ModelVersion:
    dataset = training_data.snapshot(
        tenant=tenant, model_type=recipe.model_type, rows=window, now=now
    )
    bins = feature_days.freeze_features(
        tenant=tenant, rows=window.features, names=window.feature_names(), now=now
    )
    manifest: dict[str, Any] = {
        "dataset": dataset.sha256,
        "n": dataset.n,
        "seed": recipe.seed,
        "feature_bins": bins,
        **training_overlap.manifest_of(window),
    }
    if recipe.changed_at is not None:
        # Nothing older speaks for the world this version was trained for.
        manifest[WORLD_SINCE] = recipe.changed_at.isoformat()
    return registry.add_version(
        tenant=tenant,
        model_type=recipe.model_type,
        version=name,
        artifact=artifact,
        manifest=manifest,
        now=now,
    )


def _to_meet(rows: LabelledRows, changed_at: datetime | None) -> LabelledRows:
    """Return the rows of the world as it is now; all of them while those are too few."""
    recent = rows.since(changed_at)
    if int(recent.is_holdout.sum()) >= conformal_predictor.FEWEST_OUTCOMES:
        return recent
    return rows


def _calibrated(
    tenant: Tenant,
    version: ModelVersion,
    rows: LabelledRows,
    recipe: Recipe,
    features_of: FeaturesOf,
    now: datetime,
) -> Trained:
    """Score the quarter of events that a version never saw, and calibrate it."""
    model = artifacts.load(tenant=tenant, sha256=version.artifact_sha256)
    _, scores = PROBABILITY.quantise(model.score(rows.part(holdout=True).features))
    calibration = _calibrate(tenant, version, recipe, features_of, now)
    return Trained(version, calibration, rows, scores, recipe)


def _calibrate(
    tenant: Tenant,
    version: ModelVersion,
    recipe: Recipe,
    features_of: FeaturesOf,
    now: datetime,
) -> CalibrationSet | None:
    """
    Calibrate a version on closed predictions that it never saw; None while those are too few.

    Without a set it serves all the same, and every decision that needs one goes to a person.
    """
    serving = registry.deployment_of(tenant=tenant, model_type=recipe.model_type, now=now).stack
    reason = CutReason.FIRST if serving is None else CutReason.PROMOTION
    try:
        cut = calibration_cut.cut_from_log(
            tenant=tenant,
            version=version,
            log=recipe.log,
            features_of=features_of,
            rules=CohortRules.of(recipe.values),
            now=now,
        )
        _, row = conformal_predictor.calibrate(
            tenant=tenant,
            version=version,
            rows=cut.rows,
            promises=Promises.of(recipe.values),
            provenance=cut.provenance(reason=reason, source="holdout", version=version),
            now=now,
        )
    except NotReady:
        return None
    return row


def judge(
    *, tenant: Tenant, trained: Trained, champion: ModelVersion, least: int, now: datetime
) -> dict[str, Any]:
    """Return the verdict on a challenger against the champion, on the same holdout events."""
    recent = _recent_holdout(trained, now)
    holdout = trained.rows.part(holdout=True).part(recent)
    _, champion_scores = PROBABILITY.quantise(
        artifacts.load(tenant=tenant, sha256=champion.artifact_sha256).score(holdout.features)
    )
    verdict = ModelValidator(
        margin=BRIER_MARGIN,
        min_n=least,
        min_positives=max(FEWEST_POSITIVES, least // 6),
    ).judge(
        champion_losses=(champion_scores - holdout.labels) ** 2,
        challenger_losses=(trained.holdout_scores[recent] - holdout.labels) ** 2,
        outcomes=holdout.labels,
        scores=(champion_scores, trained.holdout_scores[recent]),
    )
    return {
        **asdict(verdict),
        "sentence": verdict.reason.sentence,
        "champion": champion.version,
    }


def _recent_holdout(trained: Trained, now: datetime) -> list[int]:
    since = now - timedelta(days=JUDGED_DAYS)
    if trained.recipe.changed_at is not None:
        since = max(since, trained.recipe.changed_at)
    return [i for i, record in enumerate(trained.holdout()) if record.occurred_at >= since]


def start_monitor(trained: Trained, *, now: datetime) -> None:
    """Hold a version against its errors on events it never saw, known and expected ones."""
    held = trained.holdout()
    called = trained.holdout_scores >= trained.recipe.values["review_score"]
    actual = np.array([record.value >= 0.5 for record in held], dtype=np.bool_)
    performance_monitor.start_monitor(
        version=trained.version,
        losses=(called != actual).astype(np.float64).tolist(),
        days=[record.local_day for record in held],
        share=training_data.HOLDOUT_SHARE,
        now=now,
    )
    expected_error.start_from_holdout(
        version=trained.version,
        held=held,
        scores=trained.holdout_scores,
        threshold=trained.recipe.values["review_score"],
        share=training_data.HOLDOUT_SHARE,
        now=now,
    )
