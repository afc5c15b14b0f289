"""What a model type has come to over a whole stream, counted from its tables, for a report."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.core.score_rollup import CLEAN, EVENT, UNKNOWN, ScoreMetrics, count_scores, metrics
from watchfloor.ml.inference import serving
from watchfloor.ml.models import (
    DriftReport,
    ModelPerformanceMetrics,
    ModelVersion,
    OutcomeRecord,
    RetrainJob,
    RollbackWatch,
    ScoredPrediction,
)
from watchfloor.ml.versions import artifacts
from watchfloor.tenants.models import Tenant

LEVELS = (90, 95, 99)
DELAY_QUANTILES = (10, 25, 50, 75, 90, 99)
CHUNK = 5000
_COLUMNS = (
    *("local_day", "score_bin", "outcome", "occurred_at", "outcome_known_at"),
    *("calibration_hash", "decision", "reason"),
)


@dataclass(frozen=True, slots=True)
class Logged:
    """
    The columns of every logged prediction, in the order of their events.

    Args:
        weeks: Monday of each local day, as ordinals, shape (n,).
        bins: grid bin of each score, -1 where there is none, shape (n,).
        outcomes: EVENT, CLEAN or UNKNOWN, shape (n,).
        delays_h: hours from the event to its known outcome, for those that have one.
        calibrations: digest of the calibration each was decided with; empty for none.
    """

    weeks: IntArray
    bins: IntArray
    outcomes: IntArray
    delays_h: FloatArray
    calibrations: tuple[str, ...]
    by_decision: Mapping[str, int]
    by_reason: Mapping[str, int]

    @property
    def n(self) -> int:
        """All predictions."""
        return len(self.bins)

    @property
    def n_scored(self) -> int:
        """Predictions with a score."""
        return int(np.sum(self.bins >= 0))

    @property
    def n_joined(self) -> int:
        """Predictions whose outcome is known."""
        return int(np.sum(self.outcomes != UNKNOWN))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the outcome lay in the interval of one level, in percent of 100."""

    level: int
    n: int
    inside: int


@dataclass(frozen=True, slots=True)
class Week:
    """One week of scored predictions with known outcomes: as served, and by the first model."""

    monday: date
    served: ScoreMetrics
    frozen: ScoreMetrics


def logged(table: type[ScoredPrediction], *, tenant: Tenant, model_type: str) -> Logged:
    """Return what the log of a model type holds; one pass over the table."""
    weeks, bins, outcomes, delays, calibrations = [], [], [], [], []
    decisions: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    rows = _in_order(table, tenant, model_type).values_list(*_COLUMNS)
    for day, bin_, outcome, at, known_at, digest, decision, reason in rows.iterator(CHUNK):
        weeks.append(day.toordinal() - day.weekday())
        bins.append(-1 if bin_ is None else bin_)
        outcomes.append(_code(outcome))
        if known_at is not None:
            delays.append((known_at - at) / timedelta(hours=1))
        calibrations.append(digest)
        decisions[decision] += 1
        reasons[reason] += 1
    return Logged(
        weeks=np.array(weeks, dtype=np.int64),
        bins=np.array(bins, dtype=np.int64),
        outcomes=np.array(outcomes, dtype=np.int64),
        delays_h=np.array(delays, dtype=np.float64),
        calibrations=tuple(calibrations),
        by_decision=dict(sorted(decisions.items())),
        by_reason=dict(sorted(reasons.items())),
    )


def _in_order(table: type[ScoredPrediction], tenant: Tenant, model_type: str) -> Any:
    rows = table._default_manager.filter(tenant_id=tenant.pk, model_type=model_type)
    return rows.order_by("occurred_at", "id")


def _code(outcome: float | None) -> int:
    if outcome is None:
        return UNKNOWN
    return EVENT if outcome >= 0.5 else CLEAN


def coverage(log: Logged, *, tenant: Tenant) -> tuple[Coverage, ...]:
    """Return how often outcomes lay within their intervals, over calibrated predictions."""
    known = (log.bins >= 0) & (log.outcomes != UNKNOWN)
    groups = Counter(
        (log.calibrations[i], int(log.bins[i]), int(log.outcomes[i]))
        for i in np.flatnonzero(known)
        if log.calibrations[i]
    )
    n, inside = 0, dict.fromkeys(LEVELS, 0)
    for (digest, bin_, outcome), count in groups.items():
        calibration = serving.calibration_of(tenant=tenant, sha256=digest)
        n += count
        bounds = calibration.outcome_bounds_all(float(PROBABILITY.points[bin_]))
        for level, low, high in zip(LEVELS, bounds[::2], bounds[1::2], strict=True):
            inside[level] += count * (low <= outcome <= high)
    return tuple(Coverage(level, n, inside[level]) for level in LEVELS)


def delay_quantiles(log: Logged) -> dict[str, float | None]:
    """Return quantiles of the hours after which an outcome was known; None where none is."""
    if not len(log.delays_h):
        return {f"p{q}": None for q in DELAY_QUANTILES}
    found = np.percentile(log.delays_h, DELAY_QUANTILES)
    return {
        f"p{q}": round(float(hours), 4) for q, hours in zip(DELAY_QUANTILES, found, strict=True)
    }


def weeks(
    log: Logged, table: type[ScoredPrediction], *, tenant: Tenant, model_type: str
) -> list[Week]:
    """
    Return each week's quality as served, and that of the first model on the same events.

    The first model is scored anew on the features that were logged: what it would have said
    had nothing ever been retrained. Weeks without a scored event of known outcome are left out.
    """
    first = first_model(tenant=tenant, model_type=model_type)
    used = (log.bins >= 0) & (log.outcomes != UNKNOWN)
    if first is None or not used.any():
        return []
    frozen = _rescored(table, tenant=tenant, model_type=model_type, version=first)
    return [
        Week(
            date.fromordinal(int(week)),
            _metrics(log.bins[rows], log.outcomes[rows]),
            _metrics(frozen[rows], log.outcomes[rows]),
        )
        for week in np.unique(log.weeks[used])
        for rows in [np.flatnonzero(used & (log.weeks == week))]
    ]


def _metrics(bins: IntArray, outcomes: IntArray) -> ScoreMetrics:
    return metrics(count_scores(bins, outcomes, grid=PROBABILITY), threshold=0.5)


def _rescored(
    table: type[ScoredPrediction], *, tenant: Tenant, model_type: str, version: ModelVersion
) -> IntArray:
    """Return the grid bin that one version gives each logged prediction, in their order."""
    model = artifacts.load(tenant=tenant, sha256=version.artifact_sha256)
    parts = [
        PROBABILITY.quantise(model.score(features))[0]
        for features in _features_in_chunks(table, tenant, model_type)
    ]
    return np.concatenate(parts)


def _features_in_chunks(
    table: type[ScoredPrediction], tenant: Tenant, model_type: str
) -> Iterator[list[Mapping[str, Any]]]:
    chunk: list[Mapping[str, Any]] = []
    rows = _in_order(table, tenant, model_type).values_list("features_json", flat=True)
    for features in rows.iterator(CHUNK):
        chunk.append(features)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def first_model(*, tenant: Tenant, model_type: str) -> ModelVersion | None:
    """Return the first version that was trained here, or None."""
    rows = ModelVersion.objects.for_tenant(tenant).filter(model_type=model_type)
    return rows.exclude(artifact_sha256="").order_by("created_at", "id").first()


def n_metric_days(*, tenant: Tenant, model_type: str) -> int:
    """Return how many days of versions have a metrics row."""
    rows = ModelPerformanceMetrics.objects.for_tenant(tenant)
    return rows.filter(model_type=model_type).count()


def n_outcomes(*, tenant: Tenant, model_type: str) -> int:
    """Return how many statements are in force; one about each prediction at most."""
    rows = OutcomeRecord.objects.for_tenant(tenant)
    return rows.filter(model_type=model_type, is_current=True).count()


def drift_checks(*, tenant: Tenant, model_type: str) -> list[DriftReport]:
    """Return every drift check, oldest first."""
    rows = DriftReport.objects.for_tenant(tenant).filter(model_type=model_type)
    return list(rows.order_by("day", "kind", "model_version"))


def retrain_jobs(*, tenant: Tenant, model_type: str) -> list[RetrainJob]:
    """Return every retrain job with its safeguards, oldest first."""
    rows = RetrainJob.objects.for_tenant(tenant).filter(model_type=model_type)
    rows = rows.prefetch_related("safeguards").select_related("challenger", "dataset")
    return list(rows.order_by("requested_at", "id"))


def promotions(*, tenant: Tenant, model_type: str) -> list[RollbackWatch]:
    """Return the watch of every promotion, oldest first."""
    rows = RollbackWatch.objects.for_tenant(tenant).filter(model_type=model_type)
    rows = rows.select_related("new_stack__model_version", "old_stack__model_version")
    return list(rows.order_by("started_at", "id"))
