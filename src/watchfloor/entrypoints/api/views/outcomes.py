"""Tell what turned out to be true, days or months later."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.core.errors import InvalidInput, NotFound
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.batches import Result, Taken, answered, keys_of
from watchfloor.entrypoints.api.bodies import MOST_ITEMS, checked_object, read_body
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.fitting import fitted
from watchfloor.entrypoints.api.schema import WITH_BODY, described, one_or_many
from watchfloor.entrypoints.api.shapes.outcomes import OutcomeIn, OutcomeOut, OutcomeResults
from watchfloor.noc.queries import floor_pages
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import outcome_feedback
from watchfloor.workflows.outcome_feedback import OutcomeRequest

DEFAULT_SOURCE = "api"
REQUEST_EXAMPLE = {
    "source": "itsm",
    "event_id": "INC0024918",
    "value": 1,
    "known_at": "2026-03-09T08:30:00Z",
}
EXAMPLE = {
    "prediction_id": "019caddd-b4c0-8f5a-9c1e-3f6f2f0c8f0b",
    "value": 1.0,
    "known_at": "2026-03-09T08:30:00Z",
    "duplicate": False,
}


class OutcomeBatchIn(serializers.Serializer[Any]):
    """Up to 1,000 statements, each judged alone."""

    items = serializers.ListField(child=OutcomeIn(), min_length=1, max_length=MOST_ITEMS)


class Outcomes(Endpoint):
    """Take outcomes."""

    permission = Permission.SUBMIT_OUTCOMES

    @described(
        tag="predictions",
        summary="Post outcomes",
        description=(
            "What turned out to be true about a prediction, named by its id or by the source and "
            "id of its event. A later statement supersedes an earlier one and both are kept. One "
            "statement about a prediction in a batch."
        ),
        body=one_or_many(OutcomeIn, OutcomeBatchIn, name="OutcomePost"),
        body_example=REQUEST_EXAMPLE,
        answers={
            201: OutcomeOut,
            200: one_or_many(OutcomeOut, OutcomeResults, name="OutcomeAnswer"),
            207: OutcomeResults,
        },
        example=EXAMPLE,
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request) -> Response:
        """Record each statement once."""
        body = read_body(request)
        results: dict[int, Result] = {}
        stated: dict[int, dict[str, Any]] = {}
        for place, (item, key) in enumerate(zip(body.items, keys_of(request, body), strict=True)):
            try:
                stated[place] = _statement(checked_object(item), key)
            except InvalidInput as error:
                results[place] = error
        results |= _recorded(self.actor.tenant, stated, self.actor.name, clock.now())
        return answered(body, [results[place] for place in range(len(body.items))], name="outcome")


def _statement(item: dict[str, Any], key: str | None) -> dict[str, Any]:
    known = fitted(OutcomeIn, item if key is None else {"statement_id": key} | item)
    by_id, by_event = "prediction_id" in known, "event_id" in known
    if by_id == by_event:
        raise InvalidInput(
            field="prediction_id",
            value=str(known.get("prediction_id")),
            expected="this or the source and event_id, and not both",
        )
    return known


def _recorded(
    tenant: Tenant, stated: Mapping[int, dict[str, Any]], labeller: str, now: datetime
) -> dict[int, Result]:
    """Find the prediction of each statement and record it with the others of its log."""
    ids = _prediction_ids(tenant, stated)
    logs = floor_pages.logs_of(tenant=tenant, prediction_ids=ids.values())
    results: dict[int, Result] = {}
    groups: dict[str, dict[int, OutcomeRequest]] = {}
    told: set[UUID] = set()
    for place, known in stated.items():
        prediction_id = ids.get(place)
        if prediction_id is None or prediction_id not in logs:
            results[place] = NotFound("a prediction of that id or event does not exist")
        elif prediction_id in told:
            results[place] = InvalidInput(
                field="prediction_id",
                value=str(prediction_id),
                expected="one statement about a prediction in a batch",
            )
        else:
            told.add(prediction_id)
            group = groups.setdefault(logs[prediction_id], {})
            group[place] = _request(known, prediction_id, labeller, now)
    for log, group in groups.items():
        results |= _taken(tenant, log, group, now)
    return results


def _prediction_ids(tenant: Tenant, stated: Mapping[int, dict[str, Any]]) -> dict[int, UUID]:
    ids: dict[int, UUID] = {
        place: known["prediction_id"] for place, known in stated.items() if "prediction_id" in known
    }
    events = {
        place: (known.get("source", DEFAULT_SOURCE), known["event_id"])
        for place, known in stated.items()
        if "event_id" in known
    }
    found = floor_pages.ids_of_events(tenant=tenant, events=events.values())
    return ids | {place: found[event] for place, event in events.items() if event in found}


def _request(
    known: Mapping[str, Any], prediction_id: UUID, labeller: str, now: datetime
) -> OutcomeRequest:
    return OutcomeRequest(
        prediction_id=prediction_id,
        value=known["value"],
        known_at=known.get("known_at", now),
        source="api",
        labeller=labeller,
        dedupe_key=_dedupe_key(known, prediction_id),
        propensity=known["propensity"],
    )


def _dedupe_key(known: Mapping[str, Any], prediction_id: UUID) -> str:
    stated = known.get("statement_id") or f"{known['value']}\x1f{known.get('known_at', '')}"
    digest = hashlib.sha256(f"{prediction_id}\x1f{stated}".encode()).hexdigest()
    return f"api:{digest}"


def _taken(
    tenant: Tenant, log: str, group: Mapping[int, OutcomeRequest], now: datetime
) -> dict[int, Result]:
    requests: Sequence[OutcomeRequest] = list(group.values())
    given = outcome_feedback.record_outcomes(tenant=tenant, log=log, requests=requests, now=now)
    return {
        place: one
        if isinstance(one, InvalidInput)
        else Taken(200 if one.duplicate else 201, _shown(request, one.duplicate))
        for (place, request), one in zip(group.items(), given, strict=True)
    }


def _shown(request: OutcomeRequest, duplicate: bool) -> dict[str, Any]:
    return {
        "prediction_id": str(request.prediction_id),
        "value": request.value,
        "known_at": request.known_at,
        "duplicate": duplicate,
    }
