"""Straight into the workflows, in this process: no broker and no server between."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints.cli.replay.door import SOURCE, Fate, Told
from watchfloor.entrypoints.cli.replay.protocol import (
    BrokenRow,
    RecordedEvent,
    RecordedOutcome,
)
from watchfloor.ml.predictions import prediction_log
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import outcome_feedback, prediction_intake, security_anomaly
from watchfloor.workflows.outcome_feedback import OutcomeRequest, OutcomeResult
from watchfloor.workflows.prediction_intake import PredictionRequest, PredictionResult


class DirectDoor:
    """Calls the workflows that every door calls."""

    def __init__(self, *, tenant: Tenant, model_type: str, source: str = SOURCE) -> None:
        self._tenant = tenant
        self._model_type = model_type
        self._source = source
        self._buried: Counter[bytes] = Counter()

    def predict(self, events: Sequence[RecordedEvent | BrokenRow], *, now: datetime) -> list[Fate]:
        """Predict about events in one transaction; what does not fit is a dead letter."""
        sound = [event for event in events if isinstance(event, RecordedEvent)]
        answers = iter(
            prediction_intake.handle_predictions(
                tenant=self._tenant, requests=[self._request(event) for event in sound], now=now
            )
        )
        fates = []
        for event in events:
            if isinstance(event, BrokenRow):
                fates.append(self._bury(event, now))
            else:
                fates.append(self._fate(event, next(answers), now))
        return fates

    def _request(self, event: RecordedEvent) -> PredictionRequest:
        return PredictionRequest(
            event_id=event.event_id,
            source=self._source,
            model_type=self._model_type,
            entity_type=event.entity_type,
            entity_id=event.entity_id,
            occurred_at=event.occurred_at,
            features=event.features,
            site=event.site,
        )

    def _fate(
        self, event: RecordedEvent, answer: PredictionResult | InvalidInput, now: datetime
    ) -> Fate:
        if isinstance(answer, PredictionResult):
            return Fate.DUPLICATE if answer.duplicate else Fate.STORED
        shown: dict[str, Any] = {"event_id": event.event_id, "site": event.site}
        payload = json.dumps(shown | {"features": dict(event.features)}).encode()
        return self._bury(
            BrokenRow(place=0, payload=payload, field=answer.field, error=str(answer)), now
        )

    def _bury(self, row: BrokenRow, now: datetime) -> Fate:
        # Counted by this run: the rows of a run before it are the same rows, not more of them.
        self._buried[row.payload] += 1
        security_anomaly.keep_unreadable(
            tenant_code=self._tenant.code,
            unreadable=Unreadable(
                door=SOURCE,
                topic=self._tenant.code,
                payload=row.payload,
                field=row.field,
                error=row.error,
            ),
            now=now,
            nth=self._buried[row.payload],
        )
        return Fate.DEAD

    def tell(self, outcomes: Sequence[RecordedOutcome], *, now: datetime) -> list[Told]:
        """Record outcomes in one transaction, each as known since its own moment."""
        answers = outcome_feedback.record_outcomes(
            tenant=self._tenant,
            log=prediction_log.LOG,
            requests=[self._statement(outcome) for outcome in outcomes],
            now=now,
        )
        return [_told(answer) for answer in answers]

    def _statement(self, outcome: RecordedOutcome) -> OutcomeRequest:
        return OutcomeRequest(
            event=(self._source, outcome.event_id),
            value=outcome.value,
            known_at=outcome.known_at,
            source=SOURCE,
            labeller=self._tenant.code,
            dedupe_key=f"{SOURCE}:{outcome.event_id}",
        )

    def close(self) -> None:
        """Nothing was started."""


def _told(answer: OutcomeResult | InvalidInput) -> Told:
    if isinstance(answer, InvalidInput):
        return Told.REFUSED
    return Told.DUPLICATE if answer.duplicate else Told.RECORDED
