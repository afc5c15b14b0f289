"""The tables of the coverage page by name: what figures draw, readers open and programs take."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from watchfloor.core.conformal.group_coverage import CoverageVerdict, GroupCoverage
from watchfloor.core.conformal.numeric import NumericKind
from watchfloor.entrypoints.console.figures import Column, Numbers
from watchfloor.entrypoints.console.numbers import decimal_text
from watchfloor.entrypoints.console.wording import (
    count_text,
    number_text,
    percent_text,
    score_text,
    unknown,
)
from watchfloor.ml.coverage.coverage_window import KnownCalibration
from watchfloor.ml.coverage.numeric_coverage import NumberReport
from watchfloor.ml.coverage.numeric_widths import RollingWeek
from watchfloor.ml.inference.model_queries import rate
from watchfloor.noc.queries.model_coverage import ModelCoverage

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


def text_of(value: Any) -> str:
    """Return what is text already; what is not known is the word for it."""
    return unknown() if value is None else str(value)


def day_text(value: Any) -> str:
    """Return a day as a table has it."""
    return date_format(value, "Y-m-d")


def _of_groups(
    named: Sequence[tuple[Any, GroupCoverage]], *, key: str, heading: str, text: Any = text_of
) -> Numbers:
    columns = (
        Column(key, heading, text),
        Column("level", gettext("Level"), lambda level: percent_text(level / 100, decimals=0)),
        Column("coverage", gettext("Covered"), percent_text),
        Column("lower", gettext("95 % from"), percent_text),
        Column("upper", gettext("to"), percent_text),
        Column("verdict", gettext("Verdict"), text_of),
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
    return _of_groups(named, key="week_begins", heading=gettext("Seven days from"), text=day_text)


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
        Column("scores", gettext("Scores"), text_of),
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


def estimates(told: ModelCoverage, _names: Names) -> Numbers:
    """Coverage of estimated numbers: at every level, by kind, difficulty and calibration."""
    return _of_groups(
        number_groups(told.numbers), key="estimates", heading=gettext("Intervals of estimates")
    )


def number_groups(report: NumberReport | None) -> list[tuple[str, GroupCoverage]]:
    """Return the groups of estimates by what they are called."""
    if report is None:
        return []
    shown = gettext("All estimates, as shown")
    hardness = gettext("Difficulty %(place)s of %(of)s")
    made_from = gettext("Set %(digest)s, n = %(n)s")
    return [
        *((shown, found) for found in report.overall),
        *((kind_name(each.kind), each.found) for each in report.kinds),
        *(
            (hardness % {"place": each.place, "of": each.of}, each.found)
            for each in report.difficulties
        ),
        *(
            (made_from % {"n": count_text(each.n), "digest": each.digest[:8]}, found)
            for each, found in report.sets
        ),
    ]


def kind_name(kind: NumericKind) -> str:
    """Return what a kind of interval of an estimate is called."""
    return {
        NumericKind.ABSOLUTE: gettext("One width for all"),
        NumericKind.NORMALISED: gettext("As wide as sigma says"),
        NumericKind.MONDRIAN: gettext("By range of difficulty"),
        NumericKind.PAC: gettext("Sure of this very set"),
    }[kind]


def estimate_weeks(told: ModelCoverage, _names: Names) -> Numbers:
    """Coverage of estimated numbers week by week."""
    weeks_ = told.numbers.weeks if told.numbers is not None else ()
    named = [(week.begins, week.found) for week in weeks_]
    return _of_groups(named, key="week_begins", heading=gettext("Seven days from"), text=day_text)


def estimate_widths(told: ModelCoverage, _names: Names) -> Numbers:
    """What the latest known numbers would make of the width, week by week, at every level."""
    weeks_ = told.numbers.rolling if told.numbers is not None else ()
    week = Column("week_begins", gettext("Seven days from"), day_text)
    rows = [(each.begins, *row) for each in weeks_ for row in _width_rows(each)]
    return Numbers((week, *_width_columns()), tuple(rows))


def latest_widths(report: NumberReport) -> Numbers:
    """The same at the end of the last week alone."""
    return Numbers(_width_columns(), tuple(_width_rows(report.rolling[-1])))


def _width_columns() -> tuple[Column, ...]:
    return (
        Column("level", gettext("Level"), lambda level: percent_text(level / 100, decimals=0)),
        Column("in_force", gettext("In force"), _reach),
        Column("latest", gettext("From the latest known numbers"), _reach),
        Column("ratio", gettext("Times as wide"), _times),
        Column("n", gettext("Known numbers taken"), count_text),
    )


def _width_rows(week: RollingWeek) -> list[tuple[Any, ...]]:
    return [(each.level, each.in_force, each.latest, each.ratio, week.n) for each in week.widths]


def _times(ratio: float | None) -> str:
    return unknown() if ratio is None else number_text(ratio, decimals=2)


def _reach(width: float | None) -> str:
    return unknown() if width is None else f"± {decimal_text(width)}"
