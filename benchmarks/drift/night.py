"""
A night of many models, read from the database: sizes alone, and the whole check.

scipy is given the raw values of the same windows, already in memory: it is asked for the
distance and the p-value of a pair, which is the smaller part of what ours answers.
"""

import numpy as np
from scipy import stats

from benchmarks.drift.world import DRIFTED_SHARE, FEATURES, SEED, SHIFT, Night, night, raw_pair
from benchmarks.uncertainty.results import Comparison, Part, Target
from benchmarks.uncertainty.timing import compared

MODELS, FLEET_PAIRS = 200, 50_000


def measure(*, quick: bool) -> Part:
    """Check every feature of 200 models; of 40 for a try."""
    world = night(models=MODELS // 5 if quick else MODELS)
    pairs = len(world.versions) * FEATURES
    rounds = 3 if quick else 7
    # Of the pairs as many are drifted for scipy as for ours: one in twenty.
    sample = [
        raw_pair(np.random.default_rng([SEED, i]), shift=SHIFT * (i < 20 * DRIFTED_SHARE))
        for i in range(20)
    ]

    def scipy_pairs() -> None:
        for one, other in sample:
            stats.ks_2samp(one, other, method="asymp")

    parts = [
        compared(
            work,
            lambda draws=draws: check(world, n_permutations=draws),
            "scipy, raw values in memory",
            scipy_pairs,
            units=(pairs, len(sample)),
            rounds=rounds,
        )
        for work, draws in (("sizes of one pair", 0), ("whole check of one pair", 1999))
    ]
    return Part(
        heading="A night of many models",
        words=(
            f"{pairs:,} pairs of feature and model, {FEATURES} a model, "
            f"{DRIFTED_SHARE:.0%} of them moved by {SHIFT} standard deviations; 28 days before "
            "and 7 now of 1,000 events each. Ours reads the counted days from SQLite, and "
            "answers distance, p-values, PSI and mean move; the whole check permutes days and "
            "judges. One core."
        ),
        comparisons=parts,
        targets=_targets(*parts),
    )


def check(world: Night, *, n_permutations: int) -> int:
    """Read, measure and judge all models; return how many pairs drifted."""
    from benchmarks.drift.world import LAST
    from watchfloor.core.drift.statistical import judge_moves, measure_moves
    from watchfloor.ml.health import drift_windows, feature_days

    windows = drift_windows.windows_before(tenant=world.tenant, day=LAST)
    days = (*windows.reference, *windows.current)
    n_drifted = 0
    for i, version in enumerate(world.versions):
        by_day = feature_days.counted_days(tenant=world.tenant, version=version, days=days)
        asked = drift_windows.compare_features(by_day, bins=world.bins, windows=windows)
        moves = measure_moves(
            asked.histograms,
            reference_weekdays=asked.reference_weekdays,
            current_weekdays=asked.current_weekdays,
            rng=np.random.default_rng(i),
            n_permutations=n_permutations,
        )
        n_drifted += sum(move.drifted for move in judge_moves(moves)) if n_permutations else 0
    return n_drifted


def _targets(sizes: Comparison, whole: Comparison) -> list[Target]:
    return [
        Target(
            "pairs screened a core-minute",
            "million pairs screened a core-minute, read from the database",
            5.0,
            60 / sizes.ours_s / 1e6,
            unit="million",
        ),
        Target("screening beside scipy", "a pair screened, beside scipy", 300.0, sizes.ratio),
        Target(
            "night of 50,000 pairs",
            f"{FLEET_PAIRS:,} pairs checked whole on one core",
            10.0,
            FLEET_PAIRS * whole.ours_s,
            unit="s",
            is_ceiling=True,
        ),
    ]
