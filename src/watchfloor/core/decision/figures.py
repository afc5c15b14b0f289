"""A reason with its figures: what was asked for, what there was, and what could be certified."""

from collections.abc import Callable
from dataclasses import dataclass

from watchfloor.core.decision.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    The numbers one decision was taken with; None where there was none.

    Args:
        certificate_eps, certificate_delta: what the certificate in force was made for; of
            tickets, or of clearing where the score is below the review threshold.
        smallest_eps: the smallest share of false tickets that the same outcomes can certify.
        smallest_eps_clear: the smallest share of events among the cleared.
        positives_limit: clearing below it keeps the promise about all events.
        calibration_n: known outcomes behind the certificate.
        width: of the interval of the event rate, 95 %.
        pair_width: distance of the Venn-Abers pair.
    """

    score: float | None = None
    review_score: float | None = None
    ticket_score: float | None = None
    ticket_threshold: float | None = None
    clear_threshold: float | None = None
    eps_ticket: float | None = None
    eps_clear: float | None = None
    beta_clear: float | None = None
    positives_limit: float | None = None
    delta: float | None = None
    certificate_eps: float | None = None
    certificate_delta: float | None = None
    smallest_eps: float | None = None
    smallest_eps_clear: float | None = None
    calibration_n: int | None = None
    width: float | None = None
    pair_width: float | None = None


def explained(reason: Reason, figures: Figures) -> str:
    """
    Return the sentence of a reason, and its figures where they are known.

    >>> asked = Figures(score=0.71, eps_ticket=0.1, delta=0.1, smallest_eps=0.2)
    >>> explained(Reason.NOT_CERTIFIED, asked).partition(". ")[2]
    'Nothing is certified at 10 % false tickets; the smallest share that can be is 20 %.'
    >>> explained(Reason.KILL_SWITCH, asked) == Reason.KILL_SWITCH.sentence
    True
    """
    tell = _DETAILS.get(reason)
    detail = tell(figures) if tell is not None else ""
    return f"{reason.sentence} {detail}" if detail else reason.sentence


def percent(share: float) -> str:
    """
    Return a share as a percentage of up to three digits.

    >>> percent(0.1), percent(0.0025)
    ('10 %', '0.25 %')
    """
    return f"{100 * share:.3g} %"


def _certified(figures: Figures) -> str:
    threshold, eps, delta = figures.ticket_threshold, figures.eps_ticket, figures.delta
    if threshold is None or eps is None or delta is None:
        return ""
    return (
        f"From {threshold:.4g} on at most {percent(eps)} of the tickets are false, with "
        f"{percent(1 - delta)} confidence, from {figures.calibration_n} known outcomes."
    )


def _cleared(figures: Figures) -> str:
    threshold, eps, delta = figures.clear_threshold, figures.eps_clear, figures.delta
    if threshold is None or eps is None or delta is None:
        return ""
    return (
        f"Up to {threshold:.4g} at most {percent(eps)} are events, with {percent(1 - delta)} "
        f"confidence, from {figures.calibration_n} known outcomes."
    )


def _not_certified(figures: Figures) -> str:
    return _not_certified_clear(figures) if _is_quiet(figures) else _not_certified_ticket(figures)


def _not_certified_ticket(figures: Figures) -> str:
    if figures.score is None or figures.eps_ticket is None:
        return ""
    if figures.ticket_threshold is not None:
        return (
            f"The score is {figures.score:.4g}; {percent(figures.eps_ticket)} false tickets are "
            f"certified from {figures.ticket_threshold:.4g} on."
        )
    nothing = f"Nothing is certified at {percent(figures.eps_ticket)} false tickets"
    if figures.smallest_eps is not None and figures.smallest_eps <= figures.eps_ticket:
        return f"{nothing} from this tenant's own ticket threshold on, which lies above all tested."
    return f"{nothing}{_smallest(figures.smallest_eps)}."


def _not_certified_clear(figures: Figures) -> str:
    if figures.score is None or figures.eps_clear is None:
        return ""
    if figures.clear_threshold is not None:
        return (
            f"The score is {figures.score:.4g}; {percent(figures.eps_clear)} events among the "
            f"cleared are certified up to {figures.clear_threshold:.4g}."
        )
    nothing = f"Nothing is certified at {percent(figures.eps_clear)} events among the cleared"
    return f"{nothing}{_smallest(figures.smallest_eps_clear)}."


def _smallest(eps: float | None) -> str:
    return "" if eps is None else f"; the smallest share that can be is {percent(eps)}"


def _is_quiet(figures: Figures) -> bool:
    score, review = figures.score, figures.review_score
    return score is not None and review is not None and score < review


def _looser(figures: Figures) -> str:
    made = (figures.certificate_eps, figures.certificate_delta)
    asked = (figures.eps_clear if _is_quiet(figures) else figures.eps_ticket, figures.delta)
    if None in (*made, *asked):
        return ""
    return f"It keeps {_promise(*made)}; asked for is {_promise(*asked)}."


def _promise(eps: float | None, delta: float | None) -> str:
    assert eps is not None
    assert delta is not None
    return f"{percent(eps)} with {percent(1 - delta)} confidence"


def _events_may_hide(figures: Figures) -> str:
    beta, limit = figures.beta_clear, figures.positives_limit
    if beta is None:
        return ""
    if limit is None:
        return f"Too few events are known to hide at most {percent(beta)} of them anywhere."
    return f"At most {percent(beta)} of all events lie below {limit:.4g}."


def _not_known_well(figures: Figures) -> str:
    told = []
    if figures.width is not None:
        told.append(f"The 95 % interval is {figures.width:.3g} wide.")
    if figures.pair_width is not None:
        told.append(f"The Venn-Abers pair lies {figures.pair_width:.3g} apart.")
    return " ".join(told)


def _below_ticket_score(figures: Figures) -> str:
    if figures.score is None or figures.ticket_score is None:
        return ""
    return f"The score is {figures.score:.4g}, the threshold {figures.ticket_score:.4g}."


def _below_review_score(figures: Figures) -> str:
    if figures.score is None or figures.review_score is None:
        return ""
    return f"The score is {figures.score:.4g}, the threshold {figures.review_score:.4g}."


def _too_small(figures: Figures) -> str:
    n = figures.calibration_n
    return "" if n is None else f"It holds {n} known outcomes."


_DETAILS: dict[Reason, Callable[[Figures], str]] = {
    Reason.CERTIFIED: _certified,
    Reason.CLEARED: _cleared,
    Reason.NOT_CERTIFIED: _not_certified,
    Reason.CERTIFICATE_LOOSER: _looser,
    Reason.EVENTS_MAY_HIDE: _events_may_hide,
    Reason.PROBABILITY_NOT_KNOWN_WELL: _not_known_well,
    Reason.BELOW_TICKET_SCORE: _below_ticket_score,
    Reason.BELOW_REVIEW_SCORE: _below_review_score,
    Reason.CALIBRATION_TOO_SMALL: _too_small,
}
