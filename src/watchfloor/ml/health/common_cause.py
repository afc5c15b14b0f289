"""What moves most site groups of a tenant at once: one episode for all its models."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.health import drift_reports
from watchfloor.ml.health.drift_reports import INSUFFICIENT, NO_DRIFT, Finding
from watchfloor.ml.models import DriftReport, ScoreDay
from watchfloor.ml.models.rollup import OutcomeClass
from watchfloor.ml.predictions import rollups
from watchfloor.ml.predictions.histograms import unpack
from watchfloor.tenants.calendars import holidays_between
from watchfloor.tenants.models import Tenant

KIND, LABEL = "common_cause", "COMMON_CAUSE"
# The report is about all models of a tenant; no model type is called so.
ALL_MODELS = "*"
# Spreads need weeks, and each of these days its own weeks before it.
LOOK_BACK_DAYS = 2 * 7 * WEEKS + LONGEST_DAYS
MOST_NAMED = 20
# Of fewer outcomes a share says nothing of a day.
FEWEST_KNOWN = 10
PREDICTIONS, ERRORS = "predictions", "errors"


@dataclass(frozen=True, slots=True)
class _Series:
    """
    What is compared from day to day.

    Args:
        of: "predictions", their number, or "errors", their share among known outcomes.
        names: model type and site group of each series.
        values: shape (days, series); NaN where a day says nothing.
    """

    of: str
    names: list[str]
    values: FloatArray


def detect_common_cause(
    *, tenant: Tenant, day: date, thresholds: Mapping[str, float], now: datetime
) -> Finding:
    """
    Ask whether a day moved most site groups at once, and store the answer.

    Two things are asked of each model type at each group of sites: how many predictions there
    were, and, once their outcomes are known, how many of them were wrong.

    Args:
        thresholds: from which score on a prediction calls an event, by model type.
    """
    rollups.compact_all(tenant=tenant)
    first = day - timedelta(days=LOOK_BACK_DAYS - 1)
    counted = _counts(tenant, first, day)
    if len(counted.names) < FEWEST_SERIES:
        return _store(
            tenant,
            day,
            now,
            word=INSUFFICIENT,
            sentence=f"{len(counted.names)} site groups, needed {FEWEST_SERIES} to move together.",
        )
    for series in (counted, _errors(tenant, first, day, thresholds)):
        shock = _open_shock(series, first, day)
        if shock is not None:
            return _store_shock(tenant, day, now, series, shock)
    return _store(tenant, day, now, sentence="The site groups do not move together.")


def _open_shock(series: _Series, first: date, day: date) -> Shock | None:
    """Return the episode that goes on by the newest day that says anything; None without one."""
    verdicts = days_together(series.values, first=first)
    shocks = shocks_of(verdicts)
    if series.of == ERRORS:
        # Fewer errors everywhere are no reason to hold a retrain back.
        shocks = [shock for shock in shocks if shock.peak.total_z > 0]
        # Outcomes come late: what is judged is the newest day of which enough are known.
        newest = max((one.day for one in verdicts if one is not None), default=day)
    else:
        newest = day
    if not shocks or (newest - shocks[-1].last).days > LONGEST_GAP:
        return None
    return shocks[-1] if (day - shocks[-1].last).days <= LONGEST_DAYS else None


def _store_shock(
    tenant: Tenant, day: date, now: datetime, series: _Series, shock: Shock
) -> Finding:
    evidence = _evidence(shock, series)
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
        sentence=_sentence(shock, series),
    )


def _counts(tenant: Tenant, first: date, last: date) -> _Series:
    """Return how many predictions each series had; NaN on holidays and days without any."""
    rows = ScoreDay.objects.for_tenant(tenant).filter(local_day__gte=first, local_day__lte=last)
    found = rows.order_by().values_list("model_type", "site_group", "local_day").annotate(Sum("n"))
    by_series: dict[str, dict[date, float]] = {}
    for model_type, group, day, n in found:
        by_series.setdefault(f"{model_type} at {group}", {})[day] = n
    lived = {day for counted in by_series.values() for day in counted}
    for counted in by_series.values():
        # A series that is silent on a day on which others are not had none.
        counted.update(dict.fromkeys({d for d in lived if d >= min(counted)} - set(counted), 0))
    return _table(PREDICTIONS, by_series, tenant=tenant, first=first, last=last)


def _errors(tenant: Tenant, first: date, last: date, thresholds: Mapping[str, float]) -> _Series:
    """Return the share of wrong answers of each series; NaN where few outcomes are known."""
    rows = ScoreDay.objects.for_tenant(tenant).filter(
        local_day__gte=first,
        local_day__lte=last,
        outcome__in=[OutcomeClass.CLEAN, OutcomeClass.EVENT],
        model_type__in=list(thresholds),
    )
    known: Counter[tuple[str, date]] = Counter()
    wrong: Counter[tuple[str, date]] = Counter()
    for model_type, group, day, outcome, counts in rows.values_list(
        "model_type", "site_group", "local_day", "outcome", "counts"
    ):
        pairs = unpack(bytes(counts))
        called = PROBABILITY.points[pairs[:, 0]] >= thresholds[model_type]
        missed = called != (outcome == OutcomeClass.EVENT)
        known[f"{model_type} at {group}", day] += int(pairs[:, 1].sum())
        wrong[f"{model_type} at {group}", day] += int(pairs[missed, 1].sum())
    by_series: dict[str, dict[date, float]] = {}
    for (name, day), n in known.items():
        if n >= FEWEST_KNOWN:
            by_series.setdefault(name, {})[day] = wrong[name, day] / n
    return _table(ERRORS, by_series, tenant=tenant, first=first, last=last)


def _table(
    of: str,
    by_series: Mapping[str, Mapping[date, float]],
    *,
    tenant: Tenant,
    first: date,
    last: date,
) -> _Series:
    names = sorted(by_series)
    n_days = (last - first).days + 1
    free = holidays_between(tenant=tenant, first=first, last=last)
    values = np.full((n_days, len(names)), np.nan)
    for column, name in enumerate(names):
        for day, value in by_series[name].items():
            if day not in free:
                values[(day - first).days, column] = value
    return _Series(of, names, values)


def _evidence(shock: Shock, series: _Series) -> dict[str, Any]:
    return {
        "label": LABEL,
        "of": series.of,
        "first": shock.first.isoformat(),
        "last": shock.last.isoformat(),
        "peak": shock.peak.day.isoformat(),
        "share_of_series": shock.peak.share,
        "sum_in_sd": shock.peak.total_z,
        "series": [series.names[k] for k in shock.peak.moved[:MOST_NAMED]],
        "recommendation": (
            "Look for what all these places have in common: weather, a holiday, a network, a "
            "release. No retrain is asked for while it may pass."
        ),
    }


def _sentence(shock: Shock, series: _Series) -> str:
    way = "more" if shock.peak.total_z > 0 else "fewer"
    return (
        f"{LABEL}: {len(shock.peak.moved)} of {len(series.names)} site groups have {way} "
        f"{series.of} than usual at once since {shock.first:%d %b}, most so on "
        f"{shock.peak.day:%d %b}."
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
