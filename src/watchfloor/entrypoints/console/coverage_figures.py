"""The pictures of the coverage page; each caption says what was found."""

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext

from watchfloor.core.conformal.group_coverage import CoverageVerdict, GroupCoverage
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.entrypoints.console import coverage_numbers as numbers
from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.coverage_numbers import Names
from watchfloor.entrypoints.console.coverage_parts import PARTS
from watchfloor.entrypoints.console.figures import (
    CoverageRow,
    DayPoint,
    Figure,
    FigureTable,
    Promise,
    PromisedRate,
    ReliabilityBin,
)
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text
from watchfloor.ml.coverage.coverage_queries import BinSince, WeekCoverage
from watchfloor.ml.coverage.numeric_coverage import NumberReport
from watchfloor.ml.inference.model_queries import rate
from watchfloor.noc.queries.model_coverage import ModelCoverage

FEWEST_WEEKS = 4
PAIR_STEPS = 200


def interval_figures(told: ModelCoverage, *, names: Names) -> dict[str, Figure]:
    """
    Return what shows whether intervals hold, by the name of its numbers.

    Args:
        names: of sites, by their site group.
    """

    def table(part: str) -> FigureTable:
        return PARTS[part](told, names).table()

    return {
        "groups": _groups(told, table("groups")),
        "bands": _bands(told, table("bands")),
        "weeks": _weeks(told, table("weeks")),
        "sites": _sites(told, table("sites"), names),
        "calibrations": _sets(told, table("calibrations")),
        "reliability": _reliability(told, table("reliability")),
    }


def estimate_figures(told: ModelCoverage, report: NumberReport) -> dict[str, Figure]:
    """Return what shows whether the intervals of estimates hold, by the name of its numbers."""
    shown = next(found for found in report.overall if found.level == report.level)
    groups = [(name, found) for name, found in numbers.number_groups(report)[len(LEVELS) :]]
    rows = [_row(gettext("All estimates, as shown"), shown)]
    rows += [_row(name, found) for name, found in groups]
    judged = judged_words([shown, *(found for _, found in groups)])
    return {
        "estimates": figures.coverage_rows(
            rows,
            promised=shown.promised,
            caption=judged,
            table=numbers.estimates(told, {}).table(),
        ),
        "estimate-weeks": _week_strip(
            report.weeks, level=report.level, table=numbers.estimate_weeks(told, {}).table()
        ),
    }


def _row(name: str, found: GroupCoverage) -> CoverageRow:
    is_judged = found.verdict is not CoverageVerdict.TOO_FEW
    return CoverageRow(
        name=name,
        told=_told(found),
        value=found.coverage,
        band=found.band,
        expected=found.set_range,
        is_judged=is_judged,
        is_outside=found.verdict is CoverageVerdict.BELOW,
    )


def _told(found: GroupCoverage) -> str:
    if found.coverage is None:
        return gettext("no outcome known")
    facts = {"share": percent_text(found.coverage), "n": count_text(found.n)}
    told = gettext("%(share)s of %(n)s") % facts
    words = {
        CoverageVerdict.BELOW: gettext("below"),
        CoverageVerdict.TOO_FEW: gettext("too few"),
    }.get(found.verdict)
    return f"{told}, {words}" if words else told


def _groups(told: ModelCoverage, table: FigureTable) -> Figure:
    report = told.report
    everything = next(found for found in report.overall if found.level == report.level)
    rows = [
        _row(gettext("All predictions"), everything),
        _row(
            gettext("Scores from %(score)s, for review")
            % {"score": score_text(report.review_score)},
            report.from_review,
        ),
        _row(
            gettext("HIGH or CRITICAL, from %(score)s") % {"score": score_text(report.high_score)},
            report.from_high,
        ),
    ]
    return figures.coverage_rows(
        rows,
        promised=everything.promised,
        caption=_groups_caption(everything, report.from_review),
        table=table,
    )


def _groups_caption(everything: GroupCoverage, high: GroupCoverage) -> str:
    if everything.coverage is None:
        return gettext("No outcome of a prediction with an interval is known yet.")
    low, up = everything.band
    first = gettext(
        "%(share)s of %(n)s outcomes lay inside their %(level)s intervals "
        "(%(low)s to %(up)s): %(verdict)s."
    ) % {
        "share": percent_text(everything.coverage),
        "n": count_text(everything.n),
        "level": percent_text(everything.promised, decimals=0),
        "low": percent_text(low),
        "up": percent_text(up),
        "verdict": numbers.verdict_words(everything),
    }
    if high.coverage is None:
        return f"{first} " + gettext("Of the scores that people see no outcome is known yet.")
    second = gettext("Among the %(n)s that people see: %(share)s, %(verdict)s.")
    return f"{first} " + second % {
        "n": count_text(high.n),
        "share": percent_text(high.coverage),
        "verdict": numbers.verdict_words(high),
    }


def judged_words(groups: Sequence[GroupCoverage]) -> str:
    """Return how many of some groups fall short, and how many by chance alone would."""
    known = [found for found in groups if found.n]
    if not known:
        return gettext("No outcome is known yet.")
    by = dict.fromkeys(CoverageVerdict, 0)
    for found in known:
        by[found.verdict] += 1
    judged = len(known) - by[CoverageVerdict.TOO_FEW]
    sentences = []
    if below := by[CoverageVerdict.BELOW]:
        words = ngettext(
            "%(below)s of %(judged)s groups falls below the promise; by chance alone about one "
            "in forty would.",
            "%(below)s of %(judged)s groups fall below the promise; by chance alone about one "
            "in forty would.",
            below,
        )
        sentences.append(words % {"below": below, "judged": judged})
    elif judged:
        words = ngettext(
            "The one group with enough outcomes does not fall below the promise.",
            "None of %(judged)s groups with enough outcomes falls below the promise.",
            judged,
        )
        sentences.append(words % {"judged": judged})
    if few := by[CoverageVerdict.TOO_FEW]:
        words = ngettext(
            "%(few)s has too few outcomes to be judged.",
            "%(few)s have too few outcomes to be judged.",
            few,
        )
        sentences.append(words % {"few": few})
    return " ".join(sentences)


def _bands(told: ModelCoverage, table: FigureTable) -> Figure:
    bands = told.report.bands
    caption = judged_words([band.found for band in bands])
    if told.report.outside_bands:
        caption += " " + gettext(
            "%(n)s outcomes of calibrations with coarser bins are not among them."
        ) % {"n": count_text(told.report.outside_bands)}
    rows = [_row(numbers.band_name(band.lower, band.upper), band.found) for band in bands]
    return _rows_figure(told, rows, caption, table)


def _sites(told: ModelCoverage, table: FigureTable, names: Names) -> Figure:
    sites = told.report.sites
    rows = [_row(numbers.site_name(site.name, names), site.found) for site in sites]
    return _rows_figure(told, rows, judged_words([site.found for site in sites]), table)


def _sets(told: ModelCoverage, table: FigureTable) -> Figure:
    sets = told.report.sets
    rows = [_row(numbers.set_name(each.known), each.found) for each in sets]
    return _rows_figure(told, rows, judged_words([each.found for each in sets]), table)


def _rows_figure(
    told: ModelCoverage, rows: Sequence[CoverageRow], caption: str, table: FigureTable
) -> Figure:
    promised = told.report.level / 100
    return figures.coverage_rows(rows, promised=promised, caption=caption, table=table)


def _weeks(told: ModelCoverage, table: FigureTable) -> Figure:
    return _week_strip(told.report.weeks, level=told.report.level, table=table)


def _week_strip(weeks: Sequence[WeekCoverage], *, level: int, table: FigureTable) -> Figure:
    words = gettext("Coverage at %(level)s")
    return figures.day_strip(
        [_week(week) for week in _lived(weeks)],
        metric=words % {"level": percent_text(level / 100, decimals=0)},
        promise=Promise(level / 100, is_upper_bound=False),
        caption=judged_words([week.found for week in weeks]),
        table=table,
    )


def _lived(weeks: Sequence[WeekCoverage]) -> Sequence[WeekCoverage]:
    """Return the weeks since the first prediction with an interval: before it nothing is due."""
    first = next((k for k, each in enumerate(weeks) if each.found.n + each.found.n_unlabelled), 0)
    return weeks[min(first, max(0, len(weeks) - FEWEST_WEEKS)) :]


def _week(week: WeekCoverage) -> DayPoint:
    found = week.found
    if found.coverage is None:
        return DayPoint(week.begins, None)
    is_outside = found.verdict is CoverageVerdict.BELOW
    return DayPoint(week.begins, found.coverage, *found.band, found.n, is_outside)


def _reliability(told: ModelCoverage, table: FigureTable) -> Figure:
    bins = told.report.bins
    return figures.reliability(
        [point for each in bins if (point := _point(each)) is not None],
        event_name=gettext("real event"),
        promised=[
            PromisedRate(each.lower, each.upper, each.then.interval.lower, each.then.interval.upper)
            for each in bins
        ],
        pair=_pair(told),
        caption=_reliability_caption(bins),
        table=table,
    )


def _pair(told: ModelCoverage) -> list[tuple[float, float, float]]:
    """Return the Venn-Abers pair of the calibration that is shown, at scores side by side."""
    shown = told.report.shown_set
    if shown is None or shown.calibration.venn_abers is None:
        return []
    scores = [k / PAIR_STEPS for k in range(PAIR_STEPS + 1)]
    return [(score, *shown.calibration.pair(score)) for score in scores]


def _point(each: BinSince) -> ReliabilityBin | None:
    seen = rate(each.events, each.n)
    if each.mean_score is None or seen.value is None or seen.lower is None or seen.upper is None:
        return None
    return ReliabilityBin(each.mean_score, seen.value, seen.lower, seen.upper, each.n)


def _reliability_caption(bins: Sequence[BinSince]) -> str:
    known = [each for each in bins if each.n]
    if not known:
        return gettext("No outcome of a prediction made with this calibration is known yet.")
    apart = [each for each in known if _is_apart(each)]
    words = ngettext(
        "In %(apart)s of %(bins)s score bin the rate seen since and the stated one exclude each "
        "other (%(n)s outcomes).",
        "In %(apart)s of %(bins)s score bins the rate seen since and the stated one exclude each "
        "other (%(n)s outcomes).",
        len(known),
    )
    return words % {
        "apart": len(apart),
        "bins": len(known),
        "n": count_text(sum(each.n for each in known)),
    }


def _is_apart(each: BinSince) -> bool:
    seen, stated = rate(each.events, each.n), each.then.interval
    if seen.lower is None or seen.upper is None:
        return False
    return seen.upper < stated.lower or seen.lower > stated.upper
