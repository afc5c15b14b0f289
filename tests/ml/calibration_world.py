"""Logged predictions with outcomes, written one by one: what a calibration set is cut from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from watchfloor.core.decision.policy import Outcome, Reason
from watchfloor.ml.calibration.calibration_cohort import CohortRules, Log
from watchfloor.ml.calibration.calibration_cut import Cut, cut_from_log
from watchfloor.ml.models import ModelVersion, OutcomeRecord, PredictionLog
from watchfloor.ml.predictions import prediction_log
from watchfloor.ml.versions import registry
from watchfloor.tenants.models import Tenant

NAMESPACE = UUID(int=7)
CHURN = "churn"
LOG = Log(name=prediction_log.LOG, table=PredictionLog)


@dataclass
class CalibrationWorld:
    """One model type of one tenant; `now` is the moment of the cut."""

    tenant: Tenant
    now: datetime
    version: ModelVersion
    n: int = 0

    def log(
        self,
        *,
        days_ago: float,
        outcome: float | None = 0.0,
        score: float | None = 0.5,
        known_after: timedelta = timedelta(hours=1),
        propensity: float = 1.0,
        decision: Outcome = Outcome.HUMAN_REVIEW,
        entity: str | None = None,
        version: str = "v1",
        features: dict[str, float] | None = None,
        review_score: float = 0.4,
    ) -> UUID:
        """Write one prediction, and its outcome unless that is None or not known yet."""
        self.n += 1
        key = uuid5(NAMESPACE, str(self.n))
        at = self.now - timedelta(days=days_ago)
        known_at = at + known_after
        known = outcome is not None and known_at <= self.now
        common = {
            "tenant": self.tenant,
            "occurred_at": at,
            "model_type": CHURN,
            "model_version": version,
            "score": score,
            "local_day": at.date(),
        }
        PredictionLog.objects.create(
            **common,
            id=key,
            source="test",
            event_id=str(self.n),
            entity_type="client",
            entity_id=entity or f"c{self.n}",
            features_json=features or {},
            decision=decision.value,
            reason=(Reason.NO_MODEL if score is None else Reason.NOT_CERTIFIED).value,
            review_score=review_score,
            predicted_at=at,
            outcome=outcome if known else None,
            outcome_known_at=known_at if known else None,
        )
        if known:
            OutcomeRecord.objects.create(
                **common,
                log=LOG.name,
                prediction_id=key,
                value=outcome,
                source="test",
                labeller="mia",
                propensity=propensity,
                known_at=known_at,
                recorded_at=known_at,
                dedupe_key=str(self.n),
            )
        return key

    def cut(self, **rules: float) -> Cut:
        """Cut what a set of the version would be made from."""
        return cut_from_log(
            tenant=self.tenant,
            version=self.version,
            log=LOG,
            features_of=lambda ids: prediction_log.features_of(tenant=self.tenant, ids=ids),
            rules=CohortRules(**rules),
            now=self.now,
        )


def make_world(tenant: Tenant, now: datetime, **version: object) -> CalibrationWorld:
    """Return a world whose version v1 scores elsewhere, unless an artifact is given."""
    row = registry.add_version(
        tenant=tenant,
        model_type=CHURN,
        version="v1",
        artifact=version.get("artifact", b""),
        manifest=version.get("manifest", {}),
        now=now,
    )
    return CalibrationWorld(tenant, now, row)
