"""
The guard of each calibration set: do outcomes still come as those of the set came?

Predictions are looked at in the order in which they were made, once they are old enough: at the
age by which most outcomes of the set were known. What took longer is left out on both sides, so
quick outcomes, which are often of one kind, are never taken for another world.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Max, Q, QuerySet

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal import exchangeability
from watchfloor.core.conformal.exchangeability import Arrival, Guard
from watchfloor.core.drift.severity import Severity
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.core.thresholds import SPECS
from watchfloor.ml.health import drift_reports
from watchfloor.ml.health.drift_reports import Finding
from watchfloor.ml.models import Deployment, ExchangeabilityGuard, ModelVersion, OutcomeRecord
from watchfloor.tenants.models import Tenant

KIND = "exchangeability"
# The share of the set's outcomes that were known by the age at which predictions are looked at.
KNOWN_SHARE = 0.9
# What people were asked about and the quiet rest are compared apart: when a threshold moves or
# another model serves, their shares among known outcomes change, and the world does not.
ASKED_FROM = SPECS["review_score"].default
CHUNK = 500


@dataclass(frozen=True, slots=True)
class SetRows:
    """
    The rows of a calibration set.

    Args:
        ids: of the predictions, in the order of the columns.
        scores: quantised, by the version that is calibrated, shape (n,).
        outcomes: 0 or 1, shape (n,).
    """

    ids: Sequence[UUID]
    scores: FloatArray
    outcomes: FloatArray


def start(
    *, version: ModelVersion, calibration_sha256: str, rows: SetRows, now: datetime
) -> ExchangeabilityGuard | None:
    """
    Give a calibration set its guard; the same set cut again keeps the one it has.

    Returns:
        None where nothing says how late the set's outcomes were: it cannot be guarded.
    """
    told = _told(version, rows.ids)
    if not told:
        return None
    delays = {record.prediction_id: _delay_s(record) for record in told}
    longest = float(np.quantile(list(delays.values()), KNOWN_SHARE, method="higher"))
    kept = [i for i, one in enumerate(rows.ids) if delays.get(one, np.inf) <= longest]
    places, categories = _places(rows.scores[kept], rows.outcomes[kept])
    guard = exchangeability.start(
        [places[categories == each].tolist() for each in (0, 1)],
        level=SPECS["guard_level"].default,
    )
    row, _ = ExchangeabilityGuard.objects.get_or_create(
        tenant_id=version.tenant_id,
        model_type=version.model_type,
        model_version=version.version,
        calibration_sha256=calibration_sha256,
        defaults={
            "state": guard.to_bytes(),
            "longest_delay_s": longest,
            "seen_until": max(record.occurred_at for record in told),
            "last_outcome_id": _newest_id(version.tenant_id),
            "started_at": now,
        },
    )
    return row


def is_alarmed(*, tenant: Tenant, model_type: str, version: str, calibration_sha256: str) -> bool:
    """Return whether the guard of a set has alarmed; a set without one has not."""
    rows = _rows(tenant, model_type, version, calibration_sha256)
    return rows.filter(alarmed_at__isnull=False).exists()


def last_turn(version: ModelVersion) -> datetime | None:
    """Return since when outcomes came otherwise, by the newest alarm over a version's sets."""
    rows = ExchangeabilityGuard.objects.filter(
        tenant_id=version.tenant_id,
        model_type=version.model_type,
        model_version=version.version,
        alarmed_at__isnull=False,
    )
    found: datetime | None = rows.aggregate(newest=Max("turned_at"))["newest"]
    return found


def detect_lost_exchangeability(
    *, tenant: Tenant, deployment: Deployment, day: date, level: float, now: datetime
) -> Finding:
    """
    Feed the serving set's guard with the predictions that have become old enough.

    Args:
        level: chance of a false alarm over the life of a set.
    """
    assert deployment.stack is not None
    version = deployment.stack.model_version
    row = _rows(
        tenant, version.model_type, version.version, deployment.stack.calibration_sha256
    ).first()
    if row is None:
        return drift_reports.insufficient(
            tenant, deployment, version.version, KIND, day, now, {"guard": "no set to guard"}
        )
    guard = _advance(row, level=level, now=now)
    return drift_reports.report(
        tenant,
        deployment,
        version.version,
        KIND,
        day,
        now,
        drifted=guard.alarmed,
        # It stops automation and asks for no retrain; what changed is sized by other checks.
        severity=Severity.MEDIUM if guard.alarmed else None,
        evidence=_evidence(row, guard),
        sentence=_sentence(row, guard),
        changed_at=row.turned_at,
    )


def _rows(
    tenant: Tenant, model_type: str, version: str, calibration_sha256: str
) -> QuerySet[ExchangeabilityGuard]:
    return ExchangeabilityGuard.objects.for_tenant(tenant).filter(
        model_type=model_type, model_version=version, calibration_sha256=calibration_sha256
    )


def _advance(row: ExchangeabilityGuard, *, level: float, now: datetime) -> Guard:
    before = Guard.from_bytes(bytes(row.state))
    if before.alarmed:
        return before
    until = max(row.seen_until, now - timedelta(seconds=row.longest_delay_s))
    newest_id = _newest_id(row.tenant_id)
    fresh = _fresh(row, until=until)
    guard = exchangeability.observe(replace(before, level=level), _arrivals(fresh))
    row.state = guard.to_bytes()
    if guard.alarmed:
        row.alarmed_at, row.turned_at = now, guard.turned_at
    row.seen_until, row.last_outcome_id = until, newest_id
    row.save()
    return guard


def _fresh(row: ExchangeabilityGuard, *, until: datetime) -> list[OutcomeRecord]:
    """Return outcomes of predictions that are old enough now and were not looked at before."""
    found = OutcomeRecord.objects.filter(
        # Known later than it happened: said beside it, for the index is on that moment.
        Q(known_at__gt=row.seen_until, occurred_at__gt=row.seen_until)
        | Q(id__gt=row.last_outcome_id),
        tenant_id=row.tenant_id,
        model_type=row.model_type,
        model_version=row.model_version,
        is_current=True,
        score__isnull=False,
        occurred_at__lte=until,
    )
    in_time = [
        record
        for record in found.order_by("occurred_at", "prediction_id")
        if _delay_s(record) <= row.longest_delay_s
    ]
    late = [record.prediction_id for record in in_time if record.occurred_at <= row.seen_until]
    told_before = _told_before(row, late)
    return [record for record in in_time if record.prediction_id not in told_before]


def _told_before(row: ExchangeabilityGuard, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these a former night, or the set itself, knew another statement about."""
    found: set[UUID] = set()
    for first in range(0, len(ids), CHUNK):
        rows = OutcomeRecord.objects.filter(
            tenant_id=row.tenant_id,
            prediction_id__in=ids[first : first + CHUNK],
            id__lte=row.last_outcome_id,
        )
        found.update(rows.values_list("prediction_id", flat=True))
    return found


def _arrivals(records: Sequence[OutcomeRecord]) -> list[Arrival]:
    scores = np.array([record.score for record in records], dtype=np.float64)
    happened = np.array([record.value for record in records], dtype=np.float64)
    places, categories = _places(scores, happened)
    ties = [_tie(record.prediction_id) for record in records]
    moments = [record.occurred_at for record in records]
    return list(map(Arrival, places.tolist(), categories.tolist(), ties, moments))


def _places(scores: FloatArray, outcomes: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the place of each nonconformity on the score grid, and what it is compared with."""
    places, _ = PROBABILITY.quantise(np.abs(outcomes - scores))
    return places, (scores >= ASKED_FROM).astype(np.int64)


def _tie(prediction_id: UUID) -> float:
    """Return a number in [0, 1) that a replay finds again."""
    digest = hashlib.sha256(b"tie" + prediction_id.bytes).digest()
    return float((int.from_bytes(digest[:8], "big") >> 11) / 2**53)


def _told(version: ModelVersion, ids: Sequence[UUID]) -> list[OutcomeRecord]:
    found: list[OutcomeRecord] = []
    for first in range(0, len(ids), CHUNK):
        found += OutcomeRecord.objects.filter(
            tenant_id=version.tenant_id,
            prediction_id__in=ids[first : first + CHUNK],
            is_current=True,
        )
    return found


def _delay_s(record: OutcomeRecord) -> float:
    return (record.known_at - record.occurred_at).total_seconds()


def _newest_id(tenant_id: int) -> int:
    found = OutcomeRecord.objects.filter(tenant_id=tenant_id).aggregate(newest=Max("id"))
    return found["newest"] or 0


def _evidence(row: ExchangeabilityGuard, guard: Guard) -> dict[str, Any]:
    return {
        "calibration_sha256": row.calibration_sha256,
        "evidence": guard.evidence,
        "alarm_at": guard.alarm_at,
        "n": guard.n,
        "longest_delay_h": row.longest_delay_s / 3600,
        "turned_at": row.turned_at.isoformat() if row.turned_at else None,
        "alarmed_at": row.alarmed_at.isoformat() if row.alarmed_at else None,
    }


def _sentence(row: ExchangeabilityGuard, guard: Guard) -> str:
    if not guard.alarmed:
        return "Outcomes come as those of the calibration set came, as far as can be said."
    since = row.turned_at or row.started_at
    return (
        f"Outcomes of {row.model_type} {row.model_version} no longer come as those of its "
        f"calibration set came, since about {since:%d %b}; automatic action stops until "
        "a new set is cut."
    )
