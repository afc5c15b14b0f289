"""The live monitor of each version: fed every night with the outcomes that arrived."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal import live_coverage
from watchfloor.core.conformal.adaptive import Issued
from watchfloor.core.conformal.live_coverage import LateOutcome, LiveCoverage
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.ml.models import CoverageMonitor, CoverageStep, OutcomeRecord, ScoredPrediction
from watchfloor.ml.predictions import outcomes
from watchfloor.tenants.models import Tenant

CHUNK = 500


@dataclass(frozen=True, slots=True)
class LiveLevel:
    """
    One level of a live monitor.

    Args:
        percent: the level that is held, 90, 95 or 99.
        asked_for: coverage that the window's quantile has to have for it now, in percent;
            far above `percent`, the calibration has been left behind.
        quantile: outcomes within this distance of the score are inside; None for the whole
            range.
        n, misses: outcomes since the start, and how many lay outside what was said of them.
    """

    percent: int
    asked_for: float
    quantile: float | None
    n: int
    misses: int

    @property
    def coverage(self) -> float | None:
        """Share of outcomes inside what was issued with their predictions; None before any."""
        return 1 - self.misses / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class LiveReport:
    """
    What the live monitor of one version says.

    Args:
        delay: predictions made before an outcome was learned from, on average.
        levels: at 90, 95 and 99 %.
    """

    model_type: str
    version: str
    since: datetime
    delay: float
    levels: tuple[LiveLevel, ...]


def advance(
    *,
    tenant: Tenant,
    model_type: str,
    version: str,
    table: type[ScoredPrediction],
    now: datetime,
) -> CoverageMonitor:
    """
    Learn from the outcomes that arrived since the last night, each against what was said then.

    The first night says the first set; outcomes of what was predicted before fill its window.

    Call inside a transaction. The same night done twice learns nothing twice.

    Args:
        table: the log that the predictions are in.
    """
    row = _monitor(tenant, model_type, version, now)
    fresh = outcomes.outcomes_after(
        tenant=tenant,
        model_type=model_type,
        version=version,
        after_id=row.last_outcome_id,
        known_by=now,
    )
    row.n_predictions += _n_made(table, row, until=now)
    row.counted_until = now
    steps = list(CoverageStep.objects.filter(monitor=row).order_by("started_at"))
    if fresh or not steps:
        # A window of what was known before is all that the first night can use.
        told = _first_told(tenant, fresh if steps else fresh[-live_coverage.WINDOW :])
        late = _late(told, row, steps, table)
        monitor = LiveCoverage.from_bytes(bytes(row.state)).learn(late)
        row.state = monitor.to_bytes()
        row.last_outcome_id = fresh[-1].pk if fresh else row.last_outcome_id
        _step(row, monitor, now)
    row.save()
    return row


def said_at(
    *, tenant: Tenant, model_type: str, version: str, at: datetime
) -> tuple[Issued, ...] | None:
    """Return what was issued with predictions of that moment, at 90, 95 and 99 %, or None."""
    step = (
        CoverageStep.objects.for_tenant(tenant)
        .filter(monitor__model_type=model_type, monitor__model_version=version, started_at__lte=at)
        .order_by("-started_at")
        .first()
    )
    return _issued(step.levels) if step is not None else None


def find_report(*, tenant: Tenant, model_type: str, version: str) -> LiveReport | None:
    """Return what the live monitor of a version says, or None before its first night."""
    row = (
        CoverageMonitor.objects.for_tenant(tenant)
        .filter(model_type=model_type, model_version=version)
        .first()
    )
    if row is None:
        return None
    monitor = LiveCoverage.from_bytes(bytes(row.state))
    return LiveReport(
        model_type=model_type,
        version=version,
        since=row.started_at,
        delay=monitor.delay,
        levels=tuple(
            LiveLevel(
                percent=level,
                asked_for=100 * (1 - issued.alpha),
                quantile=None if issued.is_whole_line else issued.quantile,
                n=monitor.n,
                misses=misses,
            )
            for level, issued, misses in zip(LEVELS, monitor.issue(), monitor.misses, strict=True)
        ),
    )


def _monitor(tenant: Tenant, model_type: str, version: str, now: datetime) -> CoverageMonitor:
    row, _ = CoverageMonitor.objects.for_tenant(tenant).get_or_create(
        tenant=tenant,
        model_type=model_type,
        model_version=version,
        defaults={
            "state": live_coverage.start().to_bytes(),
            "counted_until": now,
            "started_at": now,
        },
    )
    return row


def _n_made(table: type[ScoredPrediction], row: CoverageMonitor, *, until: datetime) -> int:
    made = table._default_manager.filter(
        tenant_id=row.tenant_id,
        model_type=row.model_type,
        model_version=row.model_version,
        score__isnull=False,
        predicted_at__gt=row.counted_until,
        predicted_at__lte=until,
    )
    return made.count()


def _first_told(tenant: Tenant, fresh: Sequence[OutcomeRecord]) -> list[OutcomeRecord]:
    """Return the first statement about each prediction: it is learned from once."""
    told_before: set[UUID] = set()
    for ids in _chunks([record.prediction_id for record in fresh]):
        earlier = OutcomeRecord.objects.for_tenant(tenant).filter(
            prediction_id__in=ids, id__lt=fresh[0].pk
        )
        told_before.update(earlier.values_list("prediction_id", flat=True))
    first: dict[UUID, OutcomeRecord] = {}
    for record in fresh:
        if record.prediction_id not in told_before:
            first.setdefault(record.prediction_id, record)
    return list(first.values())


def _late(
    records: Sequence[OutcomeRecord],
    row: CoverageMonitor,
    steps: Sequence[CoverageStep],
    table: type[ScoredPrediction],
) -> list[LateOutcome]:
    """Return outcomes beside what was said; of what was predicted before any step, nothing was."""
    at = np.array([one.timestamp() for one in _predicted_at(table, row.tenant_id, records)])
    step_of = np.searchsorted([s.started_at.timestamp() for s in steps], at, side="right") - 1
    said = [_issued(step.levels) for step in steps]
    delays = np.maximum(row.n_predictions - _made_by(at, row, steps), 0)
    return [
        LateOutcome(
            score=abs(record.value - (record.score or 0.0)),
            issued=said[step] if step >= 0 else None,
            delay=round(delay),
        )
        for record, step, delay in zip(records, step_of.tolist(), delays.tolist(), strict=True)
    ]


def _predicted_at(
    table: type[ScoredPrediction], tenant_id: int, records: Sequence[OutcomeRecord]
) -> list[datetime]:
    """Return when each prediction was made; when its event happened, if it is gone."""
    found: dict[UUID, datetime] = {}
    for ids in _chunks([record.prediction_id for record in records]):
        rows = table._default_manager.filter(tenant_id=tenant_id, id__in=ids)
        found.update(rows.values_list("id", "predicted_at"))
    return [found.get(record.prediction_id, record.occurred_at) for record in records]


def _made_by(at: FloatArray, row: CoverageMonitor, steps: Sequence[CoverageStep]) -> FloatArray:
    """Return how many predictions had been made by each moment, evenly between steps."""
    times = [step.started_at.timestamp() for step in steps] + [row.counted_until.timestamp()]
    counts = [float(step.n_predictions) for step in steps] + [float(row.n_predictions)]
    return np.interp(at, times, counts)


def _step(row: CoverageMonitor, monitor: LiveCoverage, now: datetime) -> None:
    CoverageStep.objects.update_or_create(
        tenant_id=row.tenant_id,
        monitor=row,
        started_at=now,
        defaults={
            "n_predictions": row.n_predictions,
            "n_outcomes": monitor.n,
            "levels": {
                str(level): {
                    "alpha": issued.alpha.hex(),
                    "quantile": issued.quantile.hex(),
                    "misses": misses,
                }
                for level, issued, misses in zip(
                    LEVELS, monitor.issue(), monitor.misses, strict=True
                )
            },
        },
    )


def _issued(levels: Mapping[str, Mapping[str, Any]]) -> tuple[Issued, ...]:
    said = [levels[str(level)] for level in LEVELS]
    return tuple(
        Issued(float.fromhex(each["alpha"]), float.fromhex(each["quantile"])) for each in said
    )


def _chunks(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[first : first + CHUNK] for first in range(0, len(ids), CHUNK))
