"""One metric over many days: a point and its interval each day, gaps where nothing is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.svg import element, label, percent
from watchfloor.entrypoints.console.wording import count_text, percent_text

MARK_LINE = 14.0
# Marks closer than this share of the strip stand on lines of their own, so numbers never touch.
MARK_APART = 0.08
PLOT = 96.0
# A share of the range left free above and below, so that no point sits on the frame.
HEADROOM = 0.08


@dataclass(frozen=True, slots=True)
class DayPoint:
    """
    One local day: a rate in [0, 1] or None, its 95 % interval, and the outcomes behind it.

    `is_outside` draws a ring: its interval misses the promise.
    """

    day: date
    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class DayMark:
    """Something that happened on a day: a promotion, an alarm, a rollback."""

    day: date
    words: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A bound the metric was promised to keep, in [0, 1], and on which side of it."""

    value: float
    is_upper_bound: bool

    def is_broken_by(self, value: float) -> bool:
        """Say whether this value lies on the wrong side."""
        return value > self.value if self.is_upper_bound else value < self.value


def day_strip(
    points: Sequence[DayPoint],
    *,
    metric: str,
    promise: Promise | None = None,
    marks: Sequence[DayMark] = (),
    caption: str = "",
    table: FigureTable | None = None,
) -> Figure:
    """
    Draw a metric day by day.

    Args:
        points: one for each day, ascending, none left out: a day without a value is a gap.
        metric: its name as a sentence begins, as in "Coverage at 95 %".
        promise: drawn as a dashed line; the caption says how often it was broken.
        marks: numbered above the strip, explained below it.
        caption, table: the finding and the numbers where a point is more than a day.
    """
    shown = sorted(
        (mark for mark in marks if points and points[0].day <= mark.day <= points[-1].day),
        key=lambda mark: mark.day,
    )
    low, high = _range(points, promise=promise)
    lines = _mark_rows(shown, days=len(points))
    top = MARK_LINE * (max(lines) + 1) + 6 if lines else 4.0
    plot = _Plot(days=len(points), low=low, high=high, top=top)
    parts = [
        *_promise_line(promise, plot=plot),
        *_mark_lines(shown, points=points, plot=plot),
        *(part for index, point in enumerate(points) for part in _day(index, point, plot=plot)),
        *_axis_labels(points, plot=plot),
    ]
    caption = caption or _caption(points, metric=metric, promise=promise)
    return Figure(
        kind="day-strip",
        svg=element("svg", "".join(parts), height=plot.foot + 20, role="img", aria_label=caption),
        label=caption,
        caption=caption,
        table=table or _table(points, metric=metric),
        notes=tuple(f"{mark.words}, {_day_text(mark.day)}" for mark in shown),
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where a day and a value lie in the drawing."""

    days: int
    low: float
    high: float
    top: float

    @property
    def foot(self) -> float:
        return self.top + PLOT

    def x(self, index: int) -> str:
        return percent((index + 0.5) / max(1, self.days))

    def y(self, value: float) -> float:
        return self.foot - PLOT * (value - self.low) / (self.high - self.low)


def _range(points: Sequence[DayPoint], *, promise: Promise | None) -> tuple[float, float]:
    seen = [
        value
        for point in points
        for value in (point.value, point.lower, point.upper)
        if value is not None
    ]
    if promise is not None:
        seen.append(promise.value)
    if not seen:
        return 0.0, 1.0
    spare = HEADROOM * (max(seen) - min(seen)) or 0.01
    return min(seen) - spare, max(seen) + spare


def _day(index: int, point: DayPoint, *, plot: _Plot) -> list[str]:
    x = plot.x(index)
    if point.value is None:
        return [element("line", class_="missing", x1=x, x2=x, y1=plot.foot - 5, y2=plot.foot)]
    parts = []
    if point.lower is not None and point.upper is not None:
        ends = {"y1": plot.y(point.upper), "y2": plot.y(point.lower)}
        parts.append(element("line", class_="whisker", x1=x, x2=x, **ends))
    kind, size = ("pt outside", 3.5) if point.is_outside else ("pt", 2.5)
    return [*parts, element("circle", class_=kind, cx=x, cy=plot.y(point.value), r=size)]


def _promise_line(promise: Promise | None, *, plot: _Plot) -> list[str]:
    if promise is None:
        return []
    y = plot.y(promise.value)
    return [element("line", class_="promise", x1="0%", x2="100%", y1=y, y2=y)]


def _mark_rows(marks: Sequence[DayMark], *, days: int) -> list[int]:
    """Return the line of each mark's number: the first, or one below a neighbour too close."""
    rows: list[int] = []
    for index, mark in enumerate(marks):
        is_close = index > 0 and (mark.day - marks[index - 1].day).days < MARK_APART * days
        rows.append(rows[-1] + 1 if is_close else 0)
    return rows


def _mark_lines(marks: Sequence[DayMark], *, points: Sequence[DayPoint], plot: _Plot) -> list[str]:
    parts = []
    rows = _mark_rows(marks, days=len(points))
    for number, (mark, row) in enumerate(zip(marks, rows, strict=True), start=1):
        x, foot = plot.x((mark.day - points[0].day).days), MARK_LINE * (row + 1) - 3
        parts.append(element("line", class_="tick", x1=x, x2=x, y1=foot + 3, y2=plot.foot))
        parts.append(label(str(number), class_="mark", x=x, y=foot, text_anchor="middle"))
    return parts


def _axis_labels(points: Sequence[DayPoint], *, plot: _Plot) -> list[str]:
    if not points:
        return []
    foot = plot.foot + 16
    return [
        element("line", class_="axis", x1="0%", x2="100%", y1=plot.foot, y2=plot.foot),
        label(_rate(plot.high), x="0%", dx=-6, y=plot.top + 8, text_anchor="end"),
        label(_rate(plot.low), x="0%", dx=-6, y=plot.foot, text_anchor="end"),
        label(_day_text(points[0].day), x="0%", y=foot),
        label(_day_text(points[-1].day), x="100%", y=foot, text_anchor="end"),
    ]


def _rate(value: float) -> str:
    return percent_text(min(1.0, max(0.0, value)), decimals=0)


def _caption(points: Sequence[DayPoint], *, metric: str, promise: Promise | None) -> str:
    known = [point for point in points if point.value is not None]
    if not known:
        return gettext("%(metric)s: no outcome is known yet.") % {"metric": metric}
    sentences = [
        _latest(known[-1], metric=metric),
        *_broken(known, promise=promise),
        *_missing(len(points) - len(known)),
    ]
    return " ".join(sentences)


def _latest(point: DayPoint, *, metric: str) -> str:
    facts = {
        "metric": metric,
        "value": percent_text(point.value),
        "day": _day_text(point.day),
        "n": count_text(point.n),
    }
    if point.lower is None or point.upper is None:
        return gettext("%(metric)s: %(value)s on %(day)s (n = %(n)s).") % facts
    facts["lower"], facts["upper"] = percent_text(point.lower), percent_text(point.upper)
    words = gettext("%(metric)s: %(value)s on %(day)s (%(lower)s to %(upper)s, n = %(n)s).")
    return words % facts


def _broken(known: Sequence[DayPoint], *, promise: Promise | None) -> list[str]:
    if promise is None:
        return []
    values = [point.value for point in known if point.value is not None]
    broken = sum(promise.is_broken_by(value) for value in values)
    facts = {"broken": broken, "days": len(values), "bound": percent_text(promise.value)}
    if promise.is_upper_bound:
        words = gettext("Above the promised %(bound)s on %(broken)s of %(days)s days.")
    else:
        words = gettext("Below the promised %(bound)s on %(broken)s of %(days)s days.")
    return [words % facts]


def _missing(days: int) -> list[str]:
    if days == 0:
        return []
    words = ngettext("%(days)s day has no outcomes.", "%(days)s days have no outcomes.", days)
    return [words % {"days": days}]


def _day_text(day: date) -> str:
    return date_format(day, "j M")


def _table(points: Sequence[DayPoint], *, metric: str) -> FigureTable:
    return FigureTable(
        headers=(gettext("Day"), metric, gettext("95 % interval"), gettext("n")),
        rows=tuple(
            (
                date_format(point.day, "Y-m-d"),
                percent_text(point.value),
                _interval_text(point),
                count_text(point.n),
            )
            for point in points
        ),
    )


def _interval_text(point: DayPoint) -> str:
    if point.lower is None or point.upper is None:
        return gettext("unknown")
    return f"{percent_text(point.lower)} – {percent_text(point.upper)}"
