"""The tables of the coverage page by name: what figures draw, readers open and programs take."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from watchfloor.core.conformal.coverage import CoverageVerdict, GroupCoverage
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.entrypoints.console.figures import Column, Numbers
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text, unknown
from watchfloor.ml.certificate_facts import Kept
from watchfloor.ml.coverage_window import KnownCalibration
from watchfloor.ml.interval_widths import WidthKind
from watchfloor.ml.model_queries import rate
from watchfloor.noc.model_coverage import ModelCoverage

Names = Mapping[str, str]
WITHOUT_GROUP = "all"


def verdict_words(found: GroupCoverage) -> str:
    """Return in a few words how a coverage stands to its promise."""
    if found.verdict is CoverageVerdict.BELOW and found.may_be_luck_of_the_set:
        return gettext("below, as so small a set may be")
    return {
        CoverageVerdict.WITHIN: gettext("as promised"),
        CoverageVerdict.BELOW: gettext("below the promise"),
        CoverageVerdict.ABOVE: gettext("above the promise"),
        CoverageVerdict.TOO_FEW: gettext("too few to judge"),
    }[found.verdict]


def band_name(lower: float, upper: float) -> str:
    """Return what a range of scores is called."""
    return f"{score_text(lower)} – {score_text(upper)}"


def set_name(known: KnownCalibration) -> str:
    """Return what a calibration is called: its day and the beginning of its digest."""
    if known.created_at is None:
        return known.sha256[:8]
    return f"{date_format(known.created_at, 'j M Y')}, {known.sha256[:8]}"


def site_name(group: str, names: Names) -> str:
    """Return what a site group is called; a site of its own has its site's name."""
    if group in names:
        return names[group]
    return gettext("sites without a group") if group == WITHOUT_GROUP else group


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


def _text(value: Any) -> str:
    return unknown() if value is None else str(value)


def _day(value: Any) -> str:
    return date_format(value, "Y-m-d")


def _share(decimals: int = 1) -> Callable[[Any], str]:
    return lambda value: percent_text(value, decimals=decimals)


def _of_groups(
    named: Sequence[tuple[Any, GroupCoverage]], *, key: str, heading: str, text: Any = _text
) -> Numbers:
    columns = (
        Column(key, heading, text),
        Column("level", gettext("Level"), lambda level: percent_text(level / 100, decimals=0)),
        Column("coverage", gettext("Covered"), percent_text),
        Column("lower", gettext("95 % from"), percent_text),
        Column("upper", gettext("to"), percent_text),
        Column("verdict", gettext("Verdict"), _text),
        Column("n", gettext("Outcomes"), count_text),
        Column("covered", gettext("inside"), count_text),
        Column("unlabelled", gettext("not known"), count_text),
        Column("set_lower", gettext("A set of this size keeps from"), percent_text),
        Column("set_upper", gettext("to"), percent_text),
    )
    return Numbers(columns, tuple((name, *_values(found)) for name, found in named))


def _values(found: GroupCoverage) -> tuple[Any, ...]:
    expected: tuple[float | None, ...] = found.set_range or (None, None)
    return (
        *(found.level, found.coverage, *found.band, verdict_words(found)),
        *(found.n, found.covered, found.n_unlabelled, *expected),
    )


def groups(told: ModelCoverage, _names: Names) -> Numbers:
    """All predictions at every level, and the high scores at the level that is shown."""
    report = told.report
    everything = gettext("all predictions")
    return _of_groups(
        [
            *((everything, found) for found in report.overall),
            (review_name(report.review_score), report.from_review),
            (risk_name(report.high_score), report.from_high),
        ],
        key="group",
        heading=gettext("Predictions"),
    )


def review_name(score: float) -> str:
    """Return what the scores that people see are called."""
    return gettext("from %(score)s, for review") % {"score": score_text(score)}


def risk_name(score: float) -> str:
    """Return what the scores of high risk are called."""
    return gettext("from %(score)s, risk HIGH or CRITICAL") % {"score": score_text(score)}


def bands(told: ModelCoverage, _names: Names) -> Numbers:
    """Coverage by score."""
    named = [(band_name(band.lower, band.upper), band.found) for band in told.report.bands]
    return _of_groups(named, key="scores", heading=gettext("Scores"))


def weeks(told: ModelCoverage, _names: Names) -> Numbers:
    """Coverage week by week."""
    named = [(week.begins, week.found) for week in told.report.weeks]
    return _of_groups(named, key="week_begins", heading=gettext("Seven days from"), text=_day)


def sites(told: ModelCoverage, names: Names) -> Numbers:
    """Coverage by site group."""
    named = [(site_name(site.name, names), site.found) for site in told.report.sites]
    return _of_groups(named, key="site", heading=gettext("Site"))


def sets(told: ModelCoverage, _names: Names) -> Numbers:
    """Coverage by calibration."""
    named = [(set_name(each.known), each.found) for each in told.report.sets]
    return _of_groups(named, key="calibration", heading=gettext("Calibration"))


def reliability(told: ModelCoverage, _names: Names) -> Numbers:
    """The event rate that one calibration states for its score bins, and the rate seen since."""
    columns = (
        Column("scores", gettext("Scores"), _text),
        Column("stated_lower", gettext("Stated from, 95 %"), percent_text),
        Column("stated_upper", gettext("to"), percent_text),
        Column("set_events", gettext("Events in the set"), count_text),
        Column("set_n", gettext("of"), count_text),
        Column("seen", gettext("Seen since"), percent_text),
        Column("seen_lower", gettext("95 % from"), percent_text),
        Column("seen_upper", gettext("to"), percent_text),
        Column("events", gettext("Events since"), count_text),
        Column("n", gettext("of"), count_text),
        Column("mean_score", gettext("Mean score"), score_text),
    )
    rows = []
    for each in told.report.bins:
        seen = rate(each.events, each.n)
        stated = (each.then.interval.lower, each.then.interval.upper, each.then.k, each.then.n)
        rows.append(
            (
                *(band_name(each.lower, each.upper), *stated),
                *(seen.value, seen.lower, seen.upper, each.events, each.n, each.mean_score),
            )
        )
    return Numbers(columns, tuple(rows))


def decisions(told: ModelCoverage, _names: Names) -> Numbers:
    """What was done with the predictions, week by week."""
    columns = (
        Column("week_begins", gettext("Seven days from"), _day),
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
        Column("calibration", gettext("Calibration"), _text),
        Column("cut_at", gettext("Cut"), _day),
        Column("version", gettext("Version"), _text),
        Column("eps", gettext("False at most"), percent_text),
        Column("delta", gettext("may fail with"), percent_text),
        Column("threshold", gettext("Certified from"), score_text),
        Column("tickets", gettext("Automatic"), count_text),
        Column("known", gettext("outcome known"), count_text),
        Column("false", gettext("false"), count_text),
        Column("false_share", gettext("False share"), percent_text),
        Column("lower", gettext("95 % from"), percent_text),
        Column("upper", gettext("to"), percent_text),
        Column("verdict", gettext("Promise"), _text),
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
        Column("eps", gettext("False at most"), _share(2)),
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
        Column("interval_category", gettext("Interval"), _text),
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


PARTS: dict[str, Callable[[ModelCoverage, Names], Numbers]] = {
    "groups": groups,
    "bands": bands,
    "weeks": weeks,
    "sites": sites,
    "calibrations": sets,
    "reliability": reliability,
    "decisions": decisions,
    "certificates": certificates,
    "ticket-promises": ticket_promises,
    "clear-promises": clear_promises,
    "live": live,
    "widths": widths,
}
"""Every table of the page, by the name its file has."""
