"""The sequential test of each version: started at promotion, fed with labels."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.drift.many_outcomes import observe_many
from watchfloor.core.drift.performance import (
    DAYS_PER_YEAR,
    Monitor,
    PerformanceAlarm,
    baseline_of,
    close_day,
    planned_delay_events,
    start,
)
from watchfloor.core.drift.severity import severity_of_drop
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import local_day
from watchfloor.ml.health import drift_reports, performance, rise_explained
from watchfloor.ml.health.drift_reports import Finding
from watchfloor.ml.models import (
    Deployment,
    ModelVersion,
    OutcomeRecord,
    PerformanceMonitor,
)
from watchfloor.ml.predictions import outcomes
from watchfloor.tenants.models import Tenant

# So many known outcomes of this many days must be as good as the baseline to end an episode.
FEWEST_TO_END, ENDING_DAYS = 50, 7


def start_monitor(
    *,
    version: ModelVersion,
    losses: list[float],
    days: list[date],
    now: datetime,
    share: float = 1.0,
) -> PerformanceMonitor:
    """
    Give a version its performance monitor, held against errors on rows it never saw.

    `share` says which part of a day's outcomes the losses are: all of them will be observed,
    and the budget of false alarms is for those.

    With too few rows the monitor has no state and reports "insufficient", which is neither
    good nor bad.
    """
    state: bytes | None = None
    try:
        baseline = baseline_of(np.array(losses), [day.toordinal() for day in days], share=share)
        state = start(baseline, labels_per_day=baseline.labels_per_day / share).to_bytes()
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
        return drift_reports.insufficient(
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
    ats = [max(record.known_at, record.recorded_at) for record in fresh]
    monitor, alarms = observe_many(
        monitor,
        [loss(record, threshold) for record in fresh],
        ats,
        days=[local_day(at, tenant.zone) for at in ats],
    )
    worst: PerformanceAlarm | None = None
    for each in alarms:
        worst = _worse(worst, each)
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
    return drift_reports.report(
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


def days_to_see(monitor: Monitor, *, drop: float) -> list[float | None]:
    """Return the median and the 90 % figure of days until a drop is seen; None for never."""
    a_day = labels_per_day(monitor)
    return [
        drift_reports.finite(labels / a_day) for labels in planned_delay_events(monitor, drop=drop)
    ]


def labels_per_day(monitor: Monitor) -> float:
    """Return how many known outcomes a day the monitor was made for."""
    if monitor.baseline.is_clustered:
        return monitor.baseline.labels_per_day
    # On single outcomes the needed evidence is that of a year of them.
    return monitor.alarm_at / DAYS_PER_YEAR


def _state_of(monitor: Monitor) -> dict[str, Any]:
    median, p90 = planned_delay_events(monitor, drop=0.10)
    return {
        "baseline_error": monitor.baseline.mu0,
        "phi": monitor.baseline.phi,
        "evidence": monitor.evidence,
        "alarm_at": monitor.alarm_at,
        "labels_per_day": labels_per_day(monitor),
        "n_effective": monitor.baseline.n_effective,
        "days_to_see_10_points": days_to_see(monitor, drop=0.10),
        "labels_to_see_10_points": [drift_reports.finite(median), drift_reports.finite(p90)],
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
    why = rise_explained.explain(
        since,
        tenant=tenant,
        model_type=row.model_type,
        changed_at=changed_at,
        threshold=threshold,
        base_error=monitor.baseline.mu0,
    )
    performance.note_drift(
        tenant=tenant,
        model_type=row.model_type,
        version=row.model_version,
        day=day,
        delta=-drop,
    )
    return drift_reports.report(
        tenant,
        deployment,
        row.model_version,
        "performance",
        day,
        now,
        drifted=True,
        severity=severity,
        evidence=_state_of(monitor)
        | why.evidence
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
            f"{changed_at:%d %b}, over {len(losses)} known outcomes.{why.words}"
        ),
        changed_at=changed_at,
    )


def _is_over(
    since: list[OutcomeRecord], losses: FloatArray, monitor: Monitor, now: datetime
) -> bool:
    """Return whether the errors of the last week are back within the baseline's bound."""
    week = [record.occurred_at >= now - timedelta(days=ENDING_DAYS) for record in since]
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
