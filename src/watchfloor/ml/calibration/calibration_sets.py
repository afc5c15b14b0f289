"""Calibration sets as rows nobody can change: stored with their provenance, listed, added up."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.conformal.self_test import SelfTest
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.ml.inference import serving
from watchfloor.ml.models import CalibrationSet, CutReason, ModelVersion
from watchfloor.ml.models.calibration import RECORDED
from watchfloor.ml.versions import registry
from watchfloor.ml.versions.blobs import put_blob
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """
    Where the rows of a set came from.

    Args:
        reason: why the set was cut.
        source: outcomes, holdout, prediction_log, fraud_log or csv.
        rows_sha256: hash over the rows, so that the same rows are known again.
        window: first and last moment of the predictions, half-open; None where none is known.
        label_delay_s: age from which predictions were taken.
        cohort_rule: which rows were taken and which were not, in words and numbers.
        detail: counts and statements beside it: what was left out and why.
        outcome_definition: what counts as an event; sets of another one never serve.
    """

    reason: CutReason
    source: str
    rows_sha256: str = ""
    window: tuple[datetime, datetime] | None = None
    label_delay_s: float | None = None
    cohort_rule: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    outcome_definition: str = RECORDED


@dataclass(frozen=True, slots=True)
class DeltaSpent:
    """
    What the sets of one model type risked in a quarter of the tenant's calendar.

    Each certificate of a set may be wrong with its delta. So of the ticket promises of these
    sets at most `spent` are expected to be broken, and as many of the promises for clearing.
    """

    since: date
    n_sets: int
    spent: float


def add(
    *,
    tenant: Tenant,
    version: ModelVersion,
    calibration: Calibration,
    self_test: SelfTest | None,
    provenance: Provenance,
    now: datetime,
) -> CalibrationSet:
    """Store a calibration; the same numbers of one version again are the row they were before."""
    digest = put_blob(
        tenant=tenant, content=calibration.to_bytes(), form="calibration-json", now=now
    )
    start, end = provenance.window or (None, None)
    row, _ = CalibrationSet.objects.get_or_create(
        tenant=tenant,
        model_version=version,
        outcome_definition=provenance.outcome_definition,
        sha256=digest,
        defaults={
            "reason": provenance.reason,
            "created_at": now,
            "source": provenance.source,
            "rows_sha256": provenance.rows_sha256,
            "n": calibration.n,
            "n_positive": calibration.n_positive,
            "n_effective": calibration.n_effective,
            "window_start": start,
            "window_end": end,
            "label_delay_s": provenance.label_delay_s,
            "cohort_rule": provenance.cohort_rule,
            "provenance": dict(provenance.detail),
            "eps_ticket": calibration.ticket.eps,
            "eps_clear": calibration.clear.eps,
            "delta": calibration.ticket.delta,
            "levels": levels_of(calibration),
            "self_test": self_test.to_record() if self_test else {},
            "self_test_passed": self_test.passed if self_test else None,
        },
    )
    return row


def levels_of(calibration: Calibration) -> dict[str, Any]:
    """Return in how many score bins each level is promised, of how many there are."""
    promised = {str(level): calibration.bins_with(level) for level in LEVELS}
    return {"bins": len(calibration.bins), "promised": promised}


def newest_of_version(*, tenant: Tenant, version: ModelVersion) -> CalibrationSet | None:
    """Return the newest set of a version that may serve, or None."""
    rows = CalibrationSet.objects.for_tenant(tenant).filter(
        model_version=version, outcome_definition=RECORDED
    )
    return rows.order_by("-created_at", "-pk").first()


@dataclass(frozen=True, slots=True)
class ListedSet:
    """
    A set with its calibration, and whether decisions are taken with it now.

    Args:
        calibration: None where its bytes are gone or damaged.
    """

    row: CalibrationSet
    calibration: Calibration | None
    is_serving: bool

    @property
    def is_readable(self) -> bool:
        """Whether its stored bytes are those that were written."""
        return self.calibration is not None

    @property
    def outcome_widths(self) -> dict[int, float | None]:
        """
        Half-widths of outcome intervals over all predictions together, by level in percent.

        Sampled rows weigh what they stand for. None where the level is not promised, or not kept.
        """
        return _by_level(self.calibration.marginal if self.calibration else None)

    @property
    def outcome_widths_pac(self) -> dict[int, float | None]:
        """The same, held by this very set with probability 1 - delta."""
        return _by_level(self.calibration.marginal_pac if self.calibration else None)


def _by_level(widths: Sequence[float] | None) -> dict[int, float | None]:
    found = widths or (math.inf,) * len(LEVELS)
    return {
        level: width if math.isfinite(width) else None
        for level, width in zip(LEVELS, found, strict=True)
    }


def sets_of(
    *, tenant: Tenant, model_type: str, limit: int, after: int | None = None
) -> list[ListedSet]:
    """Return the sets of all versions of a model type with an id below `after`, newest first."""
    rows = _sets(tenant).filter(model_version__model_type=model_type)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return _listed(tenant, rows.order_by("-pk")[:limit])


def list_all(*, tenant: Tenant, model_type: str | None = None) -> list[ListedSet]:
    """Return the stored sets of a tenant, of one model type if it is named, newest first."""
    rows = _sets(tenant)
    if model_type is not None:
        rows = rows.filter(model_version__model_type=model_type)
    return _listed(tenant, rows.order_by("-pk"))


def _sets(tenant: Tenant) -> QuerySet[CalibrationSet]:
    return CalibrationSet.objects.for_tenant(tenant).select_related("model_version")


def _listed(tenant: Tenant, rows: Iterable[CalibrationSet]) -> list[ListedSet]:
    in_force = {
        (deployment.stack.model_version_id, deployment.stack.calibration_sha256)
        for deployment in registry.deployments_of(tenant)
        if deployment.stack is not None
    }
    return [
        ListedSet(
            row,
            serving.find_calibration(tenant=tenant, sha256=row.sha256),
            row.outcome_definition == RECORDED and (row.model_version.pk, row.sha256) in in_force,
        )
        for row in rows
    ]


def delta_spent(*, tenant: Tenant, model_type: str, now: datetime) -> DeltaSpent:
    """Return what this quarter's sets risked; a set that certified nothing had been tried too."""
    since = _quarter_began(local_day(now, tenant.zone))
    rows = CalibrationSet.objects.for_tenant(tenant).filter(
        model_version__model_type=model_type,
        created_at__gte=day_bounds(since, tenant.zone)[0],
        created_at__lte=now,
        delta__isnull=False,
    )
    found = rows.aggregate(n=Count("pk"), delta=Sum("delta"))
    return DeltaSpent(since=since, n_sets=found["n"], spent=float(found["delta"] or 0.0))


def _quarter_began(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
