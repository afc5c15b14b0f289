"""What the thresholds page promises, on real predictions whose truth is known."""

import numpy as np

from tools.measure.page import Measured, Section
from tools.measure.real_data.pools import read_pools, told_data_dir
from tools.measure.real_data.promises import DELTA, most_breaks, upper_bound
from tools.measure.real_data.tried_thresholds import TRIED, Held, Picked, held, picked

SEED = 20261128
DRAWS, QUICK = 60, 10
EPS = (0.05, 0.1, 0.2)
HOW = (
    "Each draw is as large as its pool and taken from it with replacement, so that the pool is "
    "the truth."
)


def measure(*, quick: bool) -> Measured:
    """Draw, try, count."""
    draws, rng = QUICK if quick else DRAWS, np.random.default_rng(SEED)
    pools = read_pools(told_data_dir())
    tried = [each for pool in pools for each in picked(pool, promises=EPS, draws=draws, rng=rng)]
    figures = [held(pool, draws=draws, rng=rng) for pool in pools]
    return Measured(
        name="threshold_promises",
        title="What the thresholds page promises, on real predictions",
        what=(
            "Whether the promise about tickets holds for a threshold that was picked after "
            "trying fifty, and how often the intervals of the table hold the truth."
        ),
        how=HOW,
        n=f"{len(pools)} pools, {draws} draws each",
        seed=str(SEED),
        versions=f"numpy {np.__version__}",
        sections=[_picked_section(tried, draws), _held_section(figures)],
    )


def _picked_section(tried: list[Picked], draws: int) -> Section:
    words = (
        f"On each draw {TRIED} thresholds are tried; delta = {DELTA}, of the certificate and of "
        "the curve each. *Broken*: under any of those that are promised, the false share of the "
        "tickets over the whole pool is above what was promised; the worst is looked for. At "
        f"chance delta, {most_breaks(draws)} of {draws} or fewer break with 99 %; "
        f"the most seen is {max(each.broken for each in tried)}."
    )
    rows = [
        (
            each.pool,
            f"{each.eps:.0%}",
            f"{each.picks} of {each.draws}",
            str(each.broken),
            f"{upper_bound(each.broken, each.draws):.1%}",
        )
        for each in tried
    ]
    head = ("pool", "false at most", "anything promised", "broken", "chance at most, 99 %")
    return Section("Picked after trying fifty", words, head, rows)


def _held_section(figures: list[Held]) -> Section:
    words = (
        "Of the 95 % intervals, how many held the truth: the pool's precision and recall and its "
        "reviews a day at a review threshold of 0.4, and the missed events of the draw itself "
        "when outcomes are known above it, and of one in seven below."
    )
    rows = [
        (
            each.pool,
            *(
                f"{k / each.draws:.1%}"
                for k in (each.precision, each.recall, each.reviews_a_day, each.missed)
            ),
        )
        for each in figures
    ]
    head = ("pool", "precision", "recall", "reviews a day", "missed events")
    return Section("Intervals of the table", words, head, rows)
