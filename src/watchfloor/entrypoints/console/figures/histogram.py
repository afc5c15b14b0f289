"""Scores by outcome: events above the line, everything else below it, thresholds across both."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.score_glyph import EDGE, LINE_HEIGHT, Tick
from watchfloor.entrypoints.console.figures.svg import element, label, percent
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text

# Events are rare: on one scale with the rest their bars would be too low to see, so each side
# of the line has its own, and says how many its tallest bar holds.
ABOVE = 78.0
BELOW = 62.0
GAP = 0.12


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Predictions with a score in [lower, upper), counted by what became of them."""

    lower: float
    upper: float
    clean: int
    event: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Handle:
    """
    A threshold that is being moved: where it stands in [0, 1], and what begins there.

    `name` is that of the field it is moved by; a script finds the line by it.
    """

    name: str
    value: float
    label: str


def score_histogram(
    bins: Sequence[ScoreBin],
    *,
    ticks: tuple[Tick, ...] = (),
    handles: tuple[Handle, ...] = (),
    event_name: str,
) -> Figure:
    """
    Draw how scores lie, apart by outcome.

    Args:
        bins: ascending, side by side, inside [0, 1], with an edge at each threshold.
        ticks: the thresholds in force; the caption says what share of the events lies at or
            above the highest.
        handles: thresholds as they are proposed, drawn as lines of their own.
        event_name: what an event is called here, in the singular, as in "fraud".
    """
    top = float(LINE_HEIGHT * (len(ticks) + len(handles)) + 6)
    parts = [
        *_bars(bins, line=top + ABOVE),
        element("line", class_="axis", x1="0%", x2="100%", y1=top + ABOVE, y2=top + ABOVE),
        *_thresholds(ticks, bottom=top + ABOVE + BELOW),
        *_handles(handles, first=len(ticks) + 1, bottom=top + ABOVE + BELOW),
        *_scale_labels(bins, top=top, event_name=event_name),
    ]
    height = top + ABOVE + BELOW + 20
    caption = _caption(bins, ticks=ticks, event_name=event_name)
    return Figure(
        kind="histogram",
        svg=element("svg", "".join(parts), height=height, role="img", aria_label=caption),
        label=caption,
        caption=caption,
        table=_table(bins, event_name=event_name),
    )


def _bars(bins: Sequence[ScoreBin], *, line: float) -> list[str]:
    most_events = max((one.event for one in bins), default=0)
    most_others = max((one.clean + one.unknown for one in bins), default=0)
    parts = []
    for one in bins:
        event = ABOVE * one.event / most_events if most_events else 0.0
        clean = BELOW * one.clean / most_others if most_others else 0.0
        unknown = BELOW * one.unknown / most_others if most_others else 0.0
        parts.append(_bar(one, kind="event", top=line - event, height=event))
        parts.append(_bar(one, kind="clean", top=line, height=clean))
        parts.append(_bar(one, kind="open", top=line + clean, height=unknown))
    return [part for part in parts if part]


def _bar(one: ScoreBin, *, kind: str, top: float, height: float) -> str:
    if height <= 0:
        return ""
    width = one.upper - one.lower
    return element(
        "rect",
        class_=f"bar-{kind}",
        x=percent(one.lower + GAP * width / 2),
        width=percent((1 - GAP) * width),
        y=top,
        height=height,
    )


def _thresholds(ticks: tuple[Tick, ...], *, bottom: float) -> list[str]:
    parts = []
    for line, tick in enumerate(sorted(ticks, key=lambda tick: tick.value), start=1):
        x, foot = percent(tick.value), LINE_HEIGHT * line - 4
        anchor = _anchor(tick.value)
        parts.append(element("line", class_="tick", x1=x, x2=x, y1=foot + 4, y2=bottom))
        words = f"{tick.label} {score_text(tick.value)}"
        parts.append(label(words, x=x, y=foot, text_anchor=anchor))
    return parts


def _handles(handles: tuple[Handle, ...], *, first: int, bottom: float) -> list[str]:
    parts = []
    for line, handle in enumerate(handles, start=first):
        x, foot = percent(handle.value), LINE_HEIGHT * line - 4
        words = f"{handle.label} {score_text(handle.value)}"
        drawn = [
            element("line", class_="handle-line", x1=x, x2=x, y1=foot + 4, y2=bottom),
            label(words, class_="mark", x=x, y=foot, text_anchor=_anchor(handle.value)),
        ]
        parts.append(element("g", "".join(drawn), data_handle=handle.name, data_words=handle.label))
    return parts


def _anchor(value: float) -> str:
    """Return how words stand at a place, so that they stay within the drawing."""
    return "start" if value < EDGE else "end" if value > 1 - EDGE else "middle"


def _scale_labels(bins: Sequence[ScoreBin], *, top: float, event_name: str) -> list[str]:
    events = count_text(max((one.event for one in bins), default=0))
    others = count_text(max((one.clean + one.unknown for one in bins), default=0))
    above = gettext("%(event)s, tallest bar %(n)s") % {"event": event_name, "n": events}
    below = gettext("the rest, tallest bar %(n)s") % {"n": others}
    foot = top + ABOVE + BELOW
    # At the right the lower half is empty, as scores of the rest crowd at the left.
    return [
        label(above, x="0%", y=top + 10),
        label(below, x="100%", y=foot - 4, text_anchor="end"),
        label("0", x="0%", y=foot + 16),
        label("1", x="100%", y=foot + 16, text_anchor="end"),
    ]


def _caption(bins: Sequence[ScoreBin], *, ticks: tuple[Tick, ...], event_name: str) -> str:
    events, clean, unknown = (
        sum(one.event for one in bins),
        sum(one.clean for one in bins),
        sum(one.unknown for one in bins),
    )
    total = events + clean + unknown
    if total == 0:
        return gettext("No predictions in this span.")
    first = ngettext(
        "%(total)s prediction: %(events)s %(event)s, %(clean)s not, %(unknown)s still open.",
        "%(total)s predictions: %(events)s %(event)s, %(clean)s not, %(unknown)s still open.",
        total,
    ) % {
        "total": count_text(total),
        "events": count_text(events),
        "event": event_name,
        "clean": count_text(clean),
        "unknown": count_text(unknown),
    }
    return " ".join([first, *_found(bins, ticks=ticks, events=events, event_name=event_name)])


def _found(
    bins: Sequence[ScoreBin], *, ticks: tuple[Tick, ...], events: int, event_name: str
) -> list[str]:
    if not ticks or not events:
        return []
    highest = max(ticks, key=lambda tick: tick.value)
    above = sum(one.event for one in bins if one.lower >= highest.value)
    words = gettext("%(share)s of %(event)s scored %(threshold)s or more.")
    return [
        words
        % {
            "share": percent_text(above / events, decimals=0),
            "event": event_name,
            "threshold": score_text(highest.value),
        }
    ]


def _table(bins: Sequence[ScoreBin], *, event_name: str) -> FigureTable:
    return FigureTable(
        headers=(
            gettext("Score"),
            event_name,
            gettext("not %(event)s") % {"event": event_name},
            gettext("still open"),
        ),
        rows=tuple(
            (
                f"{score_text(one.lower)} – {score_text(one.upper)}",
                count_text(one.event),
                count_text(one.clean),
                count_text(one.unknown),
            )
            for one in bins
        ),
    )
