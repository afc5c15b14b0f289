"""Does a score of 0.3 come true three times in ten? Predicted against observed rates."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from watchfloor.entrypoints.console.figures.figure import Figure, FigureTable
from watchfloor.entrypoints.console.figures.svg import element, label, percent
from watchfloor.entrypoints.console.wording import (
    count_text,
    number_text,
    percent_text,
    score_text,
)

HEIGHT = 240.0


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """
    Predictions of about the same score: their mean score, the event rate seen, its interval.

    All four rates lie in [0, 1]; `lower` and `upper` bound the true rate at 95 %; n > 0.
    """

    predicted: float
    observed: float
    lower: float
    upper: float
    n: int

    @property
    def is_honest(self) -> bool:
        """Whether the predicted rate lies inside what was observed."""
        return self.lower <= self.predicted <= self.upper


@dataclass(frozen=True, slots=True)
class PromisedRate:
    """Where a calibration says that the event rate of scores in [left, right) lies, at 95 %."""

    left: float
    right: float
    lower: float
    upper: float


def reliability(
    bins: Sequence[ReliabilityBin],
    *,
    event_name: str,
    promised: Sequence[PromisedRate] = (),
    pair: Sequence[tuple[float, float, float]] = (),
    caption: str = "",
    table: FigureTable | None = None,
) -> Figure:
    """
    Draw predicted against observed rates; a point that misses the diagonal has a ring.

    Args:
        promised: rates that a calibration states, drawn as bands behind the points.
        pair: (score, p0, p1) of a Venn-Abers predictor, scores ascending, drawn as two lines.
        caption, table: the finding and the numbers where more than the scores are compared.
    """
    diagonal = element("line", class_="tick", x1="0%", y1="100%", x2="100%", y2="0%")
    frame = element("rect", class_="frame", width="100%", height="100%")
    behind = "".join((*map(_band, promised), *_pair(pair)))
    marks = "".join(_mark(one) for one in bins)
    caption = caption or _caption(bins)
    return Figure(
        kind="reliability",
        svg=element(
            "svg",
            frame + behind + diagonal + marks + _labels(event_name),
            height=HEIGHT,
            role="img",
            aria_label=caption,
        ),
        label=caption,
        caption=caption,
        table=table or _table(bins),
        legend=_legend(promised, pair),
    )


def _legend(
    promised: Sequence[PromisedRate], pair: Sequence[tuple[float, float, float]]
) -> tuple[tuple[str, str], ...]:
    drawn = [("pt", gettext("seen since, with its 95 % interval"))] if promised or pair else []
    drawn += [("b95", gettext("rate that the calibration states, 95 %"))] if promised else []
    drawn += [("curve-pair", gettext("Venn-Abers pair"))] if pair else []
    return tuple(drawn)


def _band(one: PromisedRate) -> str:
    return element(
        "rect",
        class_="b95",
        x=percent(one.left),
        width=percent(one.right - one.left),
        y=percent(1 - one.upper),
        height=percent(one.upper - one.lower),
    )


def _pair(pair: Sequence[tuple[float, float, float]]) -> list[str]:
    """Return both numbers as lines in a box of their own, whose unit is a hundredth."""
    if len(pair) < 2:
        return []
    paths = (
        "M" + "L".join(f"{100 * row[0]:.2f} {100 * (1 - row[k]):.2f}" for row in pair)
        for k in (1, 2)
    )
    lines = "".join(element("path", class_="curve-pair", d=path) for path in paths)
    return [
        element(
            "svg",
            lines,
            viewBox="0 0 100 100",
            preserveAspectRatio="none",
            width="100%",
            height="100%",
        )
    ]


def _mark(one: ReliabilityBin) -> str:
    x = percent(one.predicted)
    span = element(
        "line", class_="whisker", x1=x, x2=x, y1=percent(1 - one.upper), y2=percent(1 - one.lower)
    )
    y = percent(1 - one.observed)
    if one.is_honest:
        return span + element("circle", class_="pt", cx=x, cy=y, r=4)
    return span + element("circle", class_="pt outside", cx=x, cy=y, r=5)


def _labels(event_name: str) -> str:
    seen = gettext("%(event)s seen") % {"event": event_name}
    return "".join(
        (
            label("0", x="0%", y=HEIGHT + 15),
            label(gettext("score"), x="50%", y=HEIGHT + 15, text_anchor="middle"),
            label("1", x="100%", y=HEIGHT + 15, text_anchor="end"),
            label("1", x="0%", dx=-6, y=10, text_anchor="end"),
            label(seen, x="0%", dx=8, y=16),
        )
    )


def _caption(bins: Sequence[ReliabilityBin]) -> str:
    n = sum(one.n for one in bins)
    if n == 0:
        return gettext("No outcome is known yet, so nothing can be compared.")
    # The expected calibration error: the mean distance, each bin weighed by its predictions.
    ece = sum(one.n * abs(one.observed - one.predicted) for one in bins) / n
    missed = sum(not one.is_honest for one in bins)
    first = gettext(
        "Scores miss the observed rate by %(points)s points on average (%(n)s outcomes)."
    ) % {"points": number_text(100 * ece, decimals=1), "n": count_text(n)}
    if missed == 0:
        return f"{first} " + gettext("Every group agrees within its interval.")
    second = ngettext(
        "%(missed)s of %(groups)s groups lies outside its interval.",
        "%(missed)s of %(groups)s groups lie outside their intervals.",
        missed,
    )
    return f"{first} {second % {'missed': missed, 'groups': len(bins)}}"


def _table(bins: Sequence[ReliabilityBin]) -> FigureTable:
    return FigureTable(
        headers=(gettext("Mean score"), gettext("Seen"), gettext("95 % interval"), gettext("n")),
        rows=tuple(
            (
                score_text(one.predicted),
                percent_text(one.observed),
                f"{percent_text(one.lower)} – {percent_text(one.upper)}",
                count_text(one.n),
            )
            for one in bins
        ),
    )
