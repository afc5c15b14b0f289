"""A model that runs elsewhere: it posts scores, and people tell later what came of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.calibration import conformal_predictor
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.calibration.conformal_predictor import Promises
from watchfloor.ml.models import CutReason, OutcomeRecord
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import thresholds
from watchfloor.tenants.models import Tenant
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

DESK = "sla_breach"
VERSION = "v1"


@dataclass
class PostedModel:
    """Predictions of one posted model; an event happens as often as its score says."""

    tenant: Tenant
    seed: int = 20260302
    scores: dict[str, float] = field(default_factory=dict)

    def predict(self, n: int, *, at: datetime, low: float = 0.0, high: float = 1.0) -> list[str]:
        """Post n scores of [low, high], a minute apart, received at the last one."""
        first = len(self.scores)
        rng = np.random.default_rng([self.seed, first])
        made = {f"INC{first + i}": float(rng.uniform(low, high)) for i in range(n)}
        self.scores |= made
        handle_predictions(
            tenant=self.tenant,
            requests=[
                PredictionRequest(
                    event_id=event,
                    source="itsm",
                    model_type=DESK,
                    entity_type="incident",
                    entity_id=event,
                    occurred_at=at,
                    score=score,
                    model_version=VERSION,
                )
                for event, score in made.items()
            ],
            now=at,
        )
        return list(made)

    def tell(self, events: list[str], *, at: datetime, is_turned: bool = False) -> None:
        """Say what became of events; in a turned world the opposite of what scores say."""
        record_outcomes(
            tenant=self.tenant,
            log="prediction",
            requests=[
                OutcomeRequest(
                    event=("itsm", event),
                    value=self.value(event, is_turned=is_turned),
                    known_at=at,
                    source="api",
                    labeller="desk",
                    dedupe_key=f"{event}:{at.isoformat()}",
                )
                for event in events
            ],
            now=at,
        )

    def value(self, event: str, *, is_turned: bool = False) -> float:
        rng = np.random.default_rng([self.seed, 1, int(event[3:])])
        rate = 1 - self.scores[event] if is_turned else self.scores[event]
        return float(rng.uniform() < rate)

    def live(self, days: int, *, since: datetime, a_day: int, is_turned: bool = False) -> datetime:
        """Predict at noon, and tell six hours later; return the noon after the last day."""
        for day in range(days):
            noon = since + timedelta(days=day)
            events = self.predict(a_day, at=noon)
            self.tell(events, at=noon + timedelta(hours=6), is_turned=is_turned)
        return since + timedelta(days=days)

    def version(self):
        return registry.get_version(tenant=self.tenant, model_type=DESK, version=VERSION)

    def told(self) -> list[OutcomeRecord]:
        rows = OutcomeRecord.objects.for_tenant(self.tenant).filter(is_current=True)
        return list(rows.order_by("occurred_at", "prediction_id"))

    def calibrate(self, *, at: datetime) -> str:
        """Cut a set from everything that is known, let it serve, and return its digest."""
        told = self.told()
        values = thresholds.values_in_force(tenant=self.tenant, model_type=DESK)
        _, row = conformal_predictor.calibrate(
            tenant=self.tenant,
            version=self.version(),
            rows=CalibrationRows.of_pairs(
                [record.score for record in told], [record.value for record in told]
            ),
            promises=Promises.of(values),
            provenance=Provenance(reason=CutReason.WEEKLY, source="outcomes"),
            now=at,
        )
        registry.recalibrated_stack(
            deployment=registry.deployment_of(tenant=self.tenant, model_type=DESK, now=at),
            calibration=row,
            thresholds=thresholds.snapshot(tenant=self.tenant, model_type=DESK),
            now=at,
        )
        return row.sha256

    @property
    def quantised(self) -> dict[str, float]:
        return {event: PROBABILITY.quantise_one(p)[1] for event, p in self.scores.items()}
