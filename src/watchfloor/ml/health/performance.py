"""Daily metrics of every version, read from the rollup, recomputed as labels come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.bulk_bounds import outcome_bounds_many
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.local_time import day_bounds
from watchfloor.core.score_rollup import ScoreCounts, metrics
from watchfloor.ml.inference.serving import find_calibration
from watchfloor.ml.models import ModelPerformanceMetrics, ScoredPrediction
from watchfloor.ml.predictions import rollups
from watchfloor.ml.predictions.prediction_log import decisions_by_day
from watchfloor.ml.predictions.rollups import DayCounts
from watchfloor.tenants.models import Tenant

# Labels that come later than this change no metric row any more.
RECOMPUTED_DAYS = 45
NARROW = 0.2
DEGRADED_DROP = 0.10

_IDENTITY = ("tenant", "model_type", "model_version", "metric_date")
# What other checks write onto a row, and when it first came to be, stay as they are.
_KEPT = (
    *("created_at", "statistical_drift_pvalue", "performance_delta_from_baseline"),
    *("id", "is_degraded"),
)
_OF_INTERVALS = (
    *("avg_confidence_interval_width", "narrow_interval_percentage", "avg_calibration_score"),
    *(f"coverage_{level}" for level in LEVELS),
)
_COMPUTED = [
    column.name
    for column in ModelPerformanceMetrics._meta.concrete_fields
    if column.name not in {*_IDENTITY, *_KEPT}
]


@dataclass(frozen=True, slots=True)
class _Day:
    """All histograms of one version on one day, one a calibration."""

    version: str
    local_day: date
    parts: tuple[DayCounts, ...]


def compute_daily_metrics(
    *,
    tenant: Tenant,
    model_type: str,
    table: type[ScoredPrediction],
    last_day: date,
    threshold: float,
    now: datetime,
    days: int = RECOMPUTED_DAYS,
) -> int:
    """
    Write a metrics row for each version and day of the last `days` days; return how many.

    Rows are replaced in place: the same night computed twice changes nothing.
    """
    rollups.compact_all(tenant=tenant)
    found = rollups.day_counts(
        tenant=tenant,
        model_type=model_type,
        first=last_day - timedelta(days=days - 1),
        last=last_day,
    )
    rows: list[ModelPerformanceMetrics] = []
    partly: list[ModelPerformanceMetrics] = []
    for version in sorted({day.model_version for day in found}):
        decided = decisions_by_day(table, tenant=tenant, model_type=model_type, version=version)
        for day in _by_day(version, found):
            intervals = _intervals(tenant, day)
            row = _row(tenant, model_type, day, decided.get(day.local_day, {}), threshold, now)
            for name, value in (intervals or {}).items():
                setattr(row, name, value)
            (partly if intervals is None else rows).append(row)
    _write(rows, _COMPUTED)
    _write(partly, [name for name in _COMPUTED if name not in _OF_INTERVALS])
    return len(rows) + len(partly)


def _write(rows: list[ModelPerformanceMetrics], columns: list[str]) -> None:
    ModelPerformanceMetrics.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=_IDENTITY, update_fields=columns
    )


def _by_day(version: str, found: Iterable[DayCounts]) -> list[_Day]:
    parts: dict[date, list[DayCounts]] = {}
    for day in found:
        if day.model_version == version:
            parts.setdefault(day.local_day, []).append(day)
    return [_Day(version, local_day, tuple(those)) for local_day, those in sorted(parts.items())]


def _row(
    tenant: Tenant,
    model_type: str,
    day: _Day,
    decided: Mapping[str, int],
    threshold: float,
    now: datetime,
) -> ModelPerformanceMetrics:
    start, end = day_bounds(day.local_day, tenant.zone)
    return ModelPerformanceMetrics(
        tenant=tenant,
        model_type=model_type,
        model_version=day.version,
        metric_date=day.local_day,
        window_start=start,
        window_end=end,
        total_decisions=sum(decided.values()),
        automated_decisions=decided.get("auto_ticket", 0) + decided.get("auto_clear", 0),
        manual_review_decisions=decided.get("human_review", 0),
        auto_ticket_decisions=decided.get("auto_ticket", 0),
        auto_clear_decisions=decided.get("auto_clear", 0),
        duplicate_decisions=decided.get("suppressed_duplicate", 0),
        created_at=now,
        computed_at=now,
        **_quality(rollups.total(day.parts), threshold),
    )


def _quality(counts: ScoreCounts, threshold: float) -> dict[str, Any]:
    found = metrics(counts, threshold=threshold)
    return {
        "total_predictions": found.n,
        "predictions_with_outcomes": found.n_labelled,
        "true_positives": found.tp,
        "false_positives": found.fp,
        "true_negatives": found.tn,
        "false_negatives": found.fn,
        "accuracy": found.accuracy,
        "precision": found.precision,
        "recall": found.recall,
        "f1_score": found.f1,
        "pr_auc": found.pr_auc,
        "roc_auc": found.roc_auc,
        "brier": found.brier,
        "ece": found.ece,
        "mean_score": found.mean_score,
    }


def _intervals(tenant: Tenant, day: _Day) -> dict[str, Any] | None:
    """
    Return width and coverage, which follow from (score bin, calibration) and outcome.

    None where a calibration of the day can no longer be read: what was computed before stays.
    """
    widths: list[tuple[FloatArray, FloatArray]] = []
    quality: list[tuple[float, int]] = []
    covered, labelled = dict.fromkeys(LEVELS, 0), 0
    for part in day.parts:
        if not part.calibration_hash:
            continue
        calibration = find_calibration(tenant=tenant, sha256=part.calibration_hash)
        if calibration is None:
            return None
        counts = part.counts
        n = (counts.clean + counts.event + counts.unknown).astype(np.float64)
        bins = np.flatnonzero(n)
        scores = counts.grid.points[bins]
        widths.append((np.array([calibration.interval(s).width for s in scores]), n[bins]))
        if calibration.calibration_score is not None:
            quality.append((calibration.calibration_score, int(n.sum())))
        labelled += counts.n_labelled
        for level, inside in zip(LEVELS, _covered(calibration, counts), strict=True):
            covered[level] += inside
    if not widths:
        return {}
    width = np.concatenate([w for w, _ in widths])
    weight = np.concatenate([n for _, n in widths])
    return {
        "avg_confidence_interval_width": float(np.average(width, weights=weight)),
        "narrow_interval_percentage": float(100 * np.average(width < NARROW, weights=weight)),
        "avg_calibration_score": _mean(quality),
        **{
            f"coverage_{level}": covered[level] / labelled if labelled else None
            for level in covered
        },
    }


def _covered(calibration: Calibration, counts: ScoreCounts) -> list[int]:
    """Return how many outcomes lay inside their intervals, at each of `LEVELS`."""
    known = np.flatnonzero(counts.clean + counts.event)
    bounds = outcome_bounds_many(
        counts.grid.points[known],
        edges=calibration.edges,
        quantiles=[each.quantiles for each in calibration.bins],
    )
    clean, event = counts.clean[known], counts.event[known]
    return [int(clean[lower <= 0.0].sum() + event[upper >= 1.0].sum()) for lower, upper in bounds]


def _mean(weighted: list[tuple[float, int]]) -> float | None:
    total = sum(n for _, n in weighted)
    return sum(value * n for value, n in weighted) / total if total else None


def note_drift(
    *,
    tenant: Tenant,
    model_type: str,
    version: str,
    day: date,
    p_value: float | None = None,
    delta: float | None = None,
) -> None:
    """Write what a drift check found onto the day's metrics row, if there is one."""
    changes: dict[str, Any] = {}
    if p_value is not None:
        changes["statistical_drift_pvalue"] = p_value
    if delta is not None:
        changes["performance_delta_from_baseline"] = delta
        changes["is_degraded"] = delta < -DEGRADED_DROP
    if changes:
        ModelPerformanceMetrics.objects.for_tenant(tenant).filter(
            model_type=model_type, model_version=version, metric_date=day
        ).update(**changes)


def recent_metrics(*, tenant: Tenant, model_type: str, limit: int) -> list[ModelPerformanceMetrics]:
    """Return the newest metrics rows of a model type, newest first."""
    rows = ModelPerformanceMetrics.objects.for_tenant(tenant).filter(model_type=model_type)
    return list(rows.order_by("-metric_date", "model_version")[:limit])
