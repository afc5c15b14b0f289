"""Logged predictions decided again one by one, with the caps and the repeats they would meet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.coverage import NO_CALIBRATION
from watchfloor.core.decision.columns import NONE, REASONS, EvidenceColumns, Moments
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.simulation.history import evidence_at
from watchfloor.core.decision.simulation.replay import Limits, Replayed, Stream, counted, replay
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.ml.inference import serving
from watchfloor.noc.intake import logs
from watchfloor.tenants.models import Tenant

MOST_ROWS = 200_000
"""More predictions than a request may wait for."""

_COLUMNS = (
    "score",
    "reason",
    "calibration_hash",
    "entity_type",
    "entity_id",
    "site_id",
    "occurred_at",
    "predicted_at",
    "outcome",
    "outcome_known_at",
)


@dataclass(frozen=True, slots=True, eq=False)
class LoggedStream:
    """A span of the log as a stream, and what turned out of each prediction, NaN for unknown."""

    stream: Stream
    outcomes: FloatArray

    def decided(self, policy: DecisionPolicy, limits: Limits) -> Replayed:
        """Return what a policy and its limits do with it."""
        return counted(replay(self.stream, policy, limits), self.outcomes)


def limits_of(values: Mapping[str, float]) -> Limits:
    """Return the limits among thresholds."""
    return Limits(
        dedup_hours=values["dedup_hours"],
        ticket_cap=int(values["ticket_cap"]),
        site_ticket_cap=int(values["site_ticket_cap"]),
        breaker_cap=int(values["breaker_cap"]),
    )


def read_stream(
    *, tenant: Tenant, model_type: str, version: str, first: date, last: date
) -> LoggedStream:
    """
    Read the predictions of events of some local days, in the order in which they were decided.

    A ticket is taken to be closed when the outcome of its prediction became known, and to be
    confirmed by it; without an outcome it stays open.

    Args:
        version: whose predictions; empty for those of every version.
        first, last: local days, both included.

    Raises:
        NotReady: there are more than `MOST_ROWS`.
    """
    rows = logs.table_of(logs.log_of(model_type))._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=model_type,
        occurred_at__gte=day_bounds(first, tenant.zone)[0],
        occurred_at__lt=day_bounds(last, tenant.zone)[1],
    )
    if version:
        rows = rows.filter(model_version=version)
    ordered = rows.order_by("predicted_at", "occurred_at", "id").values_list(*_COLUMNS)
    found = list(ordered[: MOST_ROWS + 1])
    if len(found) > MOST_ROWS:
        raise NotReady(f"more than {MOST_ROWS:,} predictions: choose fewer weeks")
    return _stream(tenant, dict(zip(_COLUMNS, zip(*found, strict=True), strict=False)))


def _stream(tenant: Tenant, columns: Mapping[str, Sequence[Any]]) -> LoggedStream:
    told = {name: columns.get(name, ()) for name in _COLUMNS}
    predicted_at = _moments(told["predicted_at"])
    outcomes = _numbers(told["outcome"])
    days = [local_day(at, tenant.zone).toordinal() for at in told["predicted_at"]]
    things = zip(told["entity_type"], told["entity_id"], strict=True)
    return LoggedStream(
        Stream(
            evidence=replace(
                _evidence(tenant, told),
                now=predicted_at,
                cannot_score=np.array([_unscored(each) for each in told["reason"]], dtype=np.int8),
            ),
            thing=_numbered(things),
            site=np.array([NONE if s is None else s for s in told["site_id"]], dtype=np.int64),
            occurred_at=_moments(told["occurred_at"]),
            local_day=np.array(days, dtype=np.int64),
            closes_at=_moments(told["outcome_known_at"]),
            confirmed=outcomes >= 0.5,
        ),
        outcomes,
    )


def _evidence(tenant: Tenant, told: Mapping[str, Sequence[Any]]) -> EvidenceColumns:
    """Return what is known of each score; what could not be scored has none."""
    sets: list[Calibration] = []
    at: dict[str, int] = {}
    for digest in sorted(set(told["calibration_hash"])):
        found = serving.find_calibration(tenant=tenant, sha256=digest) if digest else None
        at[digest] = NO_CALIBRATION if found is None else len(sets)
        sets += [found] if found is not None else []
    scores = _numbers(told["score"])
    where = np.array([at[digest] for digest in told["calibration_hash"]], dtype=np.int64)
    is_scored = ~np.isnan(scores)
    known = evidence_at(np.where(is_scored, scores, 0.0), where, sets)
    # Calibrations are fresh at the moment of each decision.
    moments = np.where(
        where == NO_CALIBRATION, np.datetime64("NaT"), _moments(told["predicted_at"])
    )
    return replace(
        known, score=np.where(is_scored, scores, np.nan), calibrated_at=moments.astype("M8[us]")
    )


def _unscored(reason: str) -> int:
    is_known = reason in (Reason.NO_MODEL.value, Reason.CANNOT_SCORE.value)
    return REASONS.index(Reason(reason)) if is_known else NONE


def _numbered(things: Iterable[object]) -> IntArray:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(each, len(numbers)) for each in things], dtype=np.int64)


def _numbers(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _moments(values: Sequence[datetime | None]) -> Moments:
    naive = [np.datetime64("NaT") if v is None else v.replace(tzinfo=None) for v in values]
    return np.array(naive, dtype="datetime64[us]")
