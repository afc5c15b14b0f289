"""A signal from the edge comes in: store once, and for a check-in score, decide, act and log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from watchfloor.core.decision.risk import risk_level
from watchfloor.core.errors import MalformedReading
from watchfloor.core.features.guard_checkin import guard_checkin_features
from watchfloor.core.identity import event_uuid
from watchfloor.core.local_time import local_day
from watchfloor.core.signals import SignalReading, parse_reading
from watchfloor.ledger import audit, outbox
from watchfloor.ml.calibration import conformal_predictor
from watchfloor.ml.calibration.conformal_predictor import Prediction
from watchfloor.ml.inference import serving, shadow
from watchfloor.ml.inference.serving import ServingModel
from watchfloor.ml.predictions import prediction_log, rollups
from watchfloor.noc.decision import decision_effects, decisions
from watchfloor.noc.decision.decisions import Decided, Subject
from watchfloor.noc.intake import (
    activity_signals,
    checkin_context,
    dead_letters,
    fraud_log,
    ingest_keys,
)
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.noc.models import ActivitySignal, DeadLetter, FraudPredictionLog
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.tenants import directory, flags
from watchfloor.tenants.directory import Codes
from watchfloor.tenants.models import Person, Tenant

SCORED_EVENTS = frozenset({"check_in", "check_out"})
NO_VERSION = "none"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as a door took it: who sent it by its topic, and its bytes."""

    door: str
    topic: str
    device: str
    kind: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SignalResult:
    """What became of one event of a message: stored, duplicate or dead."""

    status: str
    event_id: str = ""
    prediction_id: UUID | None = None
    score: float | None = None
    decision: str = ""
    reason: str = ""
    error: MalformedReading | None = None


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A readable event whose sender and people this tenant knows."""

    place: int
    reading: SignalReading
    row_id: UUID


def handle_signals(
    *, tenant: Tenant, messages: Sequence[Incoming], now: datetime
) -> list[SignalResult]:
    """
    Carry a micro-batch of one tenant to its effect, exactly once, in one transaction.

    Returns:
        A result for each event, in the order of messages and of the events in them. An
        unreadable event becomes a dead letter and the others go on.
    """
    try:
        return _handle(tenant=tenant, messages=messages, now=now)
    except IntegrityError:
        # Another process stored one of these events a moment ago: now it is found.
        return _handle(tenant=tenant, messages=messages, now=now)


def keep_unreadable(
    *, tenant_code: str, unreadable: Unreadable, now: datetime, nth: int | None = None
) -> DeadLetter:
    """
    Keep a message that reached no stream; an unknown tenant's is the platform's.

    Args:
        nth: which of its repetitions this is, where the sender counts them.
    """
    tenant = directory.find_tenant(tenant_code) or directory.platform_tenant()
    return dead_letters.keep(tenant=tenant, unreadable=unreadable, now=now, nth=nth)


@transaction.atomic
def replay_dead_letter(
    *, tenant: Tenant, letter_id: int, actor: str, now: datetime
) -> list[SignalResult]:
    """
    Take a dead letter again as if it came now, and close it if every event of it was stored.

    Raises:
        NotFound: this tenant has no such letter.
        NotReady: it is settled already, or only its head was kept.
    """
    letter = dead_letters.get_whole(tenant=tenant, letter_id=letter_id)
    message = _incoming_of(letter)
    results = _handle(tenant=tenant, messages=[message], now=now)
    still_dead = [result for result in results if result.status == "dead"]
    if not still_dead:
        dead_letters.settle(
            letter=letter,
            state=DeadLetterState.REPLAYED,
            actor=actor,
            note=f"{len(results)} events stored",
            now=now,
        )
    audit.append(
        tenant=tenant,
        actor=actor,
        action="dead_letter.replayed" if not still_dead else "dead_letter.still_dead",
        target_kind="dead_letter",
        target_id=str(letter.pk),
        now=now,
    )
    return results


def _incoming_of(letter: DeadLetter) -> Incoming:
    levels = letter.topic.split("/")
    device, kind = (levels[2], levels[3]) if len(levels) == 4 else ("", "")
    return Incoming(
        door=letter.door,
        topic=letter.topic,
        device=device,
        kind=kind,
        payload=bytes(letter.payload),
    )


@transaction.atomic
def _handle(*, tenant: Tenant, messages: Sequence[Incoming], now: datetime) -> list[SignalResult]:
    read = [
        (message, reading)
        for message in messages
        for reading in parse_reading(
            tenant=tenant.code,
            device=message.device,
            kind=message.kind,
            payload=message.payload,
            received_at=now,
        )
    ]
    readings = [reading for _, reading in read if isinstance(reading, SignalReading)]
    codes = _codes(tenant, readings)
    seen = ingest_keys.stored_among(tenant=tenant, keys=[_key(r) for r in readings])
    results: dict[int, SignalResult] = {}
    accepted: list[_Accepted] = []
    for place, (message, reading) in enumerate(read):
        if isinstance(reading, SignalReading):
            refusal = _refusal(reading, codes)
            key = _key(reading)
            if refusal is None and key in seen:
                results[place] = SignalResult("duplicate", reading.event_id)
            elif refusal is None:
                seen[key] = _row_id(tenant, reading)
                accepted.append(_Accepted(place, reading, seen[key]))
            else:
                results[place] = _dead(tenant, message, refusal, now)
        else:
            results[place] = _dead(tenant, message, reading, now)
    results.update(_carry(tenant, accepted, codes, now))
    return [results[place] for place in range(len(read))]


def _codes(tenant: Tenant, readings: Sequence[SignalReading]) -> Codes:
    return directory.look_up(
        tenant=tenant,
        sites=[r.site for r in readings if r.site],
        people=[r.guard for r in readings if r.guard],
        devices=[r.device for r in readings],
    )


def _refusal(reading: SignalReading, codes: Codes) -> MalformedReading | None:
    checks = (
        ("device", reading.device, codes.devices, "a device of this tenant"),
        ("site", reading.site, codes.sites, "a site of this tenant"),
        ("guard", reading.guard, codes.people, "a person of this tenant"),
    )
    for name, code, known, expected in checks:
        if code is not None and code not in known:
            return MalformedReading(field=name, value=code, expected=expected)
    return None


def _key(reading: SignalReading) -> ingest_keys.EventKey:
    return f"device:{reading.device}", reading.event_id


def _row_id(tenant: Tenant, reading: SignalReading) -> UUID:
    return event_uuid(
        tenant=tenant.code,
        source=f"device:{reading.device}",
        event_id=reading.event_id,
        occurred_at=reading.occurred_at,
    )


def _dead(
    tenant: Tenant, message: Incoming, error: MalformedReading, now: datetime
) -> SignalResult:
    dead_letters.keep(
        tenant=tenant,
        unreadable=Unreadable(
            door=message.door,
            topic=message.topic,
            payload=message.payload,
            field=error.field,
            error=str(error),
        ),
        now=now,
    )
    return SignalResult("dead", error=error)


def _carry(
    tenant: Tenant, accepted: Sequence[_Accepted], codes: Codes, now: datetime
) -> dict[int, SignalResult]:
    """Store the new events of a micro-batch and predict about its check-ins."""
    if not accepted:
        return {}
    ingest_keys.claim(tenant=tenant, ids={_key(a.reading): a.row_id for a in accepted})
    activity_signals.store([_signal_row(tenant, one, codes) for one in accepted])
    directory.mark_heard(tenant=tenant, devices={a.reading.device for a in accepted}, now=now)
    scored = [one for one in accepted if one.reading.event_type in SCORED_EVENTS]
    predicted = _predict(tenant, scored, codes, now) if scored else {}
    outbox.publish(
        tenant=tenant,
        kind="signals",
        data={"n": len(accepted), "scored": len(scored)},
        now=now,
    )
    return {one.place: _result(one, predicted.get(one.row_id)) for one in accepted}


def _signal_row(tenant: Tenant, one: _Accepted, codes: Codes) -> ActivitySignal:
    reading = one.reading
    return ActivitySignal(
        id=one.row_id,
        tenant=tenant,
        occurred_at=reading.occurred_at,
        received_at=reading.received_at,
        device=reading.device,
        kind=reading.kind,
        event_type=reading.event_type,
        event_id=reading.event_id,
        shift=reading.shift or "",
        person=codes.people[reading.guard] if reading.guard else None,
        site=codes.sites[reading.site] if reading.site else None,
        lat=reading.lat,
        lon=reading.lon,
        accuracy_m=reading.accuracy_m,
        payload=dict(reading.payload),
    )


def _result(one: _Accepted, row: FraudPredictionLog | None) -> SignalResult:
    if row is None:
        return SignalResult("stored", one.reading.event_id)
    return SignalResult("stored", one.reading.event_id, row.id, row.score, row.decision, row.reason)


def _predict(
    tenant: Tenant, scored: Sequence[_Accepted], codes: Codes, now: datetime
) -> dict[UUID, FraudPredictionLog]:
    model = serving.serving_model(tenant=tenant, model_type=FRAUD_DETECTOR)
    features = _features(tenant, scored, codes, now)
    predictions = conformal_predictor.predict(serving=model, rows=features)
    subjects = [_subject(one, codes) for one in scored]
    rules = decisions.in_force(
        tenant=tenant,
        model_type=FRAUD_DETECTOR,
        automation=flags.automation_in_force(tenant=tenant, model_type=FRAUD_DETECTOR),
        now=now,
    )
    taken = decisions.decide_all(
        tenant=tenant,
        subjects=subjects,
        evidence=[conformal_predictor.evidence_of(p, serving=model, now=now) for p in predictions],
        rules=rules,
        now=now,
    )
    rows = [
        _prediction_row(tenant, one, subject, known, prediction, decided, model, codes, now)
        for one, subject, known, prediction, decided in zip(
            scored, subjects, features, predictions, taken, strict=True
        )
    ]
    fraud_log.write(rows)
    rollups.count_predictions(tenant=tenant, scored=[prediction_log.as_scored(row) for row in rows])
    shadow.score_beside(tenant=tenant, serving=model, rows=rows, features=features)
    decision_effects.act(
        tenant=tenant,
        subjects=subjects,
        predictions=rows,
        decided=taken,
        rules=rules,
        now=now,
    )
    return {row.id: row for row in rows}


def _features(
    tenant: Tenant, scored: Sequence[_Accepted], codes: Codes, now: datetime
) -> list[Mapping[str, float | None]]:
    readings = [one.reading for one in scored]
    histories = checkin_context.histories(tenant=tenant, readings=readings, codes=codes, now=now)
    return [
        guard_checkin_features(reading, history)
        for reading, history in zip(readings, histories, strict=True)
    ]


def _subject(one: _Accepted, codes: Codes) -> Subject:
    reading = one.reading
    person = codes.people[reading.guard] if reading.guard else None
    who = reading.device if person is None else _called(person)
    return Subject(
        log=fraud_log.LOG,
        prediction_id=one.row_id,
        occurred_at=reading.occurred_at,
        model_type=FRAUD_DETECTOR,
        entity_type="guard" if reading.guard else "device",
        entity_id=reading.guard or reading.device,
        site=codes.sites[reading.site] if reading.site else None,
        title=f"{reading.event_type.replace('_', '-').capitalize()} of {who} in doubt",
        person=person,
    )


def _called(person: Person) -> str:
    return person.name if person.name == person.code else f"{person.name} ({person.code})"


def _prediction_row(
    tenant: Tenant,
    one: _Accepted,
    subject: Subject,
    features: Mapping[str, float | None],
    prediction: Prediction,
    decided: Decided,
    model: ServingModel | None,
    codes: Codes,
    now: datetime,
) -> FraudPredictionLog:
    score = prediction.score
    return FraudPredictionLog(
        tenant=tenant,
        id=one.row_id,
        occurred_at=one.reading.occurred_at,
        source=f"device:{one.reading.device}",
        event_id=one.reading.event_id,
        entity_type=subject.entity_type,
        entity_id=subject.entity_id,
        site=subject.site,
        person=codes.people[one.reading.guard] if one.reading.guard else None,
        local_day=local_day(one.reading.occurred_at, tenant.zone),
        model_type=FRAUD_DETECTOR,
        model_version=model.version if model else NO_VERSION,
        features_json=dict(features),
        fraud_probability=None if score is None else Decimal(f"{score:.8f}"),
        risk_level="" if score is None else risk_level(score).value,
        predicted_at=now,
        **conformal_predictor.columns(prediction, serving=model),
        **decided.columns,
    )
