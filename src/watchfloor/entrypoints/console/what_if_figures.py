"""The pictures of the thresholds page: scores by outcome, ROC and PR, cost and workload."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext

from watchfloor.core.arrays import FloatArray
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.curves import (
    Curve,
    area_under_roc,
    average_precision,
    curve,
)
from watchfloor.core.decision.simulation.sweep import Sweep, sweep_review, sweep_ticket
from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.figures import (
    Axis,
    Figure,
    FigureTable,
    Handle,
    LineMark,
    LinePoint,
    ScoreBin,
    Tick,
)
from watchfloor.entrypoints.console.wording import count_text, number_text, percent_text, score_text
from watchfloor.noc.queries.threshold_simulation import Past, Simulation

SLICES = 20
MOST_POINTS = 160
TABLE_ROWS = 11


def legend() -> tuple[tuple[str, str], ...]:
    """Return what the two marks of a curve mean."""
    return (("pt open", gettext("today")), ("pt", gettext("proposed")))


def histogram(simulation: Simulation) -> Figure:
    """Draw the scores by outcome, thresholds in force as ticks and proposed ones as handles."""
    past, values, proposed = simulation.past, simulation.past.values, simulation.proposed
    return figures.score_histogram(
        _bins(past, [values["review_score"], values["ticket_score"]]),
        ticks=(
            Tick(values["review_score"], gettext("review from")),
            Tick(values["ticket_score"], gettext("ticket from")),
        ),
        handles=(
            Handle("review_score", proposed["review_score"], gettext("proposed review")),
            Handle("ticket_score", proposed["ticket_score"], gettext("proposed ticket")),
        ),
        event_name=gettext("real"),
    )


def _bins(past: Past, edges: Sequence[float]) -> list[ScoreBin]:
    inner = {each for each in edges if 0 < each < 1}
    borders = sorted({k / SLICES for k in range(SLICES + 1)} | inner)
    last = len(borders) - 2
    # The last slice holds a score of exactly 1 too.
    where = np.clip(np.searchsorted(borders, past.history.scores, side="right") - 1, 0, last)
    clean, event, unknown = (
        np.bincount(where, weights=each, minlength=last + 1).astype(int).tolist()
        for each in (past.history.clean, past.history.event, past.history.unknown)
    )
    return [
        ScoreBin(borders[k], borders[k + 1], clean[k], event[k], unknown[k])
        for k in range(last + 1)
    ]


def curve_figures(simulation: Simulation, costs: Costs) -> dict[str, Figure]:
    """Return the four curves by name, the thresholds of both policies marked on them."""
    past = simulation.past
    found = curve(past.history)
    before, after = past.policy(past.values), past.policy(simulation.proposed)
    review = sweep_review(past.history, after, costs)
    ticket = sweep_ticket(past.history, after, costs)
    return {
        "roc": _roc(found, before, after),
        "pr": _pr(found, before, after),
        "cost": _cost(ticket, before, after),
        "work": _work(review, before, after),
    }


def _roc(found: Curve, before: DecisionPolicy, after: DecisionPolicy) -> Figure:
    area = area_under_roc(found)
    caption = gettext("A real case scores above one that is not in %(area)s of pairs.")
    unknown = gettext("Cases of both kinds have to be known first.")
    x, y = found.false_positive_rate, found.recall
    return figures.line_plot(
        _thinned([LinePoint(0.0, 0.0), *_points(x, y)]),
        marks=_marks(found, x, y, before, after),
        x_axis=Axis(gettext("not real, at or above"), 1.0, percent_text(1.0, decimals=0)),
        y_axis=Axis(gettext("real, at or above"), 1.0, percent_text(1.0, decimals=0)),
        caption=unknown if area is None else caption % {"area": percent_text(area)},
        table=_curve_table(found),
        legend=legend(),
    )


def _pr(found: Curve, before: DecisionPolicy, after: DecisionPolicy) -> Figure:
    average = average_precision(found)
    caption = gettext("Averaged over recall, %(share)s of what lies at or above is real.")
    unknown = gettext("No real case is known yet.")
    x, y = found.recall, found.precision
    return figures.line_plot(
        _thinned(_points(x, y)),
        marks=_marks(found, x, y, before, after),
        x_axis=Axis(gettext("recall"), 1.0, percent_text(1.0, decimals=0)),
        y_axis=Axis(gettext("precision"), 1.0, percent_text(1.0, decimals=0)),
        caption=unknown if average is None else caption % {"share": percent_text(average)},
        table=_curve_table(found),
        legend=legend(),
    )


def _points(x: FloatArray, y: FloatArray) -> list[LinePoint]:
    return [LinePoint(float(a), float(b)) for a, b in zip(x, y, strict=True) if a == a and b == b]


def _thinned(points: list[LinePoint]) -> list[LinePoint]:
    """Return at most some points evenly by rank, both ends among them."""
    if len(points) <= MOST_POINTS:
        return points
    kept = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))
    return [points[k] for k in kept.tolist()]


def _marks(
    found: Curve,
    x: FloatArray,
    y: FloatArray,
    before: DecisionPolicy,
    after: DecisionPolicy,
) -> list[LineMark]:
    """Return the operating points: where the review thresholds cut the curve."""
    marks = []
    for policy, kind in ((before, "pt open"), (after, "pt")):
        at = found.at(policy.review_score) - 1
        if at >= 0 and x[at] == x[at] and y[at] == y[at]:
            marks.append(LineMark(float(x[at]), float(y[at]), kind))
    return marks


def _curve_table(found: Curve) -> FigureTable:
    n = len(found.thresholds)
    rows = np.unique(np.linspace(0, max(0, n - 1), min(n, TABLE_ROWS)).round().astype(int)).tolist()
    shares = (found.recall, found.precision, found.false_positive_rate)
    return FigureTable(
        headers=(
            gettext("From score"),
            gettext("Recall"),
            gettext("Precision"),
            gettext("Of those not real"),
            gettext("Known at or above"),
        ),
        rows=tuple(
            (
                score_text(float(found.thresholds[k])),
                *(_share_text(float(each[k])) for each in shares),
                count_text(int(found.events[k] + found.clean[k])),
            )
            for k in rows
        ),
    )


def _share_text(share: float) -> str:
    return percent_text(share if share == share else None)


@dataclass(frozen=True, slots=True)
class _Swept:
    """One column of a sweep as a figure has it."""

    sweep: Sweep
    values: list[float | None]
    name: str

    def at(self, position: float) -> float | None:
        """Return the value at the nearest position."""
        return self.values[int(np.argmin(np.abs(self.sweep.positions - position)))]


def _cost(sweep: Sweep, before: DecisionPolicy, after: DecisionPolicy) -> Figure:
    values = [float(each) if each == each else None for each in sweep.cost]
    pairs = zip(values, sweep.positions.tolist(), strict=True)
    known = [(value, at) for value, at in pairs if value is not None]
    caption = gettext("No cost can be told: of some scores no outcome is known.")
    if known:
        least, at = min(known)
        words = gettext("It costs least, %(cost)s a day, with tickets from %(score)s.")
        caption = words % {"cost": number_text(least, decimals=0), "score": score_text(at)}
    swept = _Swept(sweep, values, gettext("cost a day"))
    x_name = gettext("tickets from")
    thresholds = (before.ticket_score, after.ticket_score)
    return _swept_figure(swept, x_name=x_name, thresholds=thresholds, caption=caption)


def _work(sweep: Sweep, before: DecisionPolicy, after: DecisionPolicy) -> Figure:
    values: list[float | None] = [float(each) / sweep.days for each in sweep.reviews]
    swept = _Swept(sweep, values, gettext("reviews a day"))
    caption = gettext("%(before)s reviews a day today, %(after)s as proposed.") % {
        "before": number_text(swept.at(before.review_score) or 0.0, decimals=1),
        "after": number_text(swept.at(after.review_score) or 0.0, decimals=1),
    }
    thresholds = (before.review_score, after.review_score)
    return _swept_figure(
        swept, x_name=gettext("review from"), thresholds=thresholds, caption=caption
    )


def _swept_figure(
    swept: _Swept, *, x_name: str, thresholds: tuple[float, float], caption: str
) -> Figure:
    most = max((each for each in swept.values if each is not None), default=0.0)
    positions = swept.sweep.positions.tolist()
    table = FigureTable(
        headers=(x_name.capitalize(), swept.name.capitalize()),
        rows=tuple(
            (score_text(positions[k]), _number_or_unknown(swept.values[k]))
            for k in range(0, len(positions), 10)
        ),
    )
    return figures.line_plot(
        [LinePoint(*each) for each in zip(positions, swept.values, strict=True)],
        marks=[
            LineMark(at, swept.at(at), kind)
            for at, kind in zip(thresholds, ("pt open", "pt"), strict=True)
        ],
        x_axis=Axis(x_name, 1.0, "1"),
        y_axis=Axis(swept.name, most, number_text(most, decimals=1 if most < 100 else 0)),
        caption=caption,
        table=table,
        legend=legend(),
    )


def _number_or_unknown(value: float | None) -> str:
    return gettext("unknown") if value is None else number_text(value, decimals=1)
