"""A rate for each of several groups, one below the other, against what was promised for all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.svg import element, label, percent
from watchfloor.entrypoints.console.wording import percent_text

ROW = 40.0
# Where the words of a row stand, and the line below them, from its top.
WORDS, LINE = 12.0, 26.0
FOOT = 20.0
LONGEST = 30


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """
    One group: its share in [0, 1] or None, and the exact interval of the true one.

    Args:
        name: what the group is; `told` stands at the right, as in "94.2 % of 1,204".
        band: the interval, [0, 1] where nothing is known.
        expected: where the share may lie although the promise is kept; drawn behind the band.
        is_judged: enough is known to hold it against the promise.
        is_outside: the band misses the promise; drawn as a ring.
    """

    name: str
    told: str
    value: float | None
    band: tuple[float, float]
    expected: tuple[float, float] | None
    is_judged: bool
    is_outside: bool


def coverage_rows(
    rows: Sequence[CoverageRow], *, promised: float, caption: str, table: FigureTable
) -> Figure:
    """
    Draw the groups in their order.

    Args:
        promised: drawn as a dashed line through all rows.
        caption: the finding; it is read out instead of the drawing.
        table: the numbers behind it.
    """
    low = _lowest(rows, promised=promised)
    foot = ROW * len(rows)
    x = percent(_place(promised, low=low))
    parts = [
        element("line", class_="promise", x1=x, x2=x, y1=0, y2=foot),
        *(part for index, row in enumerate(rows) for part in _row(row, top=ROW * index, low=low)),
        label(percent_text(low, decimals=0), x="0%", y=foot + 14),
        label(percent_text(1.0, decimals=0), x="100%", y=foot + 14, text_anchor="end"),
        *_promised_label(promised, low=low, y=foot + 14),
    ]
    return Figure(
        kind="coverage-rows",
        svg=element("svg", "".join(parts), height=foot + FOOT, role="img", aria_label=caption),
        label=caption,
        caption=caption,
        table=table,
    )


def _lowest(rows: Sequence[CoverageRow], *, promised: float) -> float:
    """Return where the scale begins: below every share, and every band that says anything."""
    seen = [promised, *(row.value for row in rows if row.value is not None)]
    seen += [row.band[0] for row in rows if row.is_judged]
    # Steps of 5 points, and a little room on the left.
    return max(0.0, math.floor((min(seen) - 0.01) * 20) / 20)


def _place(value: float, *, low: float) -> float:
    return min(1.0, max(0.0, (value - low) / (1 - low))) if low < 1 else 1.0


def _row(row: CoverageRow, *, top: float, low: float) -> list[str]:
    middle = top + LINE
    name = row.name if len(row.name) <= LONGEST else f"{row.name[: LONGEST - 1]}…"
    parts = [
        label(name, class_="mark", x="0%", y=top + WORDS),
        label(row.told, x="100%", y=top + WORDS, text_anchor="end"),
        element("line", class_="axis", x1="0%", x2="100%", y1=middle, y2=middle),
        *_expected(row, middle=middle, low=low),
    ]
    if row.value is None:
        return parts
    ends = [percent(_place(end, low=low)) for end in row.band]
    kind = "pt outside" if row.is_outside else "pt" if row.is_judged else "pt open"
    return [
        *parts,
        element("line", class_="whisker", x1=ends[0], x2=ends[1], y1=middle, y2=middle),
        element("circle", class_=kind, cx=percent(_place(row.value, low=low)), cy=middle, r=4.5),
    ]


def _expected(row: CoverageRow, *, middle: float, low: float) -> list[str]:
    if row.expected is None:
        return []
    left, right = (_place(end, low=low) for end in row.expected)
    width = percent(right - left)
    return [
        element("rect", class_="b99", x=percent(left), width=width, y=middle - 7, height=14, rx=2)
    ]


def _promised_label(promised: float, *, low: float, y: float) -> list[str]:
    """Write the promise under its line, unless an end of the scale stands there."""
    at = _place(promised, low=low)
    if not 0.25 <= at <= 0.8:
        return [
            label(
                gettext("promised %(level)s") % {"level": percent_text(promised, decimals=0)},
                x="50%",
                y=y,
                text_anchor="middle",
            )
        ]
    words = gettext("promised %(level)s") % {"level": percent_text(promised, decimals=0)}
    return [label(words, x=percent(at), y=y, text_anchor="middle")]
