"""Bring your own model: post a score or an event, and read what was decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.core.errors import InvalidInput
from watchfloor.core.signals import FUTURE_TOLERANCE, PAST_LIMIT
from watchfloor.entrypoints import clock, telemetry
from watchfloor.entrypoints.api.batches import Result, Taken, answered, keys_of
from watchfloor.entrypoints.api.bodies import MOST_ITEMS, checked_object, read_body
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.fitting import fitted
from watchfloor.entrypoints.api.schema import EVERYWHERE, WITH_BODY, described, one_or_many
from watchfloor.entrypoints.api.shapes import numbers
from watchfloor.entrypoints.api.shapes.predictions import (
    PredictionIn,
    PredictionOut,
    PredictionResults,
    shown,
)
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.inference import intervals
from watchfloor.ml.models import NumericEstimate, ScoredPrediction
from watchfloor.ml.predictions import prediction_log
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.noc.queries import decision_figures, floor_pages
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import prediction_intake
from watchfloor.workflows.prediction_intake import PredictionRequest, PredictionResult

# Sources that begin so belong to the devices themselves.
RESERVED_SOURCE = "device:"

REQUEST_EXAMPLE = {
    "event_id": "INC0024918",
    "source": "itsm",
    "model_type": "sla_breach",
    "model_version": "2026-03-01",
    "entity_type": "incident",
    "entity_id": "INC0024918",
    "occurred_at": "2026-03-02T11:58:00+01:00",
    "score": 0.83,
    "features": {"priority": 2, "category": "network", "reopened": False},
}
EXAMPLE = {
    "id": "019caddd-b4c0-8f5a-9c1e-3f6f2f0c8f0b",
    "source": "itsm",
    "event_id": "INC0024918",
    "model_type": "sla_breach",
    "model_version": "2026-03-01",
    "entity_type": "incident",
    "entity_id": "INC0024918",
    "site": None,
    "occurred_at": "2026-03-02T10:58:00Z",
    "predicted_at": "2026-03-02T12:00:00Z",
    "score": 0.83,
    "raw_score": 0.83,
    "intervals": [
        {"level": 90, "lower": 0.75, "upper": 0.88},
        {"level": 95, "lower": 0.74, "upper": 0.89},
        {"level": 99, "lower": 0.71, "upper": 0.91},
    ],
    "width": 0.15,
    "venn_abers": {"p0": 0.8, "p1": 0.84, "width": 0.04},
    "decision": "auto_ticket",
    "reason": "certified",
    "reason_sentence": (
        "Every condition for an automatic ticket held. From 0.78 on at most 10 % of the tickets "
        "are false, with 90 % confidence, from 1240 known outcomes."
    ),
    "decided_with": {
        "failing_clause": "",
        "failing_sentence": "",
        "review_score": 0.4,
        "ticket_score": 0.6,
        "ticket_threshold": 0.78,
        "clear_threshold": 0.02,
        "eps_ticket": 0.1,
        "eps_clear": 0.01,
        "beta_clear": 0.05,
        "delta": 0.1,
        "smallest_eps": 0.075,
        "smallest_eps_clear": 0.005,
        "calibration_hash": "ab41f0c7" * 8,
        "calibration_n": 1240,
        "interval_kind": "prob_bin",
    },
    "outcome": None,
    "outcome_known_at": None,
    "number": None,
}


class PredictionBatchIn(serializers.Serializer[Any]):
    """Up to 1,000 events, each judged alone."""

    items = serializers.ListField(child=PredictionIn(), min_length=1, max_length=MOST_ITEMS)


class Predictions(Endpoint):
    """Take predictions."""

    permission = Permission.SUBMIT_PREDICTIONS

    @described(
        tag="predictions",
        summary="Post predictions",
        description=(
            "One event, or a batch of up to 1,000 as `items`: with the score of your own model, "
            "with its estimate of a number, or for a model served here. An event posted twice "
            "under one source is one prediction, and its first answer is repeated. A batch is "
            "answered by a result for each item."
        ),
        body=one_or_many(PredictionIn, PredictionBatchIn, name="PredictionPost"),
        body_example=REQUEST_EXAMPLE,
        answers={
            201: PredictionOut,
            200: one_or_many(PredictionOut, PredictionResults, name="PredictionAnswer"),
            207: PredictionResults,
        },
        example=EXAMPLE,
        refusals=(*WITH_BODY, 409),
    )
    def post(self, request: Request) -> Response:
        """Carry each event to its decision."""
        body = read_body(request)
        now = clock.now()
        results = _results(
            self.actor.tenant, list(zip(body.items, keys_of(request, body), strict=True)), now
        )
        for result in results:
            status = result.status if isinstance(result, Taken) else "refused"
            telemetry.PREDICTIONS.labels(status=str(status)).inc()
        return answered(body, results, name="prediction")


class Prediction(Endpoint):
    """One logged prediction."""

    permission = Permission.VIEW_FLOOR

    @described(
        tag="predictions",
        summary="Read a prediction",
        description="Score, intervals, decision, reason and, once it is known, the outcome.",
        answers={200: PredictionOut},
        example=EXAMPLE,
        refusals=(*EVERYWHERE, 404),
    )
    def get(self, request: Request, prediction_id: UUID) -> Response:
        """Answer with the prediction, within the sites the caller may see."""
        row = floor_pages.get_prediction(
            tenant=self.actor.tenant, prediction_id=prediction_id, site_ids=self.actor.site_ids
        )
        estimates = numeric_calibration.estimates_of(tenant=self.actor.tenant, predictions=[row])
        return Response(_shown(self.actor.tenant, row, estimates.get(row.id)))


def _results(
    tenant: Tenant, items: Sequence[tuple[Any, str | None]], now: datetime
) -> list[Result]:
    results: dict[int, Result] = {}
    requests: dict[int, PredictionRequest] = {}
    for place, (item, key) in enumerate(items):
        try:
            requests[place] = _request(checked_object(item), key, now)
        except InvalidInput as error:
            results[place] = error
    given = prediction_intake.handle_predictions(
        tenant=tenant, requests=list(requests.values()), now=now
    )
    settled = [one for one in given if isinstance(one, PredictionResult)]
    telemetry.count_decisions(settled)
    rows = prediction_log.get_many(tenant=tenant, ids=[one.id for one in settled])
    estimates = numeric_calibration.estimates_of(tenant=tenant, predictions=rows.values())
    for place, one in zip(requests, given, strict=True):
        results[place] = (
            one
            if isinstance(one, InvalidInput)
            else _taken(tenant, one, rows[one.id], estimates.get(one.id))
        )
    return [results[place] for place in range(len(items))]


def _request(item: dict[str, Any], key: str | None, now: datetime) -> PredictionRequest:
    known = fitted(PredictionIn, item if key is None else {"event_id": key} | item)
    if "event_id" not in known:
        raise InvalidInput(
            field="event_id", value=None, expected="a value: it, or an Idempotency-Key, is required"
        )
    if known["source"].startswith(RESERVED_SOURCE):
        raise InvalidInput(
            field="source", value=known["source"], expected="a name that is not a device's"
        )
    if known["model_type"] == FRAUD_DETECTOR:
        raise InvalidInput(
            field="model_type", value=FRAUD_DETECTOR, expected="another: this one reads check-ins"
        )
    _refuse_far_times(known["occurred_at"], now)
    return PredictionRequest(**numbers.number_in(known))


def _refuse_far_times(at: datetime, now: datetime) -> None:
    if at > now + FUTURE_TOLERANCE:
        expected = "at most 2 hours ahead of its arrival"
    elif at < now - PAST_LIMIT:
        expected = "at most 400 days before its arrival"
    else:
        return
    raise InvalidInput(field="occurred_at", value=at.isoformat(), expected=expected)


def _taken(
    tenant: Tenant,
    result: PredictionResult,
    row: ScoredPrediction,
    estimate: NumericEstimate | None,
) -> Taken:
    return Taken(200 if result.duplicate else 201, _shown(tenant, row, estimate))


def _shown(
    tenant: Tenant, row: ScoredPrediction, estimate: NumericEstimate | None
) -> dict[str, Any]:
    return shown(
        row,
        intervals=intervals.intervals_of(tenant=tenant, row=row),
        pair=intervals.pair_of(tenant=tenant, row=row),
        told=decision_figures.told_of(tenant=tenant, prediction=row),
        number=_number(tenant, estimate) if estimate is not None else None,
    )


def _number(tenant: Tenant, estimate: NumericEstimate) -> dict[str, Any]:
    found = numeric_calibration.intervals_of(tenant=tenant, row=estimate)
    return numbers.number_shown(estimate, found)
