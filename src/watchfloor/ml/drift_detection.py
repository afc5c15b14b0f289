"""Nightly checks of scores and of the data themselves; performance has its own monitor."""

from dataclasses import asdict
from datetime import date, datetime, timedelta

import numpy as np

from watchfloor.core.arrays import IntArray
from watchfloor.core.drift import data_quality
from watchfloor.core.drift.statistical import ScoreDrift, persists, score_drift
from watchfloor.core.errors import NotReady
from watchfloor.ml import drift_reports, performance, rollups
from watchfloor.ml.drift_reports import Finding
from watchfloor.ml.models import Deployment, DriftReport
from watchfloor.ml.rollups import DayCounts
from watchfloor.tenants.models import Tenant

CURRENT_DAYS = 7
REFERENCE_DAYS = 28
# The reference ends four whole weeks before the current week starts: equal weekdays.
GAP_DAYS = 28
SCORE_BINS = 64


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
        return drift_reports.insufficient(
            tenant,
            deployment,
            version,
            "score",
            day,
            now,
            {"reference_days": len(reference), "current_days": len(current)},
        )
    try:
        found = _compared(reference, current, day)
    except NotReady as error:
        few = {"too_few": str(error)}
        return drift_reports.insufficient(tenant, deployment, version, "score", day, now, few)
    performance.note_drift(
        tenant=tenant,
        model_type=deployment.model_type,
        version=version,
        day=day,
        p_value=found.raw_p_value,
    )
    nights = _moved_lately(tenant, deployment.model_type, version, day)
    holds = persists([*nights, found.drifted])
    return drift_reports.report(
        tenant,
        deployment,
        version,
        "score",
        day,
        now,
        drifted=found.drifted and holds,
        severity=found.severity if found.drifted and holds else None,
        evidence=drift_reports.plain(asdict(found)) | {"moved": found.drifted},
        sentence=_sentence(f"{deployment.model_type} {version}", found),
    )


def _compared(reference: list[DayCounts], current: list[DayCounts], day: date) -> ScoreDrift:
    return score_drift(
        _matrix(reference),
        _matrix(current),
        reference_weekdays=[d.local_day.weekday() for d in reference],
        current_weekdays=[d.local_day.weekday() for d in current],
        rng=np.random.default_rng(day.toordinal()),
    )


def _sentence(model: str, found: ScoreDrift) -> str:
    if not found.drifted:
        return f"Scores are as before: KS {found.ks:.2f}, p {found.p_value:.2f} by day blocks."
    return (
        f"Scores of {model} moved: KS {found.ks:.2f} over seven days "
        f"(p {found.p_value:.3f} by day blocks, PSI {found.psi:.2f})."
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
    return drift_reports.report(
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
