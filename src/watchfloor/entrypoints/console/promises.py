"""What a serving calibration promises beside what its tenant asks for, as notes for a page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.certified import Certificate
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text


@dataclass(frozen=True, slots=True)
class Note:
    """One promise: a tone that colours it, a word, and a sentence with its figures."""

    tone: str
    title: str
    words: str


def promise_notes(calibration: Calibration | None, values: Mapping[str, float]) -> tuple[Note, ...]:
    """Return a note about tickets and one about clearing; nothing without a calibration."""
    if calibration is None:
        return ()
    delta = values["delta"]
    return (
        _ticket_note(calibration, eps=values["eps_ticket"], delta=delta),
        _clear_note(calibration, eps=values["eps_clear"], beta=values["beta_clear"], delta=delta),
    )


def _ticket_note(calibration: Calibration, *, eps: float, delta: float) -> Note:
    made = calibration.ticket
    if (late := _waiting(made, eps=eps, delta=delta)) is not None:
        return late
    if made.threshold is None:
        return _nothing(
            gettext("No ticket can open by itself at %(eps)s false ones.")
            % {"eps": percent_text(made.eps)},
            calibration.tickets_at,
        )
    words = gettext(
        "From %(from)s on at most %(eps)s of the tickets are false, %(sure)s sure: of %(n)s known "
        "outcomes there %(false)s were."
    )
    return Note("guarantee", gettext("Certified."), words % _facts(made))


def _clear_note(calibration: Calibration, *, eps: float, beta: float, delta: float) -> Note:
    made, positives = calibration.clear, calibration.positives_cleared
    if (late := _waiting(made, eps=eps, delta=delta)) is not None:
        return late
    if made.threshold is None:
        return _nothing(
            gettext("Nothing can be cleared by itself at %(eps)s events.")
            % {"eps": percent_text(made.eps, decimals=2)},
            calibration.clearing_at,
        )
    if positives is None or not positives.beta <= beta or positives.limit is None:
        words = gettext("Nothing is cleared: hiding at most %(beta)s of all events is not shown.")
        return Note("warning", gettext("Not certified."), words % {"beta": percent_text(beta)})
    words = gettext(
        "Up to %(from)s at most %(eps)s of the cleared are events, %(sure)s sure: of %(n)s known "
        "outcomes there %(false)s were. Below %(limit)s lie at most %(beta)s of all events."
    )
    facts = _facts(made) | {
        "eps": percent_text(made.eps, decimals=2),
        "limit": score_text(positives.limit),
        "beta": percent_text(positives.beta),
    }
    return Note("guarantee", gettext("Certified."), words % facts)


def _facts(made: Certificate) -> dict[str, str]:
    return {
        "from": score_text(made.threshold),
        "eps": percent_text(made.eps),
        "sure": percent_text(1 - made.delta, decimals=0),
        "n": count_text(made.n_certified),
        "false": count_text(made.false_certified),
    }


def _waiting(made: Certificate, *, eps: float, delta: float) -> Note | None:
    """Return what is said while a promise is stricter than its certificate."""
    if made.eps <= eps and made.delta <= delta:
        return None
    words = gettext(
        "The certificate keeps %(made)s, %(sure)s sure; asked for is %(eps)s, %(asked)s sure. "
        "Nothing is automatic by it until the next calibration."
    )
    facts = {
        "made": percent_text(made.eps, decimals=2),
        "sure": percent_text(1 - made.delta, decimals=0),
        "eps": percent_text(eps, decimals=2),
        "asked": percent_text(1 - delta, decimals=0),
    }
    return Note("warning", gettext("Waits."), words % facts)


def _nothing(words: str, curve: EpsCurve | None) -> Note:
    """Return what is said where nothing is certified, with the smallest share that could be."""
    smallest = curve.smallest_eps if curve is not None else None
    if smallest is not None:
        could = gettext("The smallest share that these outcomes can certify is %(eps)s.")
        words = f"{words} {could % {'eps': percent_text(smallest, decimals=2)}}"
    return Note("warning", gettext("Not certified."), words)
