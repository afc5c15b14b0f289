"""Somebody found out what was true: record it once, move the rollup, close the work it settles."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from watchfloor.core.decision.reason import Reason
from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.ledger import audit, outbox
from watchfloor.ml.models import ScoredPrediction
from watchfloor.ml.predictions import numeric_estimates, outcomes, prediction_log
from watchfloor.ml.predictions.outcomes import Statement
from watchfloor.noc.desk import alert_correlation, review_queue, tickets
from watchfloor.noc.intake import ingest_keys, logs
from watchfloor.noc.models import ReviewItem, Ticket
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.models import Tenant

VALUE_OF = {Disposition.TRUE_POSITIVE: 1.0, Disposition.FALSE_POSITIVE: 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRequest:
    """
    What turned out to be true about one prediction.

    Args:
        prediction_id: the prediction, or None to find it by `event` = (source, event id).
        value: 1 if the event happened, 0 if it did not; of an estimate the number itself.
        known_at: since when this could be known; never after it is told.
        dedupe_key: the sender's id of the statement; told twice it counts once.
    """

    value: float
    known_at: datetime
    source: str
    labeller: str
    dedupe_key: str
    prediction_id: UUID | None = None
    event: tuple[str, str] | None = None
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """What became of one statement."""

    prediction_id: UUID
    duplicate: bool


def record_outcomes(
    *, tenant: Tenant, log: str, requests: Sequence[OutcomeRequest], now: datetime
) -> list[OutcomeResult | InvalidInput]:
    """Record statements about predictions of one log; an answer for each, in order."""
    try:
        return _record_outcomes(tenant=tenant, log=log, requests=requests, now=now)
    except IntegrityError:
        # Another process recorded one of these statements a moment ago: now it is found.
        return _record_outcomes(tenant=tenant, log=log, requests=requests, now=now)


@transaction.atomic
def _record_outcomes(
    *, tenant: Tenant, log: str, requests: Sequence[OutcomeRequest], now: datetime
) -> list[OutcomeResult | InvalidInput]:
    ids = _prediction_ids(tenant, requests)
    rows = logs.get_log(log).get_many(tenant=tenant, ids=[i for i in ids if i is not None])
    numbers = numeric_estimates.find_many(
        tenant=tenant,
        ids=[i for i, row in rows.items() if row.reason == Reason.NUMERIC_ESTIMATE],
    )
    answers: dict[int, OutcomeResult | InvalidInput] = {}
    statements: dict[int, Statement] = {}
    for place, (request, prediction_id) in enumerate(zip(requests, ids, strict=True)):
        row = rows.get(prediction_id) if prediction_id is not None else None
        refusal = _refusal(request, row, now, is_number=prediction_id in numbers)
        if refusal is not None or row is None:
            answers[place] = refusal or _unknown(request)
        else:
            statements[place] = _statement(request, row)
    events = [s for s in statements.values() if s.scored.id not in numbers]
    fresh = _store(tenant, log, events, rows, now)
    fresh |= _store_numbers(tenant, [s for s in statements.values() if s.scored.id in numbers], now)
    for place, statement in statements.items():
        answers[place] = OutcomeResult(
            prediction_id=statement.scored.id, duplicate=statement.dedupe_key not in fresh
        )
    return [answers[place] for place in range(len(requests))]


def _prediction_ids(tenant: Tenant, requests: Sequence[OutcomeRequest]) -> list[UUID | None]:
    found = ingest_keys.stored_among(
        tenant=tenant, keys=[r.event for r in requests if r.event is not None]
    )
    return [r.prediction_id or (found.get(r.event) if r.event else None) for r in requests]


def _refusal(
    request: OutcomeRequest, row: ScoredPrediction | None, now: datetime, *, is_number: bool
) -> InvalidInput | None:
    if row is None:
        return _unknown(request)
    if is_number and not math.isfinite(request.value):
        return InvalidInput(field="value", value=request.value, expected="a finite number")
    if not is_number and request.value not in (0.0, 1.0):
        return InvalidInput(field="value", value=request.value, expected="0 or 1")
    if not 0.0 < request.propensity <= 1.0:
        return InvalidInput(field="propensity", value=request.propensity, expected="in (0, 1]")
    if request.known_at > now:
        return InvalidInput(
            field="known_at", value=request.known_at.isoformat(), expected="not in the future"
        )
    if request.known_at < row.occurred_at:
        return InvalidInput(
            field="known_at",
            value=request.known_at.isoformat(),
            expected=f"not before the event at {row.occurred_at.isoformat()}",
        )
    return None


def _unknown(request: OutcomeRequest) -> InvalidInput:
    return InvalidInput(
        field="prediction",
        value=str(request.prediction_id or request.event),
        expected="a prediction of this tenant",
    )


def _statement(request: OutcomeRequest, row: ScoredPrediction) -> Statement:
    return Statement(
        scored=prediction_log.as_scored(row),
        value=request.value,
        source=request.source,
        labeller=request.labeller,
        known_at=request.known_at,
        dedupe_key=request.dedupe_key,
        propensity=request.propensity,
    )


def _store(
    tenant: Tenant,
    log: str,
    statements: Sequence[Statement],
    rows: Mapping[UUID, ScoredPrediction],
    now: datetime,
) -> frozenset[str]:
    """Record statements, write them onto their predictions, close what they settle."""
    fresh = outcomes.record(tenant=tenant, log=log, statements=statements, now=now)
    if not fresh:
        return frozenset()
    logs.get_log(log).set_outcomes(
        tenant=tenant, values={s.scored.id: (s.value, s.known_at) for s in fresh}
    )
    _close_settled_work(tenant, {s.scored.id: s for s in fresh}, now)
    answered = [rows[statement.scored.id] for statement in fresh]
    alert_correlation.resolve_answered(
        tenant=tenant,
        fingerprints=[
            alert_correlation.prediction_fingerprint(
                model_type=row.model_type, entity_type=row.entity_type, entity_id=row.entity_id
            )
            for row in answered
        ],
        actor=fresh[0].labeller,
        now=now,
    )
    outbox.publish(tenant=tenant, kind="outcomes", data={"n": len(fresh)}, now=now)
    return frozenset(s.dedupe_key for s in fresh)


def _store_numbers(
    tenant: Tenant, statements: Sequence[Statement], now: datetime
) -> frozenset[str]:
    """Record known numbers beside their estimates; no work waits for them."""
    fresh = outcomes.record(
        tenant=tenant, log=numeric_estimates.LOG, statements=statements, now=now
    )
    if fresh:
        numeric_estimates.set_outcomes(
            tenant=tenant,
            values={s.scored.id: (s.value, s.known_at, s.propensity) for s in fresh},
        )
        outbox.publish(tenant=tenant, kind="outcomes", data={"n": len(fresh)}, now=now)
    return frozenset(s.dedupe_key for s in fresh)


def _close_settled_work(tenant: Tenant, fresh: Mapping[UUID, Statement], now: datetime) -> None:
    reviews = review_queue.find_open_of_predictions(tenant=tenant, prediction_ids=fresh)
    for labeller in sorted({fresh[i].labeller for i in reviews}):
        review_queue.close_many(
            tenant=tenant,
            verdicts={
                item.pk: _disposition(fresh[prediction_id].value)
                for prediction_id, item in reviews.items()
                if fresh[prediction_id].labeller == labeller
            },
            actor=labeller,
            now=now,
        )
    for ticket in tickets.open_of_predictions(tenant=tenant, prediction_ids=fresh):
        statement = fresh[ticket.prediction_id]
        tickets.resolve(
            tenant=tenant,
            ticket_id=ticket.pk,
            disposition=_disposition(statement.value),
            actor=statement.labeller,
            note=f"Outcome from {statement.source}",
            now=now,
        )


def _disposition(value: float) -> Disposition:
    return Disposition.TRUE_POSITIVE if value >= 0.5 else Disposition.FALSE_POSITIVE


def record_disposition(
    *,
    tenant: Tenant,
    item_id: int,
    disposition: Disposition,
    actor: str,
    now: datetime,
) -> ReviewItem:
    """
    Take a person's verdict on a review item; "inconclusive" closes it and labels nothing.

    Raises:
        NotFound: this tenant has no such item.
        NotReady: it has a verdict already.
    """
    review_queue.get_open(tenant=tenant, item_id=item_id)
    taken = record_dispositions(
        tenant=tenant, verdicts={item_id: disposition}, actor=actor, now=now
    )
    if not taken:
        raise NotReady(f"review item {item_id} has a verdict already")
    return taken[0]


@transaction.atomic
def record_dispositions(
    *, tenant: Tenant, verdicts: Mapping[int, Disposition], actor: str, now: datetime
) -> list[ReviewItem]:
    """Take verdicts on many review items at once; return those that had none before."""
    items = review_queue.close_many(tenant=tenant, verdicts=verdicts, actor=actor, now=now)
    for log in sorted({item.log for item in items}):
        _label(
            tenant=tenant,
            log=log,
            verdicts={
                item.prediction_id: _Verdict(
                    disposition=verdicts[item.pk],
                    source=("audit_sample" if item.kind == review_queue.AUDIT_SAMPLE else "review"),
                    propensity=item.propensity,
                    key=f"review:{item.pk}",
                )
                for item in items
                if item.log == log
            },
            actor=actor,
            now=now,
        )
    if items:
        audit.append(
            tenant=tenant,
            actor=actor,
            action="review.verdicts",
            target_kind="review_item",
            target_id=str(items[0].pk) if len(items) == 1 else f"{len(items)} items",
            detail={str(item.pk): verdicts[item.pk].value for item in items},
            now=now,
        )
    return items


@transaction.atomic
def resolve_ticket(
    *,
    tenant: Tenant,
    ticket_id: int,
    disposition: Disposition,
    actor: str,
    note: str,
    now: datetime,
) -> Ticket:
    """
    Close a ticket with what was found, and label the prediction that opened it.

    Predictions added later as evidence are not labelled by it: nobody looked at each.

    Raises:
        NotFound: this tenant has no such ticket.
        NotReady: it is resolved already.
    """
    ticket = tickets.resolve(
        tenant=tenant, ticket_id=ticket_id, disposition=disposition, actor=actor, note=note, now=now
    )
    _label(
        tenant=tenant,
        log=ticket.log,
        verdicts={
            ticket.prediction_id: _Verdict(disposition, "ticket", 1.0, f"ticket:{ticket.pk}")
        },
        actor=actor,
        now=now,
    )
    audit.append(
        tenant=tenant,
        actor=actor,
        action=f"ticket.{disposition}",
        target_kind="ticket",
        target_id=str(ticket.number),
        reason=note,
        now=now,
    )
    return ticket


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a person found about one prediction, and how it came to be looked at."""

    disposition: Disposition
    source: str
    propensity: float
    key: str


def _label(
    *,
    tenant: Tenant,
    log: str,
    verdicts: Mapping[UUID, _Verdict],
    actor: str,
    now: datetime,
) -> None:
    telling = {i: v for i, v in verdicts.items() if v.disposition in VALUE_OF}
    rows = logs.get_log(log).get_many(tenant=tenant, ids=telling)
    _store(
        tenant,
        log,
        [
            Statement(
                scored=prediction_log.as_scored(row),
                value=VALUE_OF[telling[row.id].disposition],
                source=telling[row.id].source,
                labeller=actor,
                known_at=now,
                dedupe_key=f"{telling[row.id].key}:{row.id}",
                propensity=telling[row.id].propensity,
            )
            for row in rows.values()
        ],
        rows,
        now,
    )
