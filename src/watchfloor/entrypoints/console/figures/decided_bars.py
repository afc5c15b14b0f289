"""What was done with the predictions of each span, as shares of all, one bar beside the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.svg import element, label, percent

PLOT, TOP = 132.0, 8.0
GAP = 0.18
# The order from the foot up, with the class that the style sheet draws each by.
KINDS = (
    ("ticketed", "bar-event"),
    ("cleared", "bar-auto"),
    ("reviewed", "bar-clean"),
    ("logged", "bar-open"),
)


@dataclass(frozen=True, slots=True)
class DecidedBar:
    """
    One span: how many predictions, by what was done with them; nothing is a gap.

    `ticketed` opened or joined a ticket by themselves.
    """

    begins: date
    ticketed: int
    cleared: int
    reviewed: int
    logged: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.ticketed + self.cleared + self.reviewed + self.logged


def decided_bars(bars: Sequence[DecidedBar], *, caption: str, table: FigureTable) -> Figure:
    """Draw the spans in their order; `caption` is the finding."""
    foot = TOP + PLOT
    parts = [
        *(part for k, bar in enumerate(bars) for part in _bar(bar, index=k, of=len(bars))),
        element("line", class_="axis", x1="0%", x2="100%", y1=foot, y2=foot),
        *_ends(bars, y=foot + 16),
        label("100\u00a0%", x="0%", dx=-6, y=TOP + 8, text_anchor="end"),
        label("0", x="0%", dx=-6, y=foot, text_anchor="end"),
    ]
    return Figure(
        kind="decided-bars",
        svg=element("svg", "".join(parts), height=foot + 20, role="img", aria_label=caption),
        label=caption,
        caption=caption,
        table=table,
        legend=_legend(),
    )


def _legend() -> tuple[tuple[str, str], ...]:
    words = (
        gettext("ticket by itself"),
        gettext("cleared by itself"),
        gettext("reviewed by a person"),
        gettext("logged"),
    )
    return tuple((kind, word) for (_, kind), word in zip(KINDS, words, strict=True))


def _bar(bar: DecidedBar, *, index: int, of: int) -> list[str]:
    x, width = percent((index + GAP / 2) / of), percent((1 - GAP) / of)
    foot = TOP + PLOT
    if bar.n == 0:
        middle = percent((index + 0.5) / of)
        return [element("line", class_="missing", x1=middle, x2=middle, y1=foot - 5, y2=foot)]
    parts = []
    for name, kind in KINDS:
        height = PLOT * getattr(bar, name) / bar.n
        if height > 0:
            foot -= height
            parts.append(element("rect", class_=kind, x=x, width=width, y=foot, height=height))
    return parts


def _ends(bars: Sequence[DecidedBar], *, y: float) -> list[str]:
    if not bars:
        return []
    first, last = (date_format(bar.begins, "j M") for bar in (bars[0], bars[-1]))
    return [label(first, x="0%", y=y), label(last, x="100%", y=y, text_anchor="end")]
