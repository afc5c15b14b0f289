"""
The product's mark: one score with what is known about it.

An axis from 0 to 1, the 99 and 95 % bands of the event rate of predictions like this one, the
Venn-Abers pair as a bracket, the score as a point, and a tick at each threshold in force.
"""

from dataclasses import dataclass

from django.utils.translation import gettext

from watchfloor.entrypoints.console.figures.svg import element, label, percent, text
from watchfloor.entrypoints.console.wording import score_text

ROW_HEIGHT = 20
SCALE_HEIGHT = 60
# Each threshold of the large mark has a line of its own for its words, so they never touch.
LINE_HEIGHT = 15
# Closer to an end than this, a label centred on its mark would leave the drawing.
EDGE = 0.16


@dataclass(frozen=True, slots=True)
class Tick:
    """A threshold in force: where it lies in [0, 1] and what begins there."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class DrawnScore:
    """
    A score and its probability interval, all in [0, 1]; None is drawn as unknown, never as 0.

    `band95` and `band99` are (lower, upper), `pair` is (p0, p1). `why_unknown` says in a few
    words why there is no score.
    """

    score: float | None
    band95: tuple[float, float] | None = None
    band99: tuple[float, float] | None = None
    ticks: tuple[Tick, ...] = ()
    pair: tuple[float, float] | None = None
    why_unknown: str = ""


def score_glyph(drawn: DrawnScore) -> str:
    """Return the mark at the size of a row, or the word "unknown" where there is no score."""
    if drawn.score is None:
        return _unknown(drawn)
    middle = ROW_HEIGHT / 2
    ticks = [_tick(tick.value, top=1, bottom=ROW_HEIGHT - 1) for tick in drawn.ticks]
    point = element("circle", class_=_point_class(drawn), cx=percent(drawn.score), cy=middle, r=3.5)
    bands = _bands(drawn, top=3, height=14)
    parts = [_axis(middle), *bands, *_bracket(drawn, y=ROW_HEIGHT - 1, height=4), *ticks, point]
    return _drawing(drawn, parts=parts, kind="score", height=ROW_HEIGHT)


def score_scale(drawn: DrawnScore) -> str:
    """Return the same mark large, with the ends, the score and the thresholds written out."""
    if drawn.score is None:
        return _unknown(drawn)
    top = LINE_HEIGHT * len(drawn.ticks)
    middle, foot = top + 22, top + SCALE_HEIGHT - 4
    point = element("circle", class_=_point_class(drawn), cx=percent(drawn.score), cy=middle, r=6)
    parts = [
        _axis(middle),
        *_bands(drawn, top=middle - 12, height=24),
        *_bracket(drawn, y=middle + 16, height=6),
        *_labelled_ticks(drawn.ticks, bottom=middle + 17),
        point,
        *_ends(drawn.score, y=foot),
        label(score_text(drawn.score), class_="value", **_placed(drawn.score, y=foot)),
    ]
    return _drawing(drawn, parts=parts, kind="score-scale", height=top + SCALE_HEIGHT)


def score_label(drawn: DrawnScore) -> str:
    """
    Return the numbers of the mark in words, for those who hear the page.

    >>> score_label(DrawnScore(score=0.93, band95=(0.88, 0.96))).replace("\\u00a0", " ")
    'score 0.93, 95 % interval 0.88 to 0.96'
    """
    if drawn.score is None:
        return gettext("score unknown")
    parts = [gettext("score %(score)s") % {"score": score_text(drawn.score)}]
    if drawn.band95 is None:
        parts.append(gettext("interval unknown"))
    parts.extend(
        gettext("%(level)s\u00a0%% interval %(lower)s to %(upper)s")
        % {"level": level, "lower": score_text(band[0]), "upper": score_text(band[1])}
        for level, band in ((95, drawn.band95), (99, drawn.band99))
        if band is not None
    )
    if drawn.pair is not None:
        words = gettext("Venn-Abers pair %(p0)s and %(p1)s")
        parts.append(words % {"p0": score_text(drawn.pair[0]), "p1": score_text(drawn.pair[1])})
    parts.extend(f"{tick.label} {score_text(tick.value)}" for tick in drawn.ticks)
    return ", ".join(parts)


def _drawing(drawn: DrawnScore, *, parts: list[str], kind: str, height: int) -> str:
    return element(
        "svg", "".join(parts), class_=kind, height=height, role="img", aria_label=score_label(drawn)
    )


def _unknown(drawn: DrawnScore) -> str:
    why = f": {drawn.why_unknown}" if drawn.why_unknown else ""
    return element("span", text(score_text(None) + why), class_="score-unknown")


def _axis(y: float) -> str:
    return element("line", class_="axis", x1="0%", x2="100%", y1=y, y2=y)


def _bands(drawn: DrawnScore, *, top: float, height: float) -> list[str]:
    bands = (("b99", drawn.band99), ("b95", drawn.band95))
    return [
        element(
            "rect",
            class_=name,
            x=percent(band[0]),
            width=percent(band[1] - band[0]),
            y=top,
            height=height,
            rx=2,
        )
        for name, band in bands
        if band is not None
    ]


def _bracket(drawn: DrawnScore, *, y: float, height: float) -> list[str]:
    """Return the pair below the bands: a line between its numbers, and an end at each."""
    if drawn.pair is None:
        return []
    left, right = (percent(number) for number in drawn.pair)
    return [
        element("line", class_="pair", x1=left, x2=right, y1=y, y2=y),
        *(element("line", class_="pair", x1=x, x2=x, y1=y - height, y2=y) for x in (left, right)),
    ]


def _tick(value: float, *, top: float, bottom: float) -> str:
    return element("line", class_="tick", x1=percent(value), x2=percent(value), y1=top, y2=bottom)


def _point_class(drawn: DrawnScore) -> str:
    return "pt" if drawn.band95 is not None else "pt open"


def _placed(value: float, *, y: float) -> dict[str, str | float]:
    anchor = "start" if value < EDGE else "end" if value > 1 - EDGE else "middle"
    return {"x": percent(value), "y": y, "text_anchor": anchor}


def _labelled_ticks(ticks: tuple[Tick, ...], *, bottom: float) -> list[str]:
    parts = []
    for line, tick in enumerate(sorted(ticks, key=lambda tick: tick.value), start=1):
        foot = LINE_HEIGHT * line - 4
        words = f"{tick.label} {score_text(tick.value)}"
        parts.append(_tick(tick.value, top=foot + 4, bottom=bottom))
        parts.append(label(words, **_placed(tick.value, y=foot)))
    return parts


def _ends(score: float, *, y: float) -> list[str]:
    """Write 0 and 1 at the ends, unless the score's own label stands there."""
    ends = []
    if score > EDGE:
        ends.append(label("0", x="0%", y=y))
    if score < 1 - EDGE:
        ends.append(label("1", x="100%", y=y, text_anchor="end"))
    return ends
