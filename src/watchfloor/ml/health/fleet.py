"""All models of some tenants side by side: how each stands, and which stand out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from watchfloor.core.drift.fleet import FALSE_SHARE, e_bh, e_value_of, together
from watchfloor.core.drift.monitor import Monitor
from watchfloor.core.drift.severity import Severity
from watchfloor.core.local_time import local_day
from watchfloor.ml.health import common_cause, performance_monitor
from watchfloor.ml.models import (
    Deployment,
    DriftReport,
    ModelPerformanceMetrics,
    PerformanceMonitor,
)
from watchfloor.tenants.models import Tenant

STRIP_DAYS = 30
# A check that has not run for longer says nothing of today.
FRESH_DAYS = 3

Key = tuple[int, str, str]
"""Tenant, model type and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetModel:
    """
    One model that serves, as it stands among the others.

    Args:
        e_value: evidence that its errors have risen, since its last alarm if there was one; None
            while labels are too few to say.
        stands_out: named among all models of the fleet by their e-values.
        baseline_accuracy: what it was trusted with; None while unknown.
        days_to_see_10_points: median days until a loss of ten points is seen; None if unknown.
        accuracy: of the last 30 local days, oldest first; None where no outcome is known.
        episodes: open ones by kind, with their severity, worst first.
        checked_on: local day of the newest check; None before the first.
    """

    tenant: Tenant
    model_type: str
    version: str
    alarmed_at: datetime | None
    e_value: float | None
    stands_out: bool
    baseline_accuracy: float | None
    days_to_see_10_points: float | None
    accuracy: tuple[float | None, ...]
    episodes: tuple[tuple[str, Severity], ...]
    checked_on: date | None

    @property
    def severity(self) -> Severity | None:
        """Severity of the worst open episode; None without one."""
        return self.episodes[0][1] if self.episodes else None

    @property
    def last_accuracy(self) -> float | None:
        """The newest accuracy that is known."""
        return next((value for value in reversed(self.accuracy) if value is not None), None)


@dataclass(frozen=True, slots=True)
class CommonCause:
    """Most site groups of one tenant move at once just now; `sentence` is for operators."""

    tenant: Tenant
    sentence: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """
    All models of some tenants, those to look at first.

    Args:
        together: e-value that all have moved by one cause: the mean of theirs.
        common_causes: tenants of which most site groups move at once, by their last night.
        false_share: so many of those that stand out may be false, in the mean.
    """

    models: tuple[FleetModel, ...]
    together: float
    common_causes: tuple[CommonCause, ...] = ()
    false_share: float = FALSE_SHARE

    @property
    def moves_together(self) -> bool:
        """Whether several models have moved at once, by the rule of a single e-value."""
        tested = sum(model.e_value is not None for model in self.models)
        return tested > 1 and self.together >= 1 / self.false_share


def fleet_of(*, tenants: Sequence[Tenant], now: datetime) -> Fleet:
    """
    Return every model that serves in these tenants; a handful of queries, however many there are.

    Args:
        tenants: whose models whoever asks may see.
    """
    by_pk = {tenant.pk: tenant for tenant in tenants}
    keys = _serving(tenants)
    monitors = _monitors(tenants)
    reports = _newest_reports(tenants, now)
    accuracy = _accuracy(tenants, now)
    states = {key: _state(monitors.get(key)) for key in keys}
    tested = {key: e_value_of(state) for key, state in states.items() if state is not None}
    named = dict(zip(tested, e_bh(list(tested.values())).tolist(), strict=True))
    models = [
        _model(
            by_pk[key[0]],
            key,
            monitor=monitors.get(key),
            state=states[key],
            stands_out=named.get(key, False),
            reports=reports.get(key, []),
            accuracy=accuracy.get(key, {}),
            now=now,
        )
        for key in keys
    ]
    return Fleet(
        models=tuple(sorted(models, key=_urgency)),
        together=together(list(tested.values())),
        common_causes=tuple(
            CommonCause(tenant, row.evidence.get("sentence", ""))
            for tenant in tenants
            for row in reports.get((tenant.pk, common_cause.ALL_MODELS, ""), ())
            if row.kind == common_cause.KIND and row.drifted
        ),
    )


def _urgency(model: FleetModel) -> tuple[Any, ...]:
    rank = -1 if model.severity is None else model.severity.rank
    return (-rank, not model.stands_out, -(model.e_value or 0), model.tenant.code, model.model_type)


def _serving(tenants: Sequence[Tenant]) -> list[Key]:
    rows = Deployment.objects.for_tenants(tenants).filter(stack__isnull=False)
    found = rows.order_by("tenant_id", "model_type").values_list(
        "tenant_id", "model_type", "stack__model_version__version"
    )
    return list(found)


def _monitors(tenants: Sequence[Tenant]) -> dict[Key, PerformanceMonitor]:
    rows = PerformanceMonitor.objects.for_tenants(tenants)
    return {(row.tenant_id, row.model_type, row.model_version): row for row in rows}


def _state(row: PerformanceMonitor | None) -> Monitor | None:
    if row is None or row.state is None:
        return None
    return Monitor.from_bytes(bytes(row.state))


def _newest_reports(tenants: Sequence[Tenant], now: datetime) -> dict[Key, list[DriftReport]]:
    """Return the newest report of each kind, by model; older ones than some days are left out."""
    # A local day is at most one off from that of UTC.
    oldest = now.date() - timedelta(days=FRESH_DAYS + 1)
    rows = DriftReport.objects.for_tenants(tenants).filter(day__gte=oldest).order_by("day", "id")
    newest: dict[tuple[Key, str], DriftReport] = {}
    for row in rows:
        newest[(row.tenant_id, row.model_type, row.model_version), row.kind] = row
    found: dict[Key, list[DriftReport]] = {}
    for (key, _), row in newest.items():
        found.setdefault(key, []).append(row)
    return found


def _accuracy(tenants: Sequence[Tenant], now: datetime) -> dict[Key, dict[date, float | None]]:
    oldest = now.date() - timedelta(days=STRIP_DAYS + 1)
    rows = ModelPerformanceMetrics.objects.for_tenants(tenants).filter(metric_date__gte=oldest)
    found: dict[Key, dict[date, float | None]] = {}
    for pk, model_type, version, day, accuracy in rows.values_list(
        "tenant_id", "model_type", "model_version", "metric_date", "accuracy"
    ):
        found.setdefault((pk, model_type, version), {})[day] = accuracy
    return found


def _model(
    tenant: Tenant,
    key: Key,
    *,
    monitor: PerformanceMonitor | None,
    state: Monitor | None,
    stands_out: bool,
    reports: Iterable[DriftReport],
    accuracy: Mapping[date, float | None],
    now: datetime,
) -> FleetModel:
    last_day = local_day(now, tenant.zone) - timedelta(days=1)
    open_ones = [(row.kind, Severity(row.severity.upper())) for row in reports if row.drifted]
    return FleetModel(
        tenant=tenant,
        model_type=key[1],
        version=key[2],
        alarmed_at=monitor.alarmed_at if monitor is not None else None,
        e_value=e_value_of(state) if state is not None else None,
        stands_out=stands_out,
        baseline_accuracy=1 - state.baseline.mu0 if state is not None else None,
        days_to_see_10_points=performance_monitor.days_to_see(state, drop=0.10)[0]
        if state is not None
        else None,
        accuracy=tuple(
            accuracy.get(last_day - timedelta(days=back)) for back in range(STRIP_DAYS - 1, -1, -1)
        ),
        episodes=tuple(sorted(open_ones, key=lambda one: (-one[1].rank, one[0]))),
        checked_on=max((row.day for row in reports), default=None),
    )
