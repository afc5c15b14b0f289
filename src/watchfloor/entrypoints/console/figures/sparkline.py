"""A line of the last values, small enough to stand under a number."""

from collections.abc import Sequence
from itertools import groupby

from watchfloor.entrypoints.console.figures.svg import element

WIDTH = 100.0
HEIGHT = 26.0
MARGIN = 3.0


def sparkline(
    values: Sequence[float | None],
    *,
    target: float | None = None,
    band: tuple[float, float] | None = None,
) -> str:
    """
    Return the values as a line from left to right, oldest first.

    A None leaves a gap. The number above says what the line ends in, so it is not read out.

    Args:
        values: in any one unit.
        target: where a promise lies, in the same unit; drawn dashed.
        band: the range that was promised, in the same unit.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    marks = [*known, *([target] if target is not None else []), *(band or ())]
    low, high = min(marks), max(marks)
    parts = [
        *_band(band, low=low, high=high),
        *_target(target, low=low, high=high),
        element("path", class_="spark-line", d=_path(values, low=low, high=high)),
    ]
    view_box = f"0 0 {WIDTH:g} {HEIGHT:g}"
    return element(
        "svg",
        "".join(parts),
        class_="spark",
        viewBox=view_box,
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _path(values: Sequence[float | None], *, low: float, high: float) -> str:
    step = WIDTH / max(1, len(values) - 1)
    runs = []
    for known, run in groupby(enumerate(values), key=lambda item: item[1] is not None):
        if known:
            points = [
                f"{step * index:.1f} {_height(value, low=low, high=high):.1f}"
                for index, value in run
                if value is not None
            ]
            # A lone value between two gaps would be a line of no length, and not be seen.
            runs.append("M" + "L".join(points if len(points) > 1 else points * 2))
    return "".join(runs)


def _height(value: float, *, low: float, high: float) -> float:
    if high == low:
        return HEIGHT / 2
    return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / (high - low)


def _target(target: float | None, *, low: float, high: float) -> list[str]:
    if target is None:
        return []
    y = _height(target, low=low, high=high)
    return [element("line", class_="spark-target", x1=0, x2=WIDTH, y1=y, y2=y)]


def _band(band: tuple[float, float] | None, *, low: float, high: float) -> list[str]:
    if band is None:
        return []
    top, bottom = (_height(edge, low=low, high=high) for edge in (band[1], band[0]))
    return [element("rect", class_="b95", x=0, width=WIDTH, y=top, height=bottom - top)]
