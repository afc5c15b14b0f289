"""The expected error of each version: the sequential test of D1 on what needs no label."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.drift.baseline import Baseline, baseline_of
from watchfloor.core.drift.expected_error import ErrorMap, fit_error_map
from watchfloor.core.drift.many_outcomes import observe_many
from watchfloor.core.drift.performance import Monitor, PerformanceAlarm, close_day, start
from watchfloor.core.drift.severity import Severity, at_most, severity_of_drop
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.health import drift_reports
from watchfloor.ml.health.drift_reports import Finding
from watchfloor.ml.models import (
    Deployment,
    ExpectedErrorMonitor,
    ModelVersion,
    OutcomeRecord,
    PerformanceMonitor,
    ScoredPrediction,
)
from watchfloor.ml.predictions import rollups
from watchfloor.ml.predictions.rollups import DayCounts
from watchfloor.tenants.models import Tenant

KIND = "expected"
# A day teaches once nearly all of it is labelled: what is known first is often of one class.
MATURED_SHARE = 0.9
LOOK_BACK_DAYS = 60
WEEK = timedelta(days=7)
FEWEST_TO_END = 50
# The labelled monitor has the budget of a model; this one spends half as much again.
BUDGET_PER_YEAR = 0.5


@dataclass(frozen=True, slots=True)
class _Day:
    """One local day of one version: counts by score bin."""

    day: date
    known: FloatArray
    events: FloatArray
    n: FloatArray

    @property
    def is_matured(self) -> bool:
        return bool(self.n.sum()) and float(self.known.sum() / self.n.sum()) >= MATURED_SHARE


def start_from_holdout(
    *,
    version: ModelVersion,
    held: Sequence[OutcomeRecord],
    scores: FloatArray,
    threshold: float,
    share: float,
    now: datetime,
) -> None:
    """
    Give a version its expected error from labelled events it never saw, if they suffice.

    Args:
        held: outcomes of the events; `scores` are what the version says of them.
        share: of all events that these are.
    """
    old = _old_enough(held, now)
    bins, _ = PROBABILITY.quantise(scores[old])
    outcomes = np.array([record.value for record in held])[old]
    size = PROBABILITY.size
    try:
        error_map = fit_error_map(
            PROBABILITY.points,
            np.bincount(bins, weights=outcomes, minlength=size).astype(np.float64),
            labels=np.bincount(bins, minlength=size).astype(np.float64),
        )
        losses = error_map.expected_errors(PROBABILITY.points[bins], threshold=threshold)
        days = np.array([record.local_day.toordinal() for record in held])[old]
        baseline = baseline_of(losses, days, share=share)
    except NotReady:
        return  # the nights start it from the first matured days
    last_day = local_day(now, version.tenant.zone) - timedelta(days=1)
    _save_new(
        version, error_map, baseline, threshold=threshold, share=share, last_day=last_day, now=now
    )


def _old_enough(held: Sequence[OutcomeRecord], now: datetime) -> BoolArray:
    """Return which events are older than most labels take: younger ones are of one class."""
    if not held:
        return np.zeros(0, dtype=np.bool_)
    delays = [record.known_at - record.occurred_at for record in held]
    usual = sorted(delays)[int(MATURED_SHARE * (len(delays) - 1))]
    return np.array([record.occurred_at <= now - usual for record in held], dtype=np.bool_)


def _save_new(
    version: ModelVersion,
    error_map: ErrorMap,
    baseline: Baseline,
    *,
    threshold: float,
    last_day: date,
    now: datetime,
    share: float = 1.0,
) -> ExpectedErrorMonitor:
    monitor = start(
        baseline,
        labels_per_day=baseline.labels_per_day / share,
        budget_per_year=BUDGET_PER_YEAR,
    )
    row, _ = ExpectedErrorMonitor.objects.update_or_create(
        tenant_id=version.tenant_id,
        model_type=version.model_type,
        model_version=version.version,
        defaults={
            "state": monitor.to_bytes(),
            "error_map": error_map.to_bytes(),
            "threshold": threshold,
            "last_day": last_day,
            "alarmed_at": None,
            "changed_at": None,
            "updated_at": now,
        },
    )
    return row


def detect_expected_error(
    *,
    tenant: Tenant,
    deployment: Deployment,
    table: type[ScoredPrediction],
    day: date,
    threshold: float,
    now: datetime,
) -> Finding:
    """
    Feed the scores since the last look to the serving version's expected-error monitor.

    Its finding is HIGH at most and asks for no retrain: labels, once in, confirm or end it.
    """
    assert deployment.stack is not None
    version = deployment.stack.model_version
    days = _days(tenant, version, day)
    try:
        row = _monitor_of(tenant, version, days, threshold=threshold, now=now)
    except NotReady as error:
        return _too_little(tenant, deployment, day, now, str(error))
    alarm = _feed(row, tenant=tenant, version=version, table=table, day=day, now=now)
    if alarm is not None and row.alarmed_at is None:
        row.alarmed_at, row.changed_at = now, alarm.changed_at
    row.last_day = max(day, row.last_day)
    row.updated_at = now
    row.save()
    return _report(tenant, deployment, row, days, day, now)


def _monitor_of(
    tenant: Tenant, version: ModelVersion, days: list[_Day], *, threshold: float, now: datetime
) -> ExpectedErrorMonitor:
    """Return the monitor; without one, or with one of another threshold, a new one."""
    row = (
        ExpectedErrorMonitor.objects.for_tenant(tenant)
        .filter(model_type=version.model_type, model_version=version.version)
        .first()
    )
    if row is not None and row.state is not None and row.threshold == threshold:
        return row
    matured = [one for one in days if one.is_matured]
    if not matured:
        raise NotReady(f"no day of {version.version} has {MATURED_SHARE:.0%} of its labels")
    points = PROBABILITY.points
    error_map = fit_error_map(
        points,
        np.sum([one.events for one in matured], axis=0),
        labels=np.sum([one.known for one in matured], axis=0),
    )
    expected = error_map.expected_errors(points, threshold=threshold)
    baseline = baseline_of(
        np.concatenate([np.repeat(expected, one.n.astype(np.int64)) for one in matured]),
        np.concatenate([np.full(int(one.n.sum()), one.day.toordinal()) for one in matured]),
    )
    last_day = max(one.day for one in matured)
    return _save_new(version, error_map, baseline, threshold=threshold, last_day=last_day, now=now)


def _days(tenant: Tenant, version: ModelVersion, day: date) -> list[_Day]:
    rollups.compact_all(tenant=tenant)
    counted = rollups.day_counts(
        tenant=tenant,
        model_type=version.model_type,
        first=day - timedelta(days=LOOK_BACK_DAYS - 1),
        last=day,
        version=version.version,
    )
    by_day: dict[date, list[DayCounts]] = {}
    for one in counted:
        by_day.setdefault(one.local_day, []).append(one)
    found = []
    for at, parts in sorted(by_day.items()):
        counts = rollups.total(parts)
        known = (counts.clean + counts.event).astype(np.float64)
        found.append(_Day(at, known, counts.event.astype(np.float64), known + counts.unknown))
    return found


def _feed(
    row: ExpectedErrorMonitor,
    *,
    tenant: Tenant,
    version: ModelVersion,
    table: type[ScoredPrediction],
    day: date,
    now: datetime,
) -> PerformanceAlarm | None:
    assert row.state is not None
    assert row.error_map is not None
    monitor = Monitor.from_bytes(bytes(row.state))
    expected = ErrorMap.from_bytes(bytes(row.error_map)).expected_errors(
        PROBABILITY.points, threshold=row.threshold
    )
    fresh = table._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=version.model_type,
        model_version=version.version,
        occurred_at__gte=day_bounds(row.last_day + timedelta(days=1), tenant.zone)[0],
        occurred_at__lt=day_bounds(day + timedelta(days=1), tenant.zone)[0],
        score_bin__isnull=False,
    ).order_by("occurred_at", "id")
    read = list(fresh.values_list("occurred_at", "local_day", "score_bin"))
    ats, days, bins = map(list, zip(*read, strict=True)) if read else ([], [], [])
    monitor, alarms = observe_many(monitor, expected[bins], ats, days=days)
    monitor, alarm = close_day(monitor, at=now)
    row.state = monitor.to_bytes()
    return alarms[0] if alarms else alarm


def _report(
    tenant: Tenant,
    deployment: Deployment,
    row: ExpectedErrorMonitor,
    days: list[_Day],
    day: date,
    now: datetime,
) -> Finding:
    assert row.state is not None
    monitor = Monitor.from_bytes(bytes(row.state))
    week = _mean_expected(row, [one for one in days if one.day > day - WEEK])
    evidence: dict[str, Any] = {
        "baseline_error": monitor.baseline.mu0,
        "phi": monitor.baseline.phi,
        "evidence": monitor.evidence,
        "alarm_at": monitor.alarm_at,
        "expected_error": week[0] if week else None,
        "estimated_drop": week[0] - monitor.baseline.mu0 if week else 0.0,
    }
    ended = _why_ended(row, days, week, monitor, tenant.zone) if row.alarmed_at else ""
    drifted = row.alarmed_at is not None and not ended
    if ended:
        _end(row, refit=ended == DISAGREES)
    severity = None
    sentence = ended or "No more errors are expected than before."
    if drifted:
        severity, sizes = _size(row, days, monitor, tenant)
        evidence |= sizes
        sentence = (
            f"{row.model_type} {row.model_version} is expected to err "
            f"{100 * sizes['drop']:.1f} points more often since {row.changed_at:%d %b}, "
            "by its scores; no label has confirmed it yet."
        )
        evidence["recommendation"] = (
            "Wait for labels, or have a sample of recent cases reviewed; look at which features "
            "moved. No retrain is asked for until labels show more errors."
        )
    return drift_reports.report(
        tenant,
        deployment,
        row.model_version,
        KIND,
        day,
        now,
        drifted=drifted,
        severity=severity,
        evidence=evidence,
        sentence=sentence,
        changed_at=row.changed_at,
    )


DISAGREES = "Labels came in, and the errors have not risen."
BACK = "The expected errors are back within their bound."


def _why_ended(
    row: ExpectedErrorMonitor,
    days: list[_Day],
    week: tuple[float, int] | None,
    monitor: Monitor,
    zone: Any,
) -> str:
    """Return why an open episode is over; empty while it is not."""
    assert row.changed_at is not None
    since = local_day(row.changed_at, zone)
    matured = [one for one in days if one.day > since and one.is_matured]
    n = sum(float(one.known.sum()) for one in matured)
    if n >= FEWEST_TO_END and _realised(row, matured) <= _bound_of_labels(row, monitor):
        return DISAGREES
    if week is None or week[1] < FEWEST_TO_END:
        return ""
    mean, n = week
    base = monitor.baseline
    # A week has chance of its own, besides that of the baseline.
    bound = base.mu0 + (base.m - base.mu0) * math.sqrt(1 + base.n0 / n)
    return BACK if mean <= bound else ""


def _realised(row: ExpectedErrorMonitor, days: list[_Day]) -> float:
    """Return the share of wrong answers among the labelled predictions of some days."""
    called = PROBABILITY.points >= row.threshold
    wrong = sum(float(np.where(called, one.known - one.events, one.events).sum()) for one in days)
    return wrong / sum(float(one.known.sum()) for one in days)


def _bound_of_labels(row: ExpectedErrorMonitor, monitor: Monitor) -> float:
    """Return the bound of the labelled monitor; that of the expected errors without one."""
    labelled = PerformanceMonitor.objects.filter(
        tenant_id=row.tenant_id, model_type=row.model_type, model_version=row.model_version
    ).first()
    if labelled is None or labelled.state is None:
        return monitor.baseline.m
    return Monitor.from_bytes(bytes(labelled.state)).baseline.m


def _end(row: ExpectedErrorMonitor, *, refit: bool) -> None:
    """Close the episode; a map that labels contradict is fitted anew on newer ones."""
    row.alarmed_at, row.changed_at = None, None
    if refit:
        row.state = None
    row.save(update_fields=["alarmed_at", "changed_at", "state"])


def _mean_expected(row: ExpectedErrorMonitor, days: list[_Day]) -> tuple[float, int] | None:
    """Return the mean expected error of days and how many events it is over."""
    assert row.error_map is not None
    n = np.sum([one.n for one in days], axis=0) if days else np.zeros(1)
    if not n.sum():
        return None
    expected = ErrorMap.from_bytes(bytes(row.error_map)).expected_errors(
        PROBABILITY.points, threshold=row.threshold
    )
    return float((expected * n).sum() / n.sum()), int(n.sum())


def _size(
    row: ExpectedErrorMonitor, days: list[_Day], monitor: Monitor, tenant: Tenant
) -> tuple[Severity, dict[str, Any]]:
    assert row.changed_at is not None
    assert row.alarmed_at is not None
    since = local_day(row.changed_at, tenant.zone)
    mean, n = _mean_expected(row, [one for one in days if one.day >= since]) or (0.0, 0)
    base = monitor.baseline
    drop = mean - base.mu0 if n else 0.0
    spread = max(base.phi, 1.0)
    variance = base.mu0 * (1 - base.mu0) * spread / base.n0
    variance += mean * (1 - mean) * spread / max(n, 1)
    half = 1.96 * float(np.sqrt(variance))
    severity = at_most(severity_of_drop(drop, drop_low=drop - half), Severity.HIGH)
    return severity, {
        "drop": drop,
        "drop_low": drop - half,
        "drop_high": drop + half,
        "n_since_change": n,
        "changed_at": row.changed_at.isoformat(),
        "alarmed_at": row.alarmed_at.isoformat(),
    }


def _too_little(
    tenant: Tenant, deployment: Deployment, day: date, now: datetime, why: str
) -> Finding:
    assert deployment.stack is not None
    return drift_reports.insufficient(
        tenant,
        deployment,
        deployment.stack.model_version.version,
        KIND,
        day,
        now,
        {"reason": why},
        sentence=f"There is too little to expect errors by: {why}.",
    )
