"""Predictions of every log together, for those who look at them: the newest, one, and its like."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from heapq import nlargest
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from watchfloor.core.conformal.probability_bins import ProbabilityInterval
from watchfloor.core.decision.reason import Reason
from watchfloor.ml.inference import serving
from watchfloor.ml.models import OutcomeRecord, PredictionLog, ScoredPrediction
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.noc.models import FraudPredictionLog, ReviewItem, Ticket
from watchfloor.tenants.models import Tenant

AUTOMATED = frozenset({"auto_ticket", "auto_clear"})


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known about predictions with a score like one prediction's.

    `pair` is the Venn-Abers pair of the score, None where the calibration kept none.
    """

    interval: ProbabilityInterval
    pair: tuple[float, float] | None
    alike_n: int
    alike_events: int
    certified_from: float | None
    clear_below: float | None
    calibration_n: int


@dataclass(frozen=True, slots=True)
class Decided:
    """How many predictions were made in a span, and how many of them nobody was asked about."""

    n: int
    automated: int


@dataclass(frozen=True, slots=True)
class Consequences:
    """What became of one prediction."""

    ticket: Ticket | None
    review: ReviewItem | None
    outcomes: tuple[OutcomeRecord, ...]


def model_types(tenant: Tenant) -> list[str]:
    """Return every model type that was ever predicted; one small query a type."""
    found: list[str] = []
    rows = PredictionLog.objects.for_tenant(tenant)
    # The next name after the last one: an index answers at once, where DISTINCT would read all.
    while name := _first_after(rows, found[-1] if found else ""):
        found.append(name)
    if FraudPredictionLog.objects.for_tenant(tenant).exists():
        found.append(FRAUD_DETECTOR)
    return sorted(set(found))


def _first_after(rows: QuerySet[PredictionLog], name: str) -> str | None:
    found: str | None = rows.filter(model_type__gt=name).aggregate(n=Min("model_type"))["n"]
    return found


def latest(
    *, tenant: Tenant, site_ids: frozenset[int] | None, limit: int
) -> list[ScoredPrediction]:
    """Return the newest predictions of all logs, newest first, with their sites."""
    sources: list[QuerySet[Any]] = [
        PredictionLog.objects.for_tenant(tenant).filter(model_type=name)
        for name in model_types(tenant)
        if name != FRAUD_DETECTOR
    ]
    sources.append(FraudPredictionLog.objects.for_tenant(tenant))
    found: list[ScoredPrediction] = []
    for rows in sources:
        seen = rows if site_ids is None else rows.filter(site_id__in=site_ids)
        # One query a model type: only so does each find its rows by the index on time.
        found += seen.select_related("site").order_by("-occurred_at")[:limit]
    return nlargest(limit, found, key=lambda row: (row.occurred_at, row.id))


def known_about(*, tenant: Tenant, prediction: ScoredPrediction) -> Known | None:
    """
    Return what the calibration in force at the decision says; None without one to be read.

    Intervals follow from (score, calibration), so they are read again and not stored thrice.
    """
    if prediction.score is None:
        return None
    calibration = serving.find_calibration(tenant=tenant, sha256=prediction.calibration_hash)
    if calibration is None:
        return None
    alike = calibration.bins[bisect_right(calibration.edges, prediction.score)]
    return Known(
        interval=alike.interval,
        pair=calibration.pair(prediction.score) if calibration.venn_abers is not None else None,
        alike_n=alike.n,
        alike_events=alike.k,
        certified_from=calibration.certified_from,
        clear_below=calibration.clear_below,
        calibration_n=calibration.n,
    )


def known_about_many(
    *, tenant: Tenant, predictions: Iterable[ScoredPrediction]
) -> Mapping[Any, Known | None]:
    """Return what is known about each prediction by its id; a query for each new calibration."""
    return {row.id: known_about(tenant=tenant, prediction=row) for row in predictions}


def about_same(
    *, tenant: Tenant, prediction: ScoredPrediction, site_ids: frozenset[int] | None, limit: int
) -> list[ScoredPrediction]:
    """Return earlier predictions about the same person or thing, newest first."""
    rows: QuerySet[Any]
    if isinstance(prediction, FraudPredictionLog):
        rows = FraudPredictionLog.objects.for_tenant(tenant)
        same = Q(person_id=prediction.person_id) if prediction.person_id else Q(person=None)
        rows = rows.filter(same, entity_id=prediction.entity_id)
    else:
        rows = PredictionLog.objects.for_tenant(tenant).filter(
            entity_type=prediction.entity_type,
            entity_id=prediction.entity_id,
            model_type=prediction.model_type,
        )
    if site_ids is not None:
        rows = rows.filter(site_id__in=site_ids)
    rows = rows.filter(occurred_at__lt=prediction.occurred_at).select_related("site")
    return list(rows.order_by("-occurred_at")[:limit])


def consequences_of(
    *, tenant: Tenant, prediction: ScoredPrediction, site_ids: frozenset[int] | None
) -> Consequences:
    """Return the ticket, the review and the statements about one prediction."""
    tickets = Ticket.objects.for_tenant(tenant)
    # A ticket may have been opened at another site, and this prediction added to it later.
    tickets = tickets if site_ids is None else tickets.filter(site_id__in=site_ids)
    opened = tickets.filter(prediction_id=prediction.id)
    added = tickets.filter(evidence__prediction_id=prediction.id)
    reviews = ReviewItem.objects.for_tenant(tenant).filter(prediction_id=prediction.id)
    told = OutcomeRecord.objects.for_tenant(tenant).filter(prediction_id=prediction.id)
    return Consequences(
        ticket=opened.order_by("-pk").first() or added.order_by("-pk").first(),
        review=reviews.first(),
        outcomes=tuple(told.order_by("pk")),
    )


def decided_on(
    *, tenant: Tenant, day: date, since: datetime, site_ids: frozenset[int] | None
) -> Decided:
    """
    Return how many predictions of a local day were decided, and how many without a person.

    Estimates of numbers are not among them: there is nothing to decide.

    Args:
        since: when the day began; with it the index on time finds the day's rows.
    """
    counts: dict[str, int] = {}
    general = PredictionLog.objects.for_tenant(tenant).filter(model_type__in=model_types(tenant))
    for rows in (general, FraudPredictionLog.objects.for_tenant(tenant)):
        seen: QuerySet[Any] = rows.filter(occurred_at__gte=since, local_day=day)
        seen = seen.exclude(reason=Reason.NUMERIC_ESTIMATE.value)
        if site_ids is not None:
            seen = seen.filter(site_id__in=site_ids)
        for decision, n in seen.values_list("decision").annotate(n=Count("id")).order_by():
            counts[decision] = counts.get(decision, 0) + n
    return Decided(n=sum(counts.values()), automated=sum(counts.get(word, 0) for word in AUTOMATED))
