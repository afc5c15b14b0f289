"""What a simulation says as plain values: the same on every page, in every answer, in the audit."""

from typing import Any

from watchfloor.core.decision.simulation.comparison import Comparison
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.guarantee import Guarantee
from watchfloor.core.decision.simulation.replay import Replayed
from watchfloor.core.decision.simulation.tally import PerDay, Share, Tally
from watchfloor.core.decision.simulation.what_if import Estimate, WhatIf


def summary(found: WhatIf, costs: Costs) -> dict[str, Any]:
    """Return every figure of a what-if with its n and its interval, as JSON has it."""
    return {
        "tickets": _tally(found.tickets),
        "reviews": _tally(found.reviews),
        "cleared": _tally(found.cleared),
        "logged": _tally(found.logged),
        "tickets_a_day": _per_day(found.tickets_a_day),
        "reviews_a_day": _per_day(found.reviews_a_day),
        "hours_a_day": found.hours_a_day(costs),
        "ticket_precision": _share(found.ticket_precision),
        "false_discovery": _share(found.false_discovery),
        "precision": _share(found.precision),
        "recall": _share(found.recall),
        "recall_of_tickets": _share(found.recall_of_tickets),
        "automation": _share(found.automation),
        "missed_a_day": _a_day(found.missed, found.days),
        "false_tickets_a_day": _a_day(found.false_tickets, found.days),
        "cost_a_day": _estimate(found.cost_a_day(costs)),
        "unlabelled": found.all.unlabelled,
    }


def told(found: Comparison, costs: Costs) -> dict[str, Any]:
    """Return both policies, what moves between them, and what to doubt, as JSON has it."""
    return {
        "snapshot": found.before.digest,
        "days": found.before.days,
        "n": found.before.all.n,
        "n_known": found.before.all.known,
        "before": summary(found.before, costs),
        "after": summary(found.after, costs),
        "moves": [
            {
                "before": each.before.value,
                "after": each.after.value,
                "predictions": _tally(each.predictions),
            }
            for each in found.moves
        ],
        "doubts": [{"code": each.value, "sentence": each.sentence} for each in found.doubts],
    }


def replayed(found: Replayed) -> dict[str, Any]:
    """Return an exact replay as JSON has it."""
    return {
        "outcomes": [
            {"outcome": outcome.value, "predictions": _tally(each)}
            for outcome, each in found.by_outcome.items()
        ],
        "reasons": [{"reason": reason.value, "n": n} for reason, n in found.by_reason.items()],
    }


def promise(found: Guarantee) -> dict[str, Any]:
    """Return a guarantee line as JSON has it."""
    return {
        "threshold": found.threshold,
        "asked": found.asked,
        "eps": found.eps,
        "delta": found.delta,
        "n": found.n,
        "is_kept": found.is_kept,
        "refusal": None if found.refusal is None else found.refusal.value,
        "missing": found.missing,
        "promised_from": found.promised_from,
    }


def _tally(found: Tally) -> dict[str, Any]:
    return {
        "n": found.n,
        "events": found.event,
        "clean": found.clean,
        "unknown": found.unknown,
        "unlabelled": found.unlabelled,
    }


def _share(found: Share) -> dict[str, Any]:
    return {
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "k": found.k,
        "n": found.n,
    }


def _per_day(found: PerDay) -> dict[str, Any]:
    return {"value": found.value, "lower": found.lower, "upper": found.upper, "n": found.n}


def _a_day(found: Estimate, days: int) -> dict[str, Any]:
    value = None if found.value is None else found.value / days
    return {"value": value, "lower": found.lower / days, "upper": found.upper / days}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"value": found.value, "lower": found.lower, "upper": found.upper}
