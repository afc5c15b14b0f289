"""What moves most site groups of a tenant at once: one episode for all its models."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Sum

from watchfloor.core.arrays import FloatArray
from watchfloor.core.drift.common_cause import (
    FEWEST_SERIES,
    LONGEST_DAYS,
    LONGEST_GAP,
    WEEKS,
    Shock,
    days_together,
    shocks_of,
)
from watchfloor.core.drift.severity import Severity, at_most
from watchfloor.core.local_time import local_day
from watchfloor.ml.health import drift_reports
from watchfloor.ml.health.drift_reports import INSUFFICIENT, NO_DRIFT, Finding
from watchfloor.ml.models import DriftReport, ScoreDay
from watchfloor.ml.predictions import rollups
from watchfloor.tenants.calendars import holidays_between
from watchfloor.tenants.models import Tenant

KIND, LABEL = "common_cause", "COMMON_CAUSE"
# The report is about all models of a tenant; no model type is called so.
ALL_MODELS = "*"
# Spreads need weeks, and each of these days its own weeks before it.
LOOK_BACK_DAYS = 2 * 7 * WEEKS + LONGEST_DAYS
MOST_NAMED = 20


def detect_common_cause(*, tenant: Tenant, day: date, now: datetime) -> Finding:
    """
    Ask whether a day's predictions moved at most site groups at once, and store the answer.

    A series is the number of predictions of one model type at one group of sites.
    """
    rollups.compact_all(tenant=tenant)
    first = day - timedelta(days=LOOK_BACK_DAYS - 1)
    names, counts = _counts(tenant, first, day)
    if len(names) < FEWEST_SERIES:
        return _store(
            tenant,
            day,
            now,
            word=INSUFFICIENT,
            sentence=f"{len(names)} site groups, needed {FEWEST_SERIES} to move together.",
        )
    shocks = shocks_of(days_together(counts, first=first))
    shock = shocks[-1] if shocks and (day - shocks[-1].last).days <= LONGEST_GAP else None
    if shock is None:
        return _store(tenant, day, now, sentence="The site groups do not move together.")
    evidence = _evidence(shock, names)
    if not shock.is_passing:
        return _store(
            tenant,
            day,
            now,
            evidence=evidence,
            sentence=f"Site groups have moved together since {shock.first:%d %b}: after "
            f"{LONGEST_DAYS} days that is a new level and no passing cause.",
        )
    return _store(
        tenant,
        day,
        now,
        severity=Severity.MEDIUM,
        evidence=evidence,
        sentence=_sentence(shock, n_series=len(names)),
    )


def _counts(tenant: Tenant, first: date, last: date) -> tuple[list[str], FloatArray]:
    """Return the series, and their predictions by day; NaN on holidays and days without any."""
    rows = ScoreDay.objects.for_tenant(tenant).filter(local_day__gte=first, local_day__lte=last)
    found = rows.order_by().values_list("model_type", "site_group", "local_day").annotate(Sum("n"))
    by_series: dict[str, dict[date, int]] = {}
    for model_type, group, day, n in found:
        by_series.setdefault(f"{model_type} at {group}", {})[day] = n
    names = sorted(by_series)
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    free = holidays_between(tenant=tenant, first=first, last=last)
    lived = {day for counted in by_series.values() for day in counted} - free
    table = np.full((len(days), len(names)), np.nan)
    for column, name in enumerate(names):
        began = min(by_series[name])
        for row, day in enumerate(days):
            if day in lived and day >= began:
                table[row, column] = by_series[name].get(day, 0)
    return names, table


def _evidence(shock: Shock, names: list[str]) -> dict[str, Any]:
    return {
        "label": LABEL,
        "first": shock.first.isoformat(),
        "last": shock.last.isoformat(),
        "peak": shock.peak.day.isoformat(),
        "share_of_series": shock.peak.share,
        "sum_in_sd": shock.peak.total_z,
        "series": [names[k] for k in shock.peak.moved[:MOST_NAMED]],
        "recommendation": (
            "Look for what all these places have in common: weather, a holiday, a network, a "
            "release. No retrain is asked for while it may pass."
        ),
    }


def _sentence(shock: Shock, *, n_series: int) -> str:
    way = "more" if shock.peak.total_z > 0 else "fewer"
    return (
        f"{LABEL}: {len(shock.peak.moved)} of {n_series} site groups have {way} predictions than "
        f"usual at once since {shock.first:%d %b}, most so on {shock.peak.day:%d %b}."
    )


def _store(
    tenant: Tenant,
    day: date,
    now: datetime,
    *,
    sentence: str,
    severity: Severity | None = None,
    evidence: dict[str, Any] | None = None,
    word: str = NO_DRIFT,
) -> Finding:
    told = (evidence or {}) | {"sentence": sentence}
    row, _ = DriftReport.objects.update_or_create(
        tenant=tenant,
        model_type=ALL_MODELS,
        model_version="",
        kind=KIND,
        day=day,
        defaults={
            "checked_at": now,
            "drifted": severity is not None,
            "severity": severity.value.lower() if severity else word,
            "evidence": told,
        },
    )
    return Finding(KIND, row.pk, severity is not None, severity, sentence, told)


def is_open(*, tenant: Tenant, day: date) -> bool:
    """Return whether most site groups moved at once on a day, as its night found."""
    found = drift_reports.find_latest(tenant=tenant, model_type=ALL_MODELS, version="", kind=KIND)
    return found is not None and found.day == day and found.drifted


def explained(finding: Finding, *, tenant: Tenant, day: date) -> Finding | None:
    """
    Return a finding as part of an episode that moved most site groups; None where it is not.

    Errors that began to rise in the episode are MEDIUM at most while it may pass: ten days from
    its beginning. Who is not back by then has a fault of its own.
    """
    if finding.severity is None or finding.changed_at is None:
        return None
    began = local_day(finding.changed_at, tenant.zone)
    rows = DriftReport.objects.for_tenant(tenant).filter(
        model_type=ALL_MODELS, kind=KIND, drifted=True, day__lte=day
    )
    for row in rows.filter(day__gt=day - timedelta(days=LONGEST_DAYS)).order_by("-day"):
        first, last = (date.fromisoformat(row.evidence[key]) for key in ("first", "last"))
        # The change is dated by its last sound outcome, which may be of the day before.
        is_inside = first - timedelta(days=1) <= began <= last + timedelta(days=1)
        if is_inside and (day - first).days < LONGEST_DAYS:
            return _relabelled(finding, first)
    return None


def _relabelled(finding: Finding, first: date) -> Finding:
    assert finding.severity is not None
    severity = at_most(finding.severity, Severity.MEDIUM)
    sentence = (
        f"{finding.sentence} {LABEL}: most site groups moved with it from {first:%d %b} on, so "
        "no retrain is asked for while it may pass."
    )
    evidence = {**finding.evidence, "label": LABEL, "sentence": sentence}
    DriftReport.objects.filter(pk=finding.report_id).update(
        severity=severity.value.lower(), evidence=evidence
    )
    return replace(finding, severity=severity, sentence=sentence, evidence=evidence)
