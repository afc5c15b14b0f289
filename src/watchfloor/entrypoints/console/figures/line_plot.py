"""One line over a span, with the points that matter marked on it: curves, costs, workloads."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.svg import element, label, percent

PLOT, TOP = 150.0, 22.0


@dataclass(frozen=True, slots=True)
class LinePoint:
    """One point of the line; `y` is None where it is not known, and the line has a gap."""

    x: float
    y: float | None


@dataclass(frozen=True, slots=True)
class LineMark:
    """
    A point that matters.

    Args:
        kind: `pt` for what is proposed, `pt open` for what is in force.
    """

    x: float
    y: float | None
    kind: str


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis measures, and the value at its end; it begins at 0."""

    name: str
    end: float
    end_text: str


def line_plot(
    points: Sequence[LinePoint],
    *,
    marks: Sequence[LineMark],
    x_axis: Axis,
    y_axis: Axis,
    caption: str,
    table: FigureTable,
    legend: tuple[tuple[str, str], ...] = (),
) -> Figure:
    """
    Draw a line through points.

    Args:
        points: by rising x.
        marks: drawn over the line, in their order.
        caption: the finding.
    """
    foot = TOP + PLOT
    parts = [
        element("rect", class_="frame", x="0%", width="100%", y=TOP, height=PLOT),
        *_line(points, x_axis, y_axis),
        *[_mark(mark, x_axis, y_axis) for mark in marks if mark.y is not None],
        label(y_axis.name, x="0%", y=TOP - 8),
        label(y_axis.end_text, x="0%", dx=-6, y=TOP + 8, text_anchor="end"),
        label("0", x="0%", dx=-6, y=foot, text_anchor="end"),
        label("0", x="0%", y=foot + 16),
        label(x_axis.name, x="50%", y=foot + 16, text_anchor="middle"),
        label(x_axis.end_text, x="100%", y=foot + 16, text_anchor="end"),
    ]
    return Figure(
        kind="line-plot",
        svg=element("svg", "".join(parts), height=foot + 20, role="img", aria_label=caption),
        label=caption,
        caption=caption,
        table=table,
        legend=legend,
    )


def _line(points: Sequence[LinePoint], x_axis: Axis, y_axis: Axis) -> list[str]:
    """Return the line, broken where nothing is known; it spans the drawing by a box of its own."""
    path, is_pen_down = [], False
    for point in points:
        if point.y is None:
            is_pen_down = False
            continue
        x, y = 100 * _part(point.x, x_axis), 100 * (1 - _part(point.y, y_axis))
        path.append(f"{'L' if is_pen_down else 'M'}{x:.2f} {y:.2f}")
        is_pen_down = True
    if len(path) < 2:
        return []
    return [
        element(
            "svg",
            element("path", class_="curve-all", d="".join(path)),
            viewBox="0 0 100 100",
            preserveAspectRatio="none",
            width="100%",
            y=TOP,
            height=PLOT,
        )
    ]


def _mark(mark: LineMark, x_axis: Axis, y_axis: Axis) -> str:
    assert mark.y is not None
    cy = TOP + PLOT * (1 - _part(mark.y, y_axis))
    return element("circle", class_=mark.kind, cx=percent(_part(mark.x, x_axis)), cy=cy, r=5)


def _part(value: float, axis: Axis) -> float:
    """
    Return how far along an axis a value lies; beyond its end it stands at the end.

    >>> _part(3.0, Axis("score", 2.0, "2"))
    1.0
    """
    return min(1.0, max(0.0, value / axis.end)) if axis.end > 0 else 0.0
