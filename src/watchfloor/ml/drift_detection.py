"""Nightly drift checks of what serves: each leaves a report, the quiet ones too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.drift import data_quality
from watchfloor.core.drift.performance import (
    Monitor,
    PerformanceAlarm,
    baseline_of,
    close_day,
    observe,
    planned_delay_events,
    start,
)
from watchfloor.core.drift.severity import Severity, severity_of_drop
from watchfloor.core.drift.statistical import persists, score_drift
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import local_day
from watchfloor.ml import outcomes, performance, rollups
from watchfloor.ml.models import (
    Deployment,
    DriftReport,
    ModelVersion,
    OutcomeRecord,
    PerformanceMonitor,
)
from watchfloor.ml.rollups import DayCounts
from watchfloor.tenants.models import Tenant

CURRENT_DAYS = 7
REFERENCE_DAYS = 28
# The reference ends four whole weeks before the current week starts: equal weekdays.
GAP_DAYS = 28
SCORE_BINS = 64
INSUFFICIENT = "insufficient"
NO_DRIFT = "none"
# Without a data-quality alarm in these days the data count as clean.
CLEAN_DAYS = 3
# So many known outcomes of a week must be as good as the baseline before an episode ends.
FEWEST_TO_END = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `sentence` is for operators."""

    kind: str
    report_id: int
    drifted: bool
    severity: Severity | None
    sentence: str
    evidence: Mapping[str, Any]
    data_is_clean: bool = True
    changed_at: datetime | None = None


def detect_score_drift(
    *, tenant: Tenant, deployment: Deployment, day: date, now: datetime
) -> Finding:
    """Compare the scores of the last week with those of four weeks two months ago."""
    assert deployment.stack is not None
    version = deployment.stack.model_version.version
    rollups.compact_all(tenant=tenant)
    first_current = day - timedelta(days=CURRENT_DAYS - 1)
    last_reference = first_current - timedelta(days=GAP_DAYS + 1)
    first_reference = last_reference - timedelta(days=REFERENCE_DAYS - 1)
    days = rollups.day_counts(
        tenant=tenant,
        model_type=deployment.model_type,
        first=first_reference,
        last=day,
        version=version,
    )
    reference = _days_between(days, first_reference, last_reference)
    current = _days_between(days, first_current, day)
    if len(reference) < REFERENCE_DAYS // 2 or len(current) < CURRENT_DAYS:
        return _insufficient(
            tenant,
            deployment,
            version,
            "score",
            day,
            now,
            {"reference_days": len(reference), "current_days": len(current)},
        )
    try:
        found = score_drift(
            _matrix(reference),
            _matrix(current),
            reference_weekdays=[d.local_day.weekday() for d in reference],
            current_weekdays=[d.local_day.weekday() for d in current],
            rng=np.random.default_rng(day.toordinal()),
        )
    except NotReady as error:
        few = {"too_few": str(error)}
        return _insufficient(tenant, deployment, version, "score", day, now, few)
    performance.note_drift(
        tenant=tenant,
        model_type=deployment.model_type,
        version=version,
        day=day,
        p_value=found.raw_p_value,
    )
    nights = _moved_lately(tenant, deployment.model_type, version, day)
    holds = persists([*nights, found.drifted])
    return _report(
        tenant,
        deployment,
        version,
        "score",
        day,
        now,
        drifted=found.drifted and holds,
        severity=found.severity if found.drifted and holds else None,
        evidence=_plain(asdict(found)) | {"moved": found.drifted},
        sentence=(
            f"Scores of {deployment.model_type} {version} moved: KS {found.ks:.2f} over seven "
            f"days (p {found.p_value:.3f} by day blocks, PSI {found.psi:.2f})."
            if found.drifted
            else f"Scores are as before: KS {found.ks:.2f}, p {found.p_value:.2f} by day blocks."
        ),
    )


def _moved_lately(tenant: Tenant, model_type: str, version: str, day: date) -> list[bool]:
    """Return whether the scores looked moved on the two nights before, oldest first."""
    rows = DriftReport.objects.for_tenant(tenant).filter(
        model_type=model_type,
        model_version=version,
        kind="score",
        day__lt=day,
        day__gte=day - timedelta(days=2),
    )
    return [bool(row.evidence.get("moved")) for row in rows.order_by("day")]


def _days_between(days: list[DayCounts], first: date, last: date) -> list[DayCounts]:
    """Return one entry a day; the histograms of several calibrations are added."""
    by_day: dict[date, DayCounts] = {}
    for one in days:
        if first <= one.local_day <= last:
            before = by_day.get(one.local_day)
            by_day[one.local_day] = (
                one
                if before is None
                else DayCounts(
                    one.local_day,
                    one.model_version,
                    one.calibration_hash,
                    before.counts + one.counts,
                )
            )
    return [by_day[each] for each in sorted(by_day)]


def _matrix(days: list[DayCounts]) -> IntArray:
    """Return scores by day in 64 equal slices of [0, 1], shape (days, 64)."""
    points = days[0].counts.grid.points
    slices = np.minimum((points * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    rows = []
    for day in days:
        n = day.counts.clean + day.counts.event + day.counts.unknown
        rows.append(np.bincount(slices, weights=n, minlength=SCORE_BINS).astype(np.int64))
    return np.array(rows)


def start_monitor(
    *, version: ModelVersion, losses: list[float], days: list[date], now: datetime
) -> PerformanceMonitor:
    """
    Give a version its performance monitor, held against errors on rows it never saw.

    With too few rows the monitor has no state and reports "insufficient", which is neither
    good nor bad.
    """
    state: bytes | None = None
    try:
        baseline = baseline_of(np.array(losses), [day.toordinal() for day in days])
        state = start(baseline, labels_per_day=baseline.labels_per_day).to_bytes()
    except NotReady:
        state = None
    row, _ = PerformanceMonitor.objects.update_or_create(
        tenant_id=version.tenant_id,
        model_type=version.model_type,
        model_version=version.version,
        defaults={
            "state": state,
            "alarmed_at": None,
            "changed_at": None,
            "updated_at": now,
        },
    )
    return row


def restore_monitor(*, version: ModelVersion, state: bytes, now: datetime) -> None:
    """Put a monitor back into a state that was stored, byte for byte."""
    PerformanceMonitor.objects.filter(
        tenant_id=version.tenant_id,
        model_type=version.model_type,
        model_version=version.version,
    ).update(state=state or None, updated_at=now)


def detect_performance_drift(
    *, tenant: Tenant, deployment: Deployment, day: date, threshold: float, now: datetime
) -> Finding:
    """Feed the labels that arrived since the last look to the serving version's monitor."""
    assert deployment.stack is not None
    version = deployment.stack.model_version
    row = PerformanceMonitor.objects.filter(
        tenant=tenant, model_type=version.model_type, model_version=version.version
    ).first()
    if row is None or row.state is None:
        row = _baseline_from_first_labels(tenant, version, threshold, now)
    if row is None or row.state is None:
        return _insufficient(
            tenant, deployment, version.version, "performance", day, now, {"monitor": "too few"}
        )
    fresh = outcomes.outcomes_after(
        tenant=tenant,
        model_type=version.model_type,
        version=version.version,
        after_id=row.last_outcome_id,
        known_by=now,
    )
    monitor, alarm = _feed(
        Monitor.from_bytes(bytes(row.state)), fresh, tenant=tenant, threshold=threshold, now=now
    )
    row.state = monitor.to_bytes()
    row.last_outcome_id = fresh[-1].pk if fresh else row.last_outcome_id
    row.updated_at = now
    if alarm is not None and row.alarmed_at is None:
        row.alarmed_at = now
        row.changed_at = _event_behind(fresh, alarm.changed_at)
    row.save()
    if row.alarmed_at is None:
        return _quiet(tenant, deployment, version.version, day, now, monitor)
    return _episode(tenant, deployment, row, day, threshold, now, monitor)


def _event_behind(fresh: list[OutcomeRecord], arrived_at: datetime) -> datetime:
    """Return when the event happened whose label arrived then; the arrival if it is not here."""
    behind = [r.occurred_at for r in fresh if max(r.known_at, r.recorded_at) >= arrived_at]
    return min([*behind, arrived_at])


def _baseline_from_first_labels(
    tenant: Tenant, version: ModelVersion, threshold: float, now: datetime
) -> PerformanceMonitor | None:
    """A model that was trained elsewhere is held against its own first labels."""
    first = outcomes.outcomes_after(
        tenant=tenant,
        model_type=version.model_type,
        version=version.version,
        after_id=0,
        known_by=now,
    )
    row = start_monitor(
        version=version,
        losses=[loss(record, threshold) for record in first],
        days=[record.local_day for record in first],
        now=now,
    )
    if row.state is None:
        return None
    PerformanceMonitor.objects.filter(pk=row.pk).update(last_outcome_id=first[-1].pk)
    row.refresh_from_db()
    return row


def loss(record: OutcomeRecord, threshold: float) -> float:
    """Return 1 when a prediction was wrong at the threshold, else 0."""
    called = record.score is not None and record.score >= threshold
    return float(called != (record.value >= 0.5))


def _feed(
    monitor: Monitor,
    fresh: list[OutcomeRecord],
    *,
    tenant: Tenant,
    threshold: float,
    now: datetime,
) -> tuple[Monitor, PerformanceAlarm | None]:
    worst: PerformanceAlarm | None = None
    for record in fresh:
        at = max(record.known_at, record.recorded_at)
        monitor, alarm = observe(
            monitor, loss(record, threshold), at, day=local_day(at, tenant.zone)
        )
        worst = _worse(worst, alarm)
    if monitor.open_day is not None and monitor.open_day.day < local_day(now, tenant.zone):
        monitor, alarm = close_day(monitor, at=now)
        worst = _worse(worst, alarm)
    return monitor, worst


def _worse(one: PerformanceAlarm | None, other: PerformanceAlarm | None) -> PerformanceAlarm | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda alarm: (alarm.severity.rank, alarm.drop))


def _quiet(
    tenant: Tenant,
    deployment: Deployment,
    version: str,
    day: date,
    now: datetime,
    monitor: Monitor,
) -> Finding:
    return _report(
        tenant,
        deployment,
        version,
        "performance",
        day,
        now,
        drifted=False,
        severity=None,
        evidence=_state_of(monitor),
        sentence="No loss of performance is certain enough to say.",
    )


def _state_of(monitor: Monitor) -> dict[str, Any]:
    median, p90 = planned_delay_events(monitor, drop=0.10)
    return {
        "baseline_error": monitor.baseline.mu0,
        "phi": monitor.baseline.phi,
        "evidence": monitor.evidence,
        "alarm_at": monitor.alarm_at,
        "labels_to_see_10_points": [_finite(median), _finite(p90)],
    }


def _episode(
    tenant: Tenant,
    deployment: Deployment,
    row: PerformanceMonitor,
    day: date,
    threshold: float,
    now: datetime,
    monitor: Monitor,
) -> Finding:
    """Size the open episode by every label of its time; end it when the errors are back."""
    changed_at = row.changed_at or now
    since = outcomes.of_version_since(
        tenant=tenant,
        model_type=row.model_type,
        version=row.model_version,
        since=changed_at,
        known_by=now,
    )
    losses = np.array([loss(record, threshold) for record in since])
    if _is_over(since, losses, monitor, now):
        PerformanceMonitor.objects.filter(pk=row.pk).update(alarmed_at=None, changed_at=None)
        return _quiet(tenant, deployment, row.model_version, day, now, monitor)
    drop, half = _rise(losses, monitor)
    severity = severity_of_drop(drop, drop_low=drop - half)
    performance.note_drift(
        tenant=tenant,
        model_type=row.model_type,
        version=row.model_version,
        day=day,
        delta=-drop,
    )
    return _report(
        tenant,
        deployment,
        row.model_version,
        "performance",
        day,
        now,
        drifted=True,
        severity=severity,
        evidence=_state_of(monitor)
        | {
            "drop": drop,
            "drop_low": drop - half,
            "drop_high": drop + half,
            "n_since_change": len(losses),
            "changed_at": changed_at.isoformat(),
            "alarmed_at": (row.alarmed_at or now).isoformat(),
        },
        sentence=(
            f"{row.model_type} {row.model_version} errs {100 * drop:.1f} points more often "
            f"(95 %: {100 * (drop - half):.1f} to {100 * (drop + half):.1f}) since "
            f"{changed_at:%d %b}, over {len(losses)} known outcomes."
        ),
        changed_at=changed_at,
    )


def _is_over(
    since: list[OutcomeRecord], losses: FloatArray, monitor: Monitor, now: datetime
) -> bool:
    """Return whether the errors of the last week are back within the baseline's bound."""
    week = [record.occurred_at >= now - timedelta(days=CURRENT_DAYS) for record in since]
    recent = losses[np.array(week, dtype=np.bool_)] if len(losses) else losses
    return len(recent) >= FEWEST_TO_END and float(recent.mean()) <= monitor.baseline.m


def _rise(losses: FloatArray, monitor: Monitor) -> tuple[float, float]:
    """Return the rise of the error over the baseline and half its 95 % interval."""
    base, n = monitor.baseline, len(losses)
    # Two errors and two clean ones are added, so that five errors are no certainty.
    share = (float(losses.sum()) + 2) / (n + 4)
    spread = max(base.phi, 1.0)
    variance = share * (1 - share) * spread / (n + 4)
    variance += base.mu0 * (1 - base.mu0) * spread / base.n0
    mean = float(losses.mean()) if n else base.mu0
    return mean - base.mu0, 1.96 * float(np.sqrt(variance))


def check_data_quality(
    *, tenant: Tenant, deployment: Deployment, day: date, now: datetime
) -> Finding:
    """Hold the day's number of predictions against the same weekdays before it."""
    assert deployment.stack is not None
    days = rollups.day_counts(
        tenant=tenant,
        model_type=deployment.model_type,
        first=day - timedelta(days=28),
        last=day,
    )
    n_by_day: dict[date, int] = {}
    for one in days:
        n_by_day[one.local_day] = n_by_day.get(one.local_day, 0) + one.counts.n
    same_weekdays = [n_by_day.get(day - timedelta(days=7 * k)) for k in (1, 2, 3, 4)]
    usual = [n for n in same_weekdays if n is not None]
    found = data_quality.check_volume(n_by_day.get(day, 0), usual)
    return _report(
        tenant,
        deployment,
        deployment.stack.model_version.version,
        "data_quality",
        day,
        now,
        drifted=found is not None,
        severity=found.severity if found else None,
        evidence={"n": n_by_day.get(day, 0), "usual": usual},
        sentence=found.sentence if found else "The number of predictions is as usual.",
    )


def data_is_clean(*, tenant: Tenant, model_type: str, day: date) -> bool:
    """Return whether no data-quality check of the last days found anything."""
    rows = DriftReport.objects.for_tenant(tenant).filter(
        model_type=model_type,
        kind="data_quality",
        day__gt=day - timedelta(days=CLEAN_DAYS),
        day__lte=day,
        drifted=True,
    )
    return not rows.exists()


def changed_at(*, tenant: Tenant, cause: str) -> datetime | None:
    """Return since when the errors have risen, by the report that asked for a retrain."""
    kind, _, report_id = cause.partition(":")
    if kind != "drift" or not report_id.isdecimal():
        return None
    row = DriftReport.objects.for_tenant(tenant).filter(pk=int(report_id)).first()
    text = row.evidence.get("changed_at") if row is not None else None
    return datetime.fromisoformat(text) if text else None


def close_episode(*, version: ModelVersion, now: datetime) -> None:
    """End the alarm of a version that no longer serves, or serves again after a rollback."""
    PerformanceMonitor.objects.filter(
        tenant_id=version.tenant_id,
        model_type=version.model_type,
        model_version=version.version,
    ).update(alarmed_at=None, changed_at=None, updated_at=now)


def reports_of(
    *, tenant: Tenant, model_type: str | None = None, limit: int = 100
) -> list[DriftReport]:
    """Return the newest drift reports, newest day first."""
    rows = DriftReport.objects.for_tenant(tenant)
    if model_type is not None:
        rows = rows.filter(model_type=model_type)
    return list(rows.order_by("-day", "-id")[:limit])


def _insufficient(
    tenant: Tenant,
    deployment: Deployment,
    version: str,
    kind: str,
    day: date,
    now: datetime,
    evidence: Mapping[str, Any],
) -> Finding:
    return _report(
        tenant,
        deployment,
        version,
        kind,
        day,
        now,
        drifted=False,
        severity=None,
        evidence=evidence,
        sentence="There is too little to compare.",
        word=INSUFFICIENT,
    )


def _report(
    tenant: Tenant,
    deployment: Deployment,
    version: str,
    kind: str,
    day: date,
    now: datetime,
    *,
    drifted: bool,
    severity: Severity | None,
    evidence: Mapping[str, Any],
    sentence: str,
    word: str = NO_DRIFT,
    changed_at: datetime | None = None,
) -> Finding:
    """Store the day's check; the same night done twice is one report."""
    row, _ = DriftReport.objects.update_or_create(
        tenant=tenant,
        model_type=deployment.model_type,
        model_version=version,
        kind=kind,
        day=day,
        defaults={
            "checked_at": now,
            "drifted": drifted,
            "severity": severity.value.lower() if severity else word,
            "evidence": dict(evidence) | {"sentence": sentence},
        },
    )
    clean = data_is_clean(tenant=tenant, model_type=deployment.model_type, day=day)
    return Finding(kind, row.pk, drifted, severity, sentence, row.evidence, clean, changed_at)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that JSON can hold; an infinite number is said as None."""
    plain: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, datetime):
            plain[key] = value.isoformat()
        elif isinstance(value, float):
            plain[key] = _finite(value)
        else:
            plain[key] = value
    return plain


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
