"""The coverage page in a few words: its numbers, its warnings, and why there may be nothing."""

from collections.abc import Iterable

from django.utils.translation import gettext

from watchfloor.core.conformal.group_coverage import CoverageVerdict, GroupCoverage
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.entrypoints.console import coverage_numbers as numbers
from watchfloor.entrypoints.console import drawing
from watchfloor.entrypoints.console.parts import Kpi, Notice
from watchfloor.entrypoints.console.wording import count_text, percent_text, unknown
from watchfloor.ml.coverage import automation_queries
from watchfloor.ml.coverage.interval_widths import WidthKind
from watchfloor.ml.coverage.numeric_coverage import NumberReport
from watchfloor.ml.inference.model_queries import rate
from watchfloor.ml.reports.certificate_facts import Found, Kept
from watchfloor.noc.queries.model_coverage import ModelCoverage


def nothing_of(told: ModelCoverage) -> Notice | None:
    """Return why nothing can be held against a promise yet; None where something can."""
    report = told.report
    if report.overall[0].n or told.numbers is not None:
        return None
    if report.n == 0:
        return Notice(
            gettext("No scored prediction in these weeks"),
            gettext("Choose a longer span, or see that scores arrive."),
        )
    if not report.sets and report.unreadable:
        return Notice(
            gettext("No calibration of these weeks can be read"),
            gettext("What its intervals were cannot be said any more; the outcomes are safe."),
        )
    if not report.sets:
        return Notice(
            gettext("No prediction has an interval yet"),
            gettext(
                "%(n)s predictions were made before the first calibration. One is cut as soon as "
                "enough outcomes are known, or load outcomes that are known already."
            )
            % {"n": count_text(report.n)},
        )
    return Notice(
        gettext("No outcome is known yet"),
        gettext(
            "%(n)s predictions have an interval, and what became of them nobody has said. Each "
            "verdict, closed ticket or posted outcome counts here."
        )
        % {"n": count_text(report.overall[0].n_unlabelled)},
    )


def kpis_of(told: ModelCoverage) -> tuple[Kpi, ...]:
    """Return the five numbers at the top, each with its n and interval."""
    report = told.report
    if report.n == 0 and told.numbers is not None:
        return _estimate_kpis(told.numbers)
    everything = next(found for found in report.overall if found.level == report.level)
    level = percent_text(report.level / 100, decimals=0)
    return (
        _coverage_kpi("all", gettext("Coverage at %(level)s") % {"level": level}, everything),
        _coverage_kpi("high", gettext("The same of high scores"), report.from_review),
        _automation_kpi(told),
        _false_kpi(told),
        _width_kpi(told),
    )


def _estimate_kpis(report: NumberReport) -> tuple[Kpi, ...]:
    shown = next(found for found in report.overall if found.level == report.level)
    level = percent_text(report.level / 100, decimals=0)
    named = [(gettext("Coverage at %(level)s") % {"level": level}, shown)]
    named += [(numbers.kind_name(each.kind), each.found) for each in report.kinds]
    return tuple(_coverage_kpi(f"k{k}", name, found) for k, (name, found) in enumerate(named))


def _coverage_kpi(key: str, label: str, found: GroupCoverage) -> Kpi:
    low, up = found.band
    note = gettext("no outcome is known yet")
    if found.n:
        words = gettext("%(low)s – %(up)s, n = %(n)s; %(verdict)s")
        note = words % {
            "low": percent_text(low),
            "up": percent_text(up),
            "n": count_text(found.n),
            "verdict": numbers.verdict_words(found),
        }
    return Kpi(key, label, percent_text(found.coverage), note)


def _automation_kpi(told: ModelCoverage) -> Kpi:
    total = automation_queries.all_weeks(told.decided, begins=told.report.first)
    found = rate(total.automated, total.n)
    note = gettext("no night has counted decisions yet")
    if total.n:
        note = gettext("%(told)s, up to yesterday") % {"told": drawing.rate_words(found)}
    return Kpi("automated", gettext("Without a person"), percent_text(found.value), note)


def _false_kpi(told: ModelCoverage) -> Kpi:
    label = gettext("False automatic tickets")
    found = _together(told.certificates)
    if found.n == 0:
        return Kpi("false", label, unknown(), gettext("nothing was ticketed by itself yet"))
    low, up = found.band
    note = gettext("%(low)s – %(up)s, n = %(n)s of %(all)s; asked for ≤ %(eps)s") % {
        "low": percent_text(low),
        "up": percent_text(up),
        "n": count_text(found.n_known),
        "all": count_text(found.n),
        "eps": percent_text(told.eps_ticket),
    }
    return Kpi("false", label, percent_text(found.false_share), note)


def _together(certificates: Iterable[Kept]) -> Found:
    each = [kept.automatic for kept in certificates]
    return Found(
        sum(one.n for one in each),
        sum(one.n_known for one in each),
        sum(one.n_false for one in each),
    )


def _width_kpi(told: ModelCoverage) -> Kpi:
    by_kind = {each.kind: each.n for each in told.widths}
    n = sum(by_kind.values())
    found = rate(by_kind[WidthKind.NARROW], n)
    note = gettext("of %(n)s; %(unknown)s not known") % {
        "n": count_text(n),
        "unknown": count_text(by_kind[WidthKind.NOT_KNOWN]),
    }
    return Kpi("narrow", gettext("Probability known to 0.2"), percent_text(found.value), note)


def warnings_of(told: ModelCoverage) -> list[str]:
    """Return what should not wait for somebody to read a figure."""
    report = told.report
    groups = (
        (gettext("All predictions"), report.overall[LEVELS.index(report.level)]),
        (gettext("Scores that people see"), report.from_review),
    )
    estimates = told.numbers.unreadable if told.numbers is not None else ()
    return [
        *(_unreadable(digest) for digest in (*report.unreadable, *estimates)),
        *(_broken(kept) for kept in told.certificates if kept.is_broken),
        *(_fallen(name, found) for name, found in groups if _has_fallen(found)),
    ]


def _unreadable(digest: str) -> str:
    words = gettext(
        "Calibration %(digest)s cannot be read: its stored bytes are gone or damaged. What was "
        "predicted with it counts as without an interval; predictions and outcomes are safe. If "
        "it still decides, people see everything until a new one is cut."
    )
    return words % {"digest": digest[:8]}


def _broken(kept: Kept) -> str:
    words = gettext(
        "Calibration %(digest)s promised at most %(eps)s false tickets, and %(false)s of %(n)s "
        "were false: more than chance. A certificate fails with %(delta)s; if this one still "
        "decides, switch automatic tickets off and cut a new calibration."
    )
    return words % {
        "digest": kept.calibration_hash[:8],
        "eps": percent_text(kept.certificate.eps),
        "false": count_text(kept.automatic.n_false),
        "n": count_text(kept.automatic.n_known),
        "delta": percent_text(kept.certificate.delta),
    }


def _fallen(name: str, found: GroupCoverage) -> str:
    words = gettext(
        "%(name)s: %(share)s of %(n)s outcomes lay inside their %(level)s intervals, too few to be "
        "the luck of a calibration. Outcomes no longer come as it came: read the drift checks."
    )
    return words % {
        "name": name,
        "share": percent_text(found.coverage),
        "n": count_text(found.n),
        "level": percent_text(found.promised, decimals=0),
    }


def _has_fallen(found: GroupCoverage) -> bool:
    return found.verdict is CoverageVerdict.BELOW and not found.may_be_luck_of_the_set
