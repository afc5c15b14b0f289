"""Why a logged prediction was decided as it was, with its figures, for people and programs."""

from dataclasses import dataclass

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.core.decision.figures import Figures, explained
from watchfloor.core.decision.reason import Reason
from watchfloor.ml.inference import serving
from watchfloor.ml.models import ScoredPrediction
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Told:
    """
    Why one prediction was decided as it was.

    Args:
        sentence: of its reason, with the figures.
        failing_sentence: what kept it from being acted on, where that is not its reason.
    """

    sentence: str
    failing_sentence: str
    figures: Figures


def told_of(*, tenant: Tenant, prediction: ScoredPrediction) -> Told:
    """Return why a logged prediction was decided as it was."""
    figures = figures_of(tenant=tenant, prediction=prediction)
    failing = prediction.failing_clause
    is_said = not failing or failing == prediction.reason
    return Told(
        sentence=_sentence(prediction.reason, figures),
        failing_sentence="" if is_said else _sentence(failing, figures),
        figures=figures,
    )


def _sentence(reason: str, figures: Figures) -> str:
    try:
        return explained(Reason(reason), figures)
    except ValueError:
        # Stored by another version of the product.
        return reason.replace("_", " ")


def figures_of(*, tenant: Tenant, prediction: ScoredPrediction) -> Figures:
    """
    Return the numbers a prediction was decided with.

    Those that its row does not hold are None where its calibration can no longer be read.
    """
    calibration = serving.find_calibration(tenant=tenant, sha256=prediction.calibration_hash)
    is_quiet = prediction.score is not None and prediction.score < prediction.review_score
    certificate = None
    if calibration is not None:
        certificate = calibration.clear if is_quiet else calibration.ticket
    positives = calibration.positives_cleared if calibration is not None else None
    return Figures(
        score=prediction.score,
        review_score=prediction.review_score,
        ticket_score=prediction.ticket_score,
        ticket_threshold=prediction.ticket_threshold,
        clear_threshold=prediction.clear_threshold,
        eps_ticket=prediction.eps_ticket,
        eps_clear=prediction.eps_clear,
        beta_clear=prediction.beta_clear,
        delta=prediction.delta,
        certificate_eps=certificate.eps if certificate else None,
        certificate_delta=certificate.delta if certificate else None,
        positives_limit=positives.limit if positives else None,
        smallest_eps=_smallest(calibration.tickets_at if calibration else None),
        smallest_eps_clear=_smallest(calibration.clearing_at if calibration else None),
        calibration_n=prediction.calibration_n,
        width=prediction.confidence_interval_width,
        pair_width=_pair_width(calibration, prediction.score),
    )


def _smallest(curve: EpsCurve | None) -> float | None:
    return curve.smallest_eps if curve is not None else None


def _pair_width(calibration: Calibration | None, score: float | None) -> float | None:
    if calibration is None or calibration.venn_abers is None or score is None:
        return None
    low, high = calibration.pair(score)
    return high - low
