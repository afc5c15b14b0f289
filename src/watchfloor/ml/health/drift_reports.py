"""Drift reports: every check leaves one, the quiet ones too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from watchfloor.core.drift.severity import Severity
from watchfloor.ml.models import Deployment, DriftReport
from watchfloor.tenants.models import Tenant

INSUFFICIENT = "insufficient"
NO_DRIFT = "none"
# The kinds whose episode ends with the version that serves.
OF_A_VERSION = ("performance", "score", "feature", "expected", "exchangeability")
# Without a data-quality alarm in these days the data count as clean.
CLEAN_DAYS = 3


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


def report(
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


def insufficient(
    tenant: Tenant,
    deployment: Deployment,
    version: str,
    kind: str,
    day: date,
    now: datetime,
    evidence: Mapping[str, Any],
    *,
    sentence: str = "There is too little to compare.",
) -> Finding:
    """Store that there was too little to say anything, which is neither good nor bad."""
    return report(
        tenant,
        deployment,
        version,
        kind,
        day,
        now,
        drifted=False,
        severity=None,
        evidence=evidence,
        sentence=sentence,
        word=INSUFFICIENT,
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


def nights_before(
    *, tenant: Tenant, model_type: str, version: str, kind: str, day: date
) -> list[Mapping[str, Any]]:
    """Return the evidence of the two nights before a day, oldest first; {} where none was."""
    rows = DriftReport.objects.for_tenant(tenant).filter(
        model_type=model_type,
        model_version=version,
        kind=kind,
        day__lt=day,
        day__gte=day - timedelta(days=2),
    )
    found: dict[date, Mapping[str, Any]] = dict(rows.values_list("day", "evidence"))
    return [found.get(day - timedelta(days=back), {}) for back in (2, 1)]


def changed_at(*, tenant: Tenant, cause: str) -> datetime | None:
    """Return since when the errors have risen, by the report that asked for a retrain."""
    kind, _, report_id = cause.partition(":")
    if kind != "drift" or not report_id.isdecimal():
        return None
    row = DriftReport.objects.for_tenant(tenant).filter(pk=int(report_id)).first()
    text = row.evidence.get("changed_at") if row is not None else None
    return datetime.fromisoformat(text) if text else None


def reports_of(
    *, tenant: Tenant, model_type: str | None = None, limit: int = 100
) -> list[DriftReport]:
    """Return the newest drift reports, newest day first."""
    rows = DriftReport.objects.for_tenant(tenant)
    if model_type is not None:
        rows = rows.filter(model_type=model_type)
    return list(rows.order_by("-day", "-id")[:limit])


def find_latest(*, tenant: Tenant, model_type: str, version: str, kind: str) -> DriftReport | None:
    """Return the newest check of one kind of one model version, or None before the first."""
    rows = DriftReport.objects.for_tenant(tenant).filter(
        model_type=model_type, model_version=version, kind=kind
    )
    return rows.order_by("-day", "-id").first()


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that JSON can hold; an infinite number is said as None."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, datetime):
            found[key] = value.isoformat()
        elif isinstance(value, float):
            found[key] = finite(value)
        else:
            found[key] = value
    return found


def finite(value: float) -> float | None:
    """Return the number, or None for an infinite one or NaN."""
    return value if np.isfinite(value) else None
