"""What a ticket, an alert and a review item say about one prediction, to people and programs."""

from typing import Any

from watchfloor.core.decision.figures import percent
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.risk import RiskLevel, risk_level
from watchfloor.ml.inference import explanations
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.tenants.models import Person, Tenant

FRAUD_TAG = "ml_fraud_investigation"
OTHER_TAG = "ml_investigation"


def risk_of(prediction: ScoredPrediction) -> RiskLevel | None:
    """Return the risk band of a prediction; None without a score."""
    return None if prediction.score is None else risk_level(prediction.score)


def tag_of(model_type: str) -> str:
    """Return the workflow tag of tickets about a family of predictions."""
    return FRAUD_TAG if model_type == FRAUD_DETECTOR else OTHER_TAG


def facts_of(prediction: ScoredPrediction, *, person: Person | None) -> dict[str, Any]:
    """Return a prediction and its decision as plain JSON values."""
    risk = risk_of(prediction)
    return {
        "prediction_id": str(prediction.id),
        "source": prediction.source,
        "event_id": prediction.event_id,
        "occurred_at": prediction.occurred_at.isoformat(),
        "person": None if person is None else {"code": person.code, "name": person.name},
        "entity_type": prediction.entity_type,
        "entity_id": prediction.entity_id,
        "score": prediction.score,
        "risk": "" if risk is None else risk.value,
        "model_type": prediction.model_type,
        "model_version": prediction.model_version,
        "lower": prediction.prediction_lower_bound,
        "upper": prediction.prediction_upper_bound,
        "width": prediction.confidence_interval_width,
        "interval_kind": prediction.interval_kind,
        "calibration_hash": prediction.calibration_hash,
        "calibration_n": prediction.calibration_n,
        "ticket_threshold": prediction.ticket_threshold,
        "eps_ticket": prediction.eps_ticket,
        "delta": prediction.delta,
        "decision": prediction.decision,
        "reason": prediction.reason,
    }


def full_facts_of(
    prediction: ScoredPrediction, *, person: Person | None, tenant: Tenant
) -> dict[str, Any]:
    """Return the facts with every feature as it was served, and what moved the score most."""
    shares = explanations.shares_of(tenant=tenant, prediction=prediction)
    return facts_of(prediction, person=person) | {
        "features": dict(prediction.features_json),
        "shares": [
            {"name": each.name, "value": each.value, "share": round(each.share, 4)}
            for each in shares
        ],
    }


def body_of(prediction: ScoredPrediction, *, person: Person | None) -> str:
    """Return what a ticket says to somebody who reads nothing else, a sentence a line."""
    lines = [_probability(prediction), _interval(prediction), _promise(prediction)]
    lines.append(_whom(prediction, person))
    if prediction.site is not None:
        place = prediction.site
        client = f", of {place.client_name}" if place.client_name else ""
        lines.append(f"Site: {place.name}{client}.")
    at = prediction.occurred_at.isoformat(timespec="seconds")
    lines.append(f"Event: {prediction.event_id} from {prediction.source}, {at}.")
    return "\n".join(line for line in lines if line)


def _whom(prediction: ScoredPrediction, person: Person | None) -> str:
    if person is not None:
        return f"Person: {person.name}, {person.code}."
    if prediction.model_type != FRAUD_DETECTOR:
        return ""
    about = f"{prediction.entity_type.replace('_', ' ')} {prediction.entity_id}"
    return f"Person: not known; it is about the {about}."


def _probability(prediction: ScoredPrediction) -> str:
    risk = risk_of(prediction)
    if prediction.score is None or risk is None:
        return Reason.CANNOT_SCORE.sentence
    model = f"{prediction.model_type} {prediction.model_version}"
    return f"Probability {prediction.score:.4g}, {risk.value} risk, by {model}."


def _interval(prediction: ScoredPrediction) -> str:
    low, high = prediction.prediction_lower_bound, prediction.prediction_upper_bound
    width = prediction.confidence_interval_width
    if low is None or high is None or width is None:
        return ""
    return (
        f"Of predictions like this one, between {low:.3g} and {high:.3g} are real "
        f"(95 %, width {width:.3g})."
    )


def _promise(prediction: ScoredPrediction) -> str:
    threshold, eps, delta = prediction.ticket_threshold, prediction.eps_ticket, prediction.delta
    if threshold is None or eps is None or delta is None:
        return ""
    return (
        f"Tickets open by themselves from {threshold:.4g}: at most {percent(eps)} of them are "
        f"false, with {percent(1 - delta)} confidence, from {prediction.calibration_n} known "
        f"outcomes (calibration {prediction.calibration_hash[:12]})."
    )
