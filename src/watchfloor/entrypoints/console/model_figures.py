"""The pictures of one model's health: day strips, scores by outcome, promise against what came."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from watchfloor.core.local_time import local_day
from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.figures import DayMark, DayPoint, Figure, Promise, Tick
from watchfloor.entrypoints.console.parts import severity_word
from watchfloor.ml.inference.model_queries import MetricDay, Rate
from watchfloor.ml.models import DriftReport, RollbackWatch
from watchfloor.ml.predictions.score_queries import ScoreSlice

METRICS = ("coverage", "accuracy", "precision", "recall")
# A group of fewer known outcomes says too little to be held against its promise.
FEWEST_OF_A_GROUP = 10
FEWEST_DAYS = 14


def metric_labels() -> dict[str, str]:
    """Return what each metric of the strip is called."""
    return {
        "coverage": gettext("Coverage at 95 %"),
        "accuracy": gettext("Accuracy"),
        "precision": gettext("Precision"),
        "recall": gettext("Recall"),
    }


def metric_strip(days: Sequence[MetricDay], *, metric: str, marks: Sequence[DayMark]) -> Figure:
    """Draw one metric of a model over its days."""
    promise = Promise(0.95, is_upper_bound=False) if metric == "coverage" else None
    return figures.day_strip(
        [_point(day.day, _rate_of(day, metric)) for day in _lived(days)],
        metric=metric_labels()[metric],
        promise=promise,
        marks=marks,
    )


def _lived(days: Sequence[MetricDay]) -> Sequence[MetricDay]:
    """Return the days since the first prediction: a young model has no past that is unknown."""
    first = next((k for k, day in enumerate(days) if day.n), 0)
    return days[min(first, max(0, len(days) - FEWEST_DAYS)) :]


def _rate_of(day: MetricDay, metric: str) -> Rate:
    rates = {
        "coverage": day.coverage_95,
        "accuracy": day.accuracy,
        "precision": day.precision,
        "recall": day.recall,
    }
    return rates[metric]


def _point(day: date, rate: Rate) -> DayPoint:
    return DayPoint(day, rate.value, rate.lower, rate.upper, rate.n)


def day_marks(
    reports: Iterable[DriftReport], watches: Iterable[RollbackWatch], *, zone: ZoneInfo
) -> tuple[DayMark, ...]:
    """Return what happened to a model as marks: the first day of each drift, and promotions."""
    drifts = sorted((r for r in reports if r.drifted), key=lambda report: report.day)
    marks = [
        DayMark(
            report.day,
            gettext("%(kind)s drift, %(severity)s")
            % {
                "kind": report.kind.replace("_", " ").capitalize(),
                "severity": severity_word(report.severity).lower(),
            },
        )
        for before, report in zip([None, *drifts], drifts, strict=False)
        if before is None or (report.day - before.day).days > 1 or report.kind != before.kind
    ]
    return (*marks, *(mark for watch in watches for mark in _marks_of(watch, zone)))


def _marks_of(watch: RollbackWatch, zone: ZoneInfo) -> list[DayMark]:
    version = {"version": watch.new_stack.model_version.version}
    marks = [_mark(watch.started_at, gettext("%(version)s promoted") % version, zone)]
    if watch.decided_at is not None:
        words = {
            "confirmed": gettext("%(version)s confirmed"),
            "roll_back": gettext("%(version)s rolled back"),
            "inconclusive": gettext("watch of %(version)s inconclusive"),
        }.get(watch.state)
        if words:
            marks.append(_mark(watch.decided_at, words % version, zone))
    return marks


def _mark(at: datetime, words: str, zone: ZoneInfo) -> DayMark:
    return DayMark(local_day(at, zone), words)


def score_histogram(slices: Sequence[ScoreSlice], *, ticks: tuple[Tick, ...]) -> Figure:
    """Draw how scores lie, apart by outcome."""
    return figures.score_histogram(
        [figures.ScoreBin(s.lower, s.upper, s.clean, s.event, s.unknown) for s in slices],
        ticks=ticks,
        event_name=gettext("confirmed"),
    )


def agreement(slices: Sequence[ScoreSlice]) -> Figure | None:
    """Draw predicted against observed rates; None while too few outcomes are known."""
    groups = [
        figures.ReliabilityBin(s.mean_known, r.value, r.lower, r.upper, r.n)
        for s in slices
        if (r := s.observed).n >= FEWEST_OF_A_GROUP
        and s.mean_known is not None
        and r.value is not None
        and r.lower is not None
        and r.upper is not None
    ]
    if not groups:
        return None
    return figures.reliability(groups, event_name=gettext("real event"))
