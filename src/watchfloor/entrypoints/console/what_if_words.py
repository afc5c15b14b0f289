"""What a simulation says, worded: the table of today beside proposed, the promise, the doubts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext

from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.simulation.comparison import Comparison
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.guarantee import Guarantee, days_to_wait
from watchfloor.core.decision.simulation.realised import Figure
from watchfloor.core.decision.simulation.replay import Replayed
from watchfloor.core.decision.simulation.tally import PerDay, Share, Tally
from watchfloor.core.decision.simulation.what_if import Estimate, WhatIf
from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.drawing import sentence_of, verdict_word
from watchfloor.entrypoints.console.wording import count_text, number_text, percent_text, score_text
from watchfloor.noc.models import ThresholdWatch
from watchfloor.noc.models.thresholds import WatchState


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: its value, and its interval with its n."""

    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One figure under the thresholds in force and under the proposed ones."""

    name: str
    before: Cell
    after: Cell


def rows_of(found: Comparison, costs: Costs) -> tuple[Row, ...]:
    """Return every figure, today beside proposed."""
    before, after = _cells(found.before, costs), _cells(found.after, costs)
    return tuple(Row(name, before[name], after[name]) for name in before)


def _cells(found: WhatIf, costs: Costs) -> dict[str, Cell]:
    hours = number_text(found.hours_a_day(costs), decimals=1)
    return {
        gettext("Tickets a day"): _per_day(found.tickets_a_day),
        gettext("Reviews a day"): _per_day(found.reviews_a_day),
        gettext("Hours of review a day"): Cell(hours, _minutes(costs)),
        gettext("False among tickets"): _share(found.false_discovery),
        gettext("True among tickets and reviews"): _share(found.precision),
        gettext("Events that reach somebody"): _share(found.recall),
        gettext("Events missed a day"): _estimate(found.missed, found.days),
        gettext("Cost a day"): _estimate(found.cost_a_day(costs), 1),
        gettext("Handled without a person"): _share(found.automation),
        gettext("Tickets without an outcome"): _unlabelled(found.tickets),
    }


def _minutes(costs: Costs) -> str:
    return gettext("%(n)s min each") % {"n": number_text(costs.review_minutes, decimals=1)}


def _per_day(found: PerDay) -> Cell:
    facts = {
        "low": number_text(found.lower, decimals=1),
        "up": number_text(found.upper, decimals=1),
        "n": count_text(found.n),
    }
    detail = gettext("%(low)s – %(up)s, n = %(n)s") % facts
    return Cell(number_text(found.value, decimals=1), detail)


def _share(found: Share) -> Cell:
    if found.n == 0:
        return Cell(gettext("unknown"), gettext("no outcome is known"))
    facts = {
        "low": percent_text(found.lower),
        "up": percent_text(found.upper),
        "k": count_text(found.k),
        "n": count_text(found.n),
    }
    return Cell(percent_text(found.value), gettext("%(low)s – %(up)s, %(k)s of %(n)s") % facts)


def _estimate(found: Estimate, days: int) -> Cell:
    facts = {
        "low": number_text(found.lower / days, decimals=1),
        "up": number_text(found.upper / days, decimals=1),
    }
    detail = gettext("%(low)s – %(up)s, unknown outcomes estimated") % facts
    if found.value is None:
        return Cell(gettext("unknown"), detail)
    return Cell(number_text(found.value / days, decimals=1), detail)


def _unlabelled(found: Tally) -> Cell:
    facts = {"k": count_text(found.unknown), "n": count_text(found.n)}
    detail = gettext("%(k)s of %(n)s, never counted as false or true") % facts
    return Cell(percent_text(found.unlabelled), detail)


def moves_of(found: Comparison) -> tuple[str, ...]:
    """Return what would be treated otherwise, a sentence each."""
    return tuple(
        ngettext(
            "%(n)s prediction from “%(before)s” to “%(after)s”: %(k)s real, %(c)s not, %(u)s open.",
            "%(n)s predictions from “%(before)s” to “%(after)s”: %(k)s real, %(c)s not, %(u)s "
            "open.",
            each.predictions.n,
        )
        % {
            "n": count_text(each.predictions.n),
            "before": _fate(each.before),
            "after": _fate(each.after),
            "k": count_text(each.predictions.event),
            "c": count_text(each.predictions.clean),
            "u": count_text(each.predictions.unknown),
        }
        for each in found.moves
    )


def _fate(outcome: Outcome) -> str:
    return verdict_word(outcome.value)


def promise_words(found: Guarantee, *, known: int, days: int) -> str:
    """
    Return the guarantee line.

    Args:
        known: outcomes known at such scores in the days looked at, which tell the pace.
        days: how many those are.
    """
    if found.is_kept and found.eps is not None and found.delta is not None:
        return gettext(
            "From %(threshold)s on at most %(eps)s of the tickets that open by themselves are "
            "false, with %(sure)s confidence, from %(n)s known outcomes. It holds however many "
            "thresholds were tried."
        ) % {
            "threshold": score_text(found.threshold),
            "eps": figures.promise_text(found.eps),
            "sure": figures.promise_text(1 - found.delta),
            "n": count_text(found.n),
        }
    return " ".join(part for part in _refused(found, known, days) if part)


def _refused(found: Guarantee, known: int, days: int) -> tuple[str, ...]:
    assert found.refusal is not None
    not_promised = gettext("%(asked)s false tickets at most is not promised from %(threshold)s on.")
    facts = {
        "asked": figures.promise_text(found.asked),
        "threshold": score_text(found.threshold),
    }
    return (
        not_promised % facts,
        gettext(found.refusal.sentence),
        _missing(found, known, days),
        ""
        if found.promised_from is None
        else gettext("From %(score)s on it is.") % {"score": score_text(found.promised_from)},
        ""
        if found.eps is None
        else gettext("What is promised here: at most %(eps)s.")
        % {"eps": figures.promise_text(found.eps)},
    )


def _missing(found: Guarantee, known: int, days: int) -> str:
    if found.missing is None:
        return ""
    wait = days_to_wait(found.missing, known=known, days=days)
    if wait is None:
        words = gettext("%(n)s more known outcomes at such scores are wanted.")
        return words % {"n": count_text(found.missing)}
    words = gettext("%(n)s more known outcomes at such scores are wanted, about %(days)s days.")
    return words % {"n": count_text(found.missing), "days": count_text(wait)}


def replayed_of(before: Replayed, after: Replayed) -> tuple[tuple[str, str, str], ...]:
    """Return how often each reason is given today and as proposed, by its own sentence."""
    reasons = sorted(
        {*before.by_reason, *after.by_reason}, key=lambda reason: -before.by_reason.get(reason, 0)
    )
    return tuple(
        (
            sentence_of(reason.value),
            count_text(before.by_reason.get(reason, 0)),
            count_text(after.by_reason.get(reason, 0)),
        )
        for reason in reasons
    )


@dataclass(frozen=True, slots=True)
class Watched:
    """A day after a move: its state in words, and each figure promised and realised."""

    watch: ThresholdWatch
    state: str
    rows: tuple[tuple[str, str, str, bool], ...]


def watched_of(watches: Iterable[ThresholdWatch]) -> tuple[Watched, ...]:
    """Return what came of changes, as it is listed."""
    return tuple(
        Watched(
            each,
            str(WatchState(each.state).label),
            tuple(_came(finding) for finding in each.findings),
        )
        for each in watches
    )


def _came(finding: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    is_share = finding["figure"] == Figure.FALSE_TICKETS
    names = {
        Figure.TICKETS: gettext("Tickets a day"),
        Figure.REVIEWS: gettext("Reviews a day"),
        Figure.FALSE_TICKETS: gettext("False among tickets, at most"),
    }
    promised, realised = (
        gettext("unknown")
        if value is None
        else percent_text(value)
        if is_share
        else number_text(value, decimals=1)
        for value in (finding["promised"], finding["realised"])
    )
    return names[Figure(finding["figure"])], promised, realised, finding["is_broken"]
