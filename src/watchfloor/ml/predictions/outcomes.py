"""Record what turned out to be true; each prediction has one current outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from watchfloor.ml.models import OutcomeRecord
from watchfloor.ml.predictions import rollups
from watchfloor.ml.predictions.scored import Scored
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says about one prediction: 1 the event happened, 0 it did not."""

    scored: Scored
    value: float
    source: str
    labeller: str
    known_at: datetime
    dedupe_key: str
    propensity: float = 1.0


def record(
    *, tenant: Tenant, log: str, statements: Sequence[Statement], now: datetime
) -> list[Statement]:
    """
    Store statements and move the rollup; return those that were new.

    The same statement sent twice is one row. A later statement about the same prediction
    supersedes the earlier one, and both stay. Call inside a transaction.
    """
    fresh = _new_ones(tenant, statements)
    OutcomeRecord.objects.for_tenant(tenant).filter(
        prediction_id__in=[s.scored.id for s in fresh], is_current=True
    ).update(is_current=False)
    OutcomeRecord.objects.bulk_create(
        OutcomeRecord(
            tenant=tenant,
            log=log,
            prediction_id=s.scored.id,
            occurred_at=s.scored.occurred_at,
            model_type=s.scored.model_type,
            model_version=s.scored.model_version,
            score=s.scored.score,
            local_day=s.scored.local_day,
            value=s.value,
            source=s.source,
            labeller=s.labeller,
            propensity=s.propensity,
            known_at=s.known_at,
            recorded_at=now,
            dedupe_key=s.dedupe_key,
        )
        for s in fresh
    )
    rollups.move_outcomes(
        tenant=tenant, moves=[(s.scored, s.scored.outcome, s.value) for s in fresh]
    )
    return fresh


def _new_ones(tenant: Tenant, statements: Iterable[Statement]) -> list[Statement]:
    """Return statements not stored yet, the last one about each prediction."""
    statements = list(statements)
    known = set(
        OutcomeRecord.objects.for_tenant(tenant)
        .filter(dedupe_key__in=[s.dedupe_key for s in statements])
        .values_list("dedupe_key", flat=True)
    )
    fresh = {s.scored.id: s for s in statements if s.dedupe_key not in known}
    return list(fresh.values())


def known_outcomes(
    *, tenant: Tenant, log: str, model_type: str, since: datetime, known_by: datetime
) -> list[OutcomeRecord]:
    """Return current outcomes of events since a moment, known by another, oldest first."""
    rows = OutcomeRecord.objects.for_tenant(tenant).filter(
        log=log,
        model_type=model_type,
        is_current=True,
        occurred_at__gte=since,
        known_at__lte=known_by,
    )
    return list(rows.order_by("occurred_at", "prediction_id"))


def known_pairs(
    *,
    tenant: Tenant,
    log: str,
    model_type: str,
    version: str,
    since: datetime,
    known_by: datetime,
) -> list[tuple[float, float]]:
    """Return (score, outcome) of one version's events as `known_outcomes` would, oldest first."""
    rows = OutcomeRecord.objects.for_tenant(tenant).filter(
        log=log,
        model_type=model_type,
        model_version=version,
        is_current=True,
        occurred_at__gte=since,
        known_at__lte=known_by,
    )
    pairs = rows.order_by("occurred_at", "prediction_id").values_list("score", "value")
    return [(score, value) for score, value in pairs if score is not None]


def values_before(
    *, tenant: Tenant, version: str, prediction_ids: Sequence[UUID], before: datetime
) -> dict[UUID, float]:
    """
    Return what was said about predictions of one version until a moment; the last word counts.

    What was said later plays no part, so the answer for a moment in the past never changes.
    """
    found: dict[UUID, float] = {}
    for start in range(0, len(prediction_ids), 5000):
        rows = OutcomeRecord.objects.for_tenant(tenant).filter(
            prediction_id__in=prediction_ids[start : start + 5000],
            model_version=version,
            known_at__lt=before,
            recorded_at__lt=before,
        )
        found.update(rows.order_by("id").values_list("prediction_id", "value"))
    return found


def outcomes_after(
    *, tenant: Tenant, model_type: str, version: str, after_id: int, known_by: datetime
) -> list[OutcomeRecord]:
    """Return one version's outcomes stored after a row id, in the order in which they arrived."""
    rows = OutcomeRecord.objects.for_tenant(tenant).filter(
        model_type=model_type,
        model_version=version,
        id__gt=after_id,
        known_at__lte=known_by,
        score__isnull=False,
    )
    return list(rows.order_by("id"))


def events_known_before(
    *, tenant: Tenant, model_type: str, before: datetime, days: int = 60
) -> tuple[int, int]:
    """Return how many outcomes of recent events were known by a moment, and how many events."""
    rows = OutcomeRecord.objects.for_tenant(tenant).filter(
        model_type=model_type,
        is_current=True,
        occurred_at__gte=before - timedelta(days=days),
        known_at__lt=before,
        recorded_at__lt=before,
    )
    found = rows.aggregate(n=Count("id"), events=Count("id", filter=Q(value__gte=0.5)))
    return found["n"], found["events"]


def of_version_since(
    *, tenant: Tenant, model_type: str, version: str, since: datetime, known_by: datetime
) -> list[OutcomeRecord]:
    """Return current outcomes of one version's events since a moment, oldest event first."""
    rows = OutcomeRecord.objects.for_tenant(tenant).filter(
        model_type=model_type,
        model_version=version,
        is_current=True,
        occurred_at__gte=since,
        known_at__lte=known_by,
        score__isnull=False,
    )
    return list(rows.order_by("occurred_at", "prediction_id"))
