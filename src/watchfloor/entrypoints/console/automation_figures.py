"""The pictures of what was automated, and of what could be at other promises."""

from collections.abc import Sequence

from django.utils.translation import gettext

from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.coverage_parts import PARTS
from watchfloor.entrypoints.console.figures import DecidedBar, Figure, FigureTable, PromisePoint
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text
from watchfloor.ml.coverage import automation_queries
from watchfloor.ml.coverage.automation_queries import DecidedWeek
from watchfloor.ml.inference.model_queries import rate
from watchfloor.noc.queries.model_coverage import ModelCoverage

FEWEST_WEEKS = 4


def automation_figures(told: ModelCoverage) -> dict[str, Figure]:
    """Return what shows the decisions and the promises, by the name of its numbers."""

    def table(part: str) -> FigureTable:
        return PARTS[part](told, {}).table()

    drawn = {"decisions": _decisions(told, table("decisions"))}
    if told.tickets is not None and told.tickets.n:
        drawn["ticket-promises"] = _tickets(told, told.tickets, table("ticket-promises"))
    if told.clearing is not None and told.clearing.n:
        drawn["clear-promises"] = _clearing(told, told.clearing, table("clear-promises"))
    return drawn


def _decisions(told: ModelCoverage, table: FigureTable) -> Figure:
    bars = [
        DecidedBar(
            week.begins, week.ticketed + week.added, week.cleared, week.reviewed, week.logged
        )
        for week in _lived(told.decided)
    ]
    return figures.decided_bars(bars, caption=_decisions_caption(told), table=table)


def _lived(weeks: Sequence[DecidedWeek]) -> Sequence[DecidedWeek]:
    """Return the weeks since the first decision."""
    first = next((k for k, week in enumerate(weeks) if week.n), 0)
    return weeks[min(first, max(0, len(weeks) - FEWEST_WEEKS)) :]


def _decisions_caption(told: ModelCoverage) -> str:
    total = automation_queries.all_weeks(told.decided, begins=told.report.first)
    if total.n == 0:
        return gettext("No night has counted decisions yet.")
    found = rate(total.automated, total.n)
    words = gettext(
        "%(share)s of %(n)s predictions were handled without a person (%(low)s to %(up)s): "
        "%(tickets)s opened or joined a ticket, %(cleared)s were cleared. %(reviewed)s went to "
        "a person, %(logged)s were only logged."
    )
    return words % {
        "share": percent_text(found.value),
        "n": count_text(total.n),
        "low": percent_text(found.lower),
        "up": percent_text(found.upper),
        "tickets": count_text(total.ticketed + total.added),
        "cleared": count_text(total.cleared),
        "reviewed": count_text(total.reviewed),
        "logged": count_text(total.logged),
    }


def _tickets(told: ModelCoverage, curve: EpsCurve, table: FigureTable) -> Figure:
    nothing = gettext("No share of false tickets up to one half can be certified from them.")
    smallest = gettext("The smallest share of false tickets that can be certified is %(eps)s.")
    caption = _curve_caption(curve, nothing=nothing, smallest=smallest)
    return _curve(curve, asked=told.eps_ticket, caption=caption, table=table)


def _clearing(told: ModelCoverage, curve: EpsCurve, table: FigureTable) -> Figure:
    nothing = gettext("No share of real events among cleared ones can be certified from them.")
    smallest = gettext(
        "The smallest share of real events among cleared ones that can be certified is %(eps)s."
    )
    caption = _curve_caption(curve, nothing=nothing, smallest=smallest)
    return _curve(curve, asked=told.eps_clear, caption=caption, table=table)


def _curve(curve: EpsCurve, *, asked: float, caption: str, table: FigureTable) -> Figure:
    points = [PromisePoint(each.eps, each.share, each.share_of_events) for each in curve.points]
    return figures.eps_curve(points, asked=asked, caption=caption, table=table)


def _curve_caption(curve: EpsCurve, *, nothing: str, smallest: str) -> str:
    first = gettext("%(n)s known outcomes, %(k)s of them real events.") % {
        "n": count_text(curve.n),
        "k": count_text(curve.n_positive),
    }
    if curve.smallest_eps is None:
        return f"{first} {nothing}"
    point = next(each for each in curve.points if each.eps == curve.smallest_eps)
    reach = gettext("It reaches %(share)s of all predictions, the score %(threshold)s.") % {
        "share": percent_text(point.share),
        "threshold": score_text(point.threshold),
    }
    found = smallest % {"eps": figures.promise_text(curve.smallest_eps)}
    return f"{first} {found} {reach}"
