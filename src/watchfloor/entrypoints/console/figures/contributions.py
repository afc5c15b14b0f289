"""What spoke for and against a score: one bar for each reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchfloor.entrypoints.console.figures.svg import element, percent
from watchfloor.entrypoints.console.wording import signed_text

HEIGHT = 8


@dataclass(frozen=True, slots=True)
class Contribution:
    """One reason in an operator's words, and how much it moved the score (signed, its unit)."""

    words: str
    value: float


@dataclass(frozen=True, slots=True)
class ContributionBar:
    """One reason ready for a page."""

    words: str
    value: str
    svg: str


def contribution_bars(contributions: Sequence[Contribution]) -> tuple[ContributionBar, ...]:
    """
    Return the reasons, the strongest first, on one common scale.

    >>> bars = contribution_bars([Contribution("own device", -0.1), Contribution("speed", 0.4)])
    >>> [(bar.words, bar.value[1:]) for bar in bars]
    [('speed', '0.40'), ('own device', '0.10')]
    """
    ordered = sorted(contributions, key=lambda one: abs(one.value), reverse=True)
    longest = max((abs(one.value) for one in ordered), default=0.0)
    return tuple(
        ContributionBar(
            words=one.words,
            value=signed_text(one.value),
            svg=_bar(one.value, longest=longest),
        )
        for one in ordered
    )


def _bar(value: float, *, longest: float) -> str:
    """Draw a bar from the left edge; the sign is in the number and in the fill."""
    share = abs(value) / longest if longest else 0.0
    bar = element(
        "rect",
        class_="bar" if value >= 0 else "bar against",
        width=percent(share),
        height=HEIGHT,
        rx=2,
    )
    return element("svg", bar, class_="bar-box", height=HEIGHT, aria_hidden="true")
