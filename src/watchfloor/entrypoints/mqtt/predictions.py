"""Messages that ask for a prediction: read, carried to the same story as a posted one, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from watchfloor.core.errors import InvalidInput
from watchfloor.core.prediction_messages import PredictionMessage, parse_predictions
from watchfloor.entrypoints import telemetry
from watchfloor.entrypoints.mqtt.inbox import Received
from watchfloor.entrypoints.mqtt.tally import Tally
from watchfloor.entrypoints.mqtt.topics import Address, storable
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import prediction_intake, security_anomaly
from watchfloor.workflows.prediction_intake import PredictionRequest, PredictionResult

DOOR = "mqtt"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One event of a message, and the message it came in."""

    message: Received
    request: PredictionRequest


def predict_all(
    *, tenant: Tenant, messages: Sequence[tuple[Received, Address]], now: datetime
) -> Tally:
    """
    Predict about the events of messages in one transaction; what does not fit is a dead letter.

    A dead letter is kept after that transaction: a message that comes again because the
    process died in between finds its events stored, and its letter once.
    """
    asked: list[_Asked] = []
    refused: list[tuple[Received, InvalidInput]] = []
    for message, address in messages:
        for read in _read(tenant, message, address, now):
            if isinstance(read, PredictionRequest):
                asked.append(_Asked(message, read))
            else:
                refused.append((message, read))
    answers = prediction_intake.handle_predictions(
        tenant=tenant, requests=[one.request for one in asked], now=now
    )
    telemetry.count_decisions(each for each in answers if isinstance(each, PredictionResult))
    total = Tally()
    for one, answer in zip(asked, answers, strict=True):
        if isinstance(answer, InvalidInput):
            refused.append((one.message, answer))
        else:
            total += Tally(duplicate=1) if answer.duplicate else Tally(stored=1)
    for message, error in refused:
        _keep(tenant, message, error, now)
    return total + Tally(dead=len(refused))


def _read(
    tenant: Tenant, message: Received, address: Address, now: datetime
) -> list[PredictionRequest | InvalidInput]:
    parsed = parse_predictions(
        tenant=tenant.code, device=address.device, payload=message.payload, received_at=now
    )
    return [_request(one, address) if isinstance(one, PredictionMessage) else one for one in parsed]


def _request(one: PredictionMessage, address: Address) -> PredictionRequest | InvalidInput:
    if one.model_type == FRAUD_DETECTOR:
        return InvalidInput(
            field="model_type", value=one.model_type, expected="another: this one reads check-ins"
        )
    return PredictionRequest(
        event_id=one.event_id,
        source=f"device:{address.device}",
        model_type=one.model_type,
        entity_type=one.entity_type,
        entity_id=one.entity_id,
        occurred_at=one.occurred_at,
        features=one.features,
        score=one.score,
        model_version=one.model_version,
        site=one.site,
    )


def _keep(tenant: Tenant, message: Received, error: InvalidInput, now: datetime) -> None:
    security_anomaly.keep_unreadable(
        tenant_code=tenant.code,
        unreadable=Unreadable(
            door=DOOR,
            topic=storable(message.topic),
            payload=message.payload,
            field=error.field,
            error=storable(str(error)),
        ),
        now=now,
    )
