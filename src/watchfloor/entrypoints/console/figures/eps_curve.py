"""What could be automated at each promise: shares that rise as the promise loosens."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.score_glyph import EDGE
from watchfloor.entrypoints.console.figures.svg import element, label, percent
from watchfloor.entrypoints.console.wording import number_text, percent_text

PLOT, TOP = 150.0, 22.0
# Of thirteen promises every second one is written, or they would run into each other on a phone.
MOST_LABELS = 7


@dataclass(frozen=True, slots=True)
class PromisePoint:
    """
    One promise: the share of false actions, and the shares that it would reach, in [0, 1].

    `of_events` is None where no event is known.
    """

    eps: float
    of_all: float
    of_events: float | None


def eps_curve(
    points: Sequence[PromisePoint], *, asked: float, caption: str, table: FigureTable
) -> Figure:
    """
    Draw both shares over the promises, which stand side by side at even distance.

    Args:
        points: promises ascending.
        asked: the promise in force, drawn as a tick between its neighbours.
        caption: the finding.
    """
    foot = TOP + PLOT
    parts = [
        element("rect", class_="frame", x="0%", width="100%", y=TOP, height=PLOT),
        *_asked(points, asked),
        *_line([point.of_events for point in points], kind="curve-events"),
        *_line([point.of_all for point in points], kind="curve-all"),
        *_dots([point.of_events for point in points], kind="pt open"),
        *_dots([point.of_all for point in points], kind="pt"),
        *_labels(points, y=foot + 16),
        label("100\u00a0%", x="0%", dx=-6, y=TOP + 8, text_anchor="end"),
        label("0", x="0%", dx=-6, y=foot, text_anchor="end"),
    ]
    return Figure(
        kind="eps-curve",
        svg=element("svg", "".join(parts), height=foot + 20, role="img", aria_label=caption),
        label=caption,
        caption=caption,
        table=table,
        legend=(
            ("pt", gettext("share of all predictions")),
            ("pt open", gettext("share of all events")),
        ),
    )


def _x(index: int, of: int) -> float:
    return (index + 0.5) / of


def _y(share: float) -> float:
    return TOP + PLOT * (1 - share)


def _asked(points: Sequence[PromisePoint], asked: float) -> list[str]:
    at = _place_of(asked, [point.eps for point in points])
    x = percent(at)
    anchor = "start" if at < EDGE else "end" if at > 1 - EDGE else "middle"
    words = gettext("asked for: %(eps)s") % {"eps": promise_text(asked)}
    return [
        element("line", class_="tick", x1=x, x2=x, y1=TOP - 4, y2=TOP + PLOT),
        label(words, x=x, y=TOP - 8, text_anchor=anchor),
    ]


def _place_of(asked: float, grid: Sequence[float]) -> float:
    """
    Return where a promise lies between its neighbours; beyond the grid it stands at its end.

    >>> round(_place_of(0.15, [0.1, 0.2]), 2)
    0.5
    """
    below = [index for index, eps in enumerate(grid) if eps <= asked]
    if not below:
        return 0.0
    last = below[-1]
    if last == len(grid) - 1:
        return 1.0 if asked > grid[last] else _x(last, len(grid))
    part = (asked - grid[last]) / (grid[last + 1] - grid[last])
    return _x(last, len(grid)) + part / len(grid)


def _line(shares: Sequence[float | None], *, kind: str) -> list[str]:
    """Return a line through the known shares; it spans the drawing by a box of its own."""
    points = [
        f"{100 * _x(index, len(shares)):.2f} {100 * (1 - share):.2f}"
        for index, share in enumerate(shares)
        if share is not None
    ]
    if len(points) < 2:
        return []
    path = element("path", class_=kind, d="M" + "L".join(points))
    return [
        element(
            "svg",
            path,
            viewBox="0 0 100 100",
            preserveAspectRatio="none",
            width="100%",
            y=TOP,
            height=PLOT,
        )
    ]


def _dots(shares: Sequence[float | None], *, kind: str) -> list[str]:
    return [
        element("circle", class_=kind, cx=percent(_x(index, len(shares))), cy=_y(share), r=4)
        for index, share in enumerate(shares)
        if share is not None
    ]


def _labels(points: Sequence[PromisePoint], *, y: float) -> list[str]:
    step = -(-len(points) // MOST_LABELS)
    return [
        label(promise_text(point.eps), x=percent(_x(index, len(points))), y=y, text_anchor="middle")
        for index, point in enumerate(points)
        if index % step == 0
    ]


def promise_text(eps: float) -> str:
    """
    Return a promise with no more digits than it has.

    >>> [promise_text(eps).replace("\\u00a0", " ") for eps in (0.1, 0.075, 0.0005)]
    ['10 %', '7.5 %', '0.05 %']
    """
    for decimals in (0, 1, 2):
        if abs(round(100 * eps, decimals) - 100 * eps) < 1e-9:
            return percent_text(eps, decimals=decimals)
    return f"{number_text(100 * eps, decimals=3)}\u00a0%"
