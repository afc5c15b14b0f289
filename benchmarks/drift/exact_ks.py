"""
Exact distances of long columns of scores, beside scipy's on the same scores.

Scores are on the product's grid, so counting them loses nothing; the distance and the p-value
are compared with scipy's first, and the run stops where they differ by more than 1e-10.
"""

import numpy as np
from scipy import stats

from benchmarks.drift.world import SEED
from benchmarks.uncertainty.results import Comparison, Part, Target, worst
from benchmarks.uncertainty.timing import compared
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.drift.ks import ks_distance, ks_p_value
from watchfloor.core.score_grid import PROBABILITY

SAME = 1e-10


def measure(*, quick: bool) -> Part:
    """Measure at a hundred thousand and a million scores; without the million for a try."""
    found = [
        _compared(n, shift=shift, rounds=3 if quick else 7)
        for n in ([100_000] if quick else [100_000, 1_000_000])
        for shift in (0.0, 0.02)
    ]
    return Part(
        heading="Exact distances of scores",
        words=(
            "Half as many scores now as before, on the grid, as their places there: counted, "
            "summed and given their p-value. scipy is asked for the asymptotic test."
        ),
        comparisons=found,
        targets=[
            Target("exact KS beside scipy", "exact distance, beside scipy", 5.0, worst(found))
        ],
    )


def _compared(n: int, *, shift: float, rounds: int) -> Comparison:
    rng = np.random.default_rng([SEED, n])
    before, now = _scores(rng, n, 0.0), _scores(rng, n // 2, shift)
    points = PROBABILITY.points

    def ours() -> tuple[float, float]:
        counts = [np.bincount(side, minlength=len(points)) for side in (before, now)]
        distance = ks_distance(*counts)
        return float(distance), float(ks_p_value(distance, n=len(before), m=len(now)))

    raw: tuple[FloatArray, FloatArray] = points[before], points[now]
    same = stats.ks_2samp(*raw, method="asymp")
    if np.abs(np.subtract(ours(), (same.statistic, same.pvalue))).max() > SAME:
        raise SystemExit(f"the distance of {n} scores is not scipy's")
    word = "alike" if not shift else "drifted"
    return compared(
        f"{n:,} scores, {word}",
        ours,
        "scipy",
        lambda: stats.ks_2samp(*raw, method="asymp"),
        rounds=rounds,
    )


def _scores(rng: np.random.Generator, n: int, shift: float) -> IntArray:
    raw = 1 / (1 + np.exp(-rng.normal(-1 + shift, 1, size=n)))
    places, _ = PROBABILITY.quantise(raw)
    return np.asarray(places, dtype=np.int64)
