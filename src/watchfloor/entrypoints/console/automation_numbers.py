"""The tables of what was automated, what it promised, and what could be at other promises."""

from typing import Any

from django.utils.translation import gettext

from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.entrypoints.console.coverage_numbers import Names, day_text, text_of
from watchfloor.entrypoints.console.figures import Column, Numbers, promise_text
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text
from watchfloor.ml.coverage.interval_widths import WidthKind
from watchfloor.ml.inference.model_queries import rate
from watchfloor.ml.reports.certificate_facts import Kept
from watchfloor.noc.queries.model_coverage import ModelCoverage


def kept_words(kept: Kept) -> str:
    """Return in a few words how a certificate stands to what it opened."""
    if kept.automatic.n_known == 0:
        return gettext("no outcome yet")
    if kept.is_broken:
        return gettext("broken")
    low, high = kept.automatic.band
    if high <= kept.certificate.eps:
        return gettext("kept")
    return (
        gettext("above, as chance may be")
        if low > kept.certificate.eps
        else gettext("not shown yet")
    )


def decisions(told: ModelCoverage, _names: Names) -> Numbers:
    """What was done with the predictions, week by week."""
    columns = (
        Column("week_begins", gettext("Seven days from"), day_text),
        Column("n", gettext("Predictions"), count_text),
        Column("ticketed", gettext("Tickets by themselves"), count_text),
        Column("added", gettext("added to open tickets"), count_text),
        Column("cleared", gettext("Cleared by themselves"), count_text),
        Column("reviewed", gettext("Reviewed"), count_text),
        Column("logged", gettext("Logged"), count_text),
        Column("automated_share", gettext("Without a person"), percent_text),
        Column("automated_lower", gettext("95 % from"), percent_text),
        Column("automated_upper", gettext("to"), percent_text),
    )
    rows = []
    for week in told.decided:
        found = rate(week.automated, week.n)
        counts = (week.ticketed, week.added, week.cleared, week.reviewed, week.logged)
        rows.append((week.begins, week.n, *counts, found.value, found.lower, found.upper))
    return Numbers(columns, tuple(rows))


def certificates(told: ModelCoverage, _names: Names) -> Numbers:
    """What each certificate promised, and what came of the tickets that it opened."""
    columns = (
        Column("calibration", gettext("Calibration"), text_of),
        Column("cut_at", gettext("Cut"), day_text),
        Column("version", gettext("Version"), text_of),
        Column("eps", gettext("False at most"), percent_text),
        Column("delta", gettext("may fail with"), percent_text),
        Column("threshold", gettext("Certified from"), score_text),
        Column("tickets", gettext("Automatic"), count_text),
        Column("known", gettext("outcome known"), count_text),
        Column("false", gettext("false"), count_text),
        Column("false_share", gettext("False share"), percent_text),
        Column("lower", gettext("95 % from"), percent_text),
        Column("upper", gettext("to"), percent_text),
        Column("verdict", gettext("Promise"), text_of),
    )
    return Numbers(columns, tuple(_certificate(kept) for kept in told.certificates))


def _certificate(kept: Kept) -> tuple[Any, ...]:
    promise, found = kept.certificate, kept.automatic
    return (
        *(kept.calibration_hash[:8], kept.cut_at.date(), kept.model_version),
        *(promise.eps, promise.delta, promise.threshold),
        *(found.n, found.n_known, found.n_false, found.false_share, *found.band),
        kept_words(kept),
    )


def ticket_promises(told: ModelCoverage, _names: Names) -> Numbers:
    """What automatic tickets could be certified at each promise."""
    return _of_curve(told.tickets, gettext("Certified from"))


def clear_promises(told: ModelCoverage, _names: Names) -> Numbers:
    """What automatic clearing could be certified at each promise."""
    return _of_curve(told.clearing, gettext("Certified up to"))


def _of_curve(curve: EpsCurve | None, threshold: str) -> Numbers:
    columns = (
        Column("eps", gettext("False at most"), promise_text),
        Column(
            "threshold", threshold, lambda s: score_text(s) if s is not None else gettext("nothing")
        ),
        Column("share", gettext("Of all predictions"), percent_text),
        Column("share_of_events", gettext("Of all events"), percent_text),
        Column("certified", gettext("Outcomes there"), count_text),
        Column("false", gettext("false"), count_text),
        Column("upper", gettext("true share at most, 95 %"), percent_text),
    )
    rows = [
        (
            *(point.eps, point.threshold, point.share, point.share_of_events),
            *(point.n_certified, point.false_certified),
            rate(point.false_certified, point.n_certified).upper,
        )
        for point in (curve.points if curve is not None else ())
    ]
    return Numbers(columns, tuple(rows))


def widths(told: ModelCoverage, _names: Names) -> Numbers:
    """The specification's report by width of the interval, and what it leaves out."""
    columns = (
        Column("interval_category", gettext("Interval"), text_of),
        Column("predictions", gettext("Predictions"), count_text),
        Column("unscored", gettext("without a score"), count_text),
        Column("high_risk", gettext("HIGH or CRITICAL"), count_text),
        Column("mean_score", gettext("Mean score"), score_text),
    )
    rows = [
        (width_words(each.kind), each.n, each.n_unscored, each.high_risk, each.mean_score)
        for each in told.widths
    ]
    return Numbers(columns, tuple(rows))


def width_words(kind: WidthKind) -> str:
    """Return what a kind of interval is called, as the specification's report does."""
    return {
        WidthKind.NARROW: gettext("Narrow (below 0.2)"),
        WidthKind.WIDE: gettext("Wide (0.2 or more)"),
        WidthKind.NOT_KNOWN: gettext("Not known (no calibration)"),
    }[kind]


def live(told: ModelCoverage, _names: Names) -> Numbers:
    """What the live monitor of the champion says of the outcomes that come."""
    columns = (
        Column("level", gettext("Level"), lambda level: percent_text(level / 100, decimals=0)),
        Column("coverage", gettext("Kept since the start"), percent_text),
        Column("n", gettext("Outcomes"), count_text),
        Column("misses", gettext("outside"), count_text),
        Column(
            "asked_for", gettext("Asked for now"), lambda share: percent_text(share, decimals=1)
        ),
        Column("distance", gettext("Distance from the score"), _distance),
    )
    rows = [
        (each.percent, each.coverage, each.n, each.misses, each.asked_for / 100, each.quantile)
        for each in (told.live.levels if told.live is not None else ())
    ]
    return Numbers(columns, tuple(rows))


def _distance(quantile: float | None) -> str:
    return gettext("the whole range") if quantile is None else score_text(quantile)
