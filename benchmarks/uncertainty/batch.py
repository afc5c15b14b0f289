"""
A million predictions at three levels: 4 times the best peer into used memory, 1.5 into new.

The peers' intervals are not cut to [0, 1], which is less work than ours do, and are made from a
small calibration set, so that none of their time is spent on its quantiles.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.uncertainty.data import drawn
from benchmarks.uncertainty.peers import CONFIDENCES, INTERVAL_PEERS, CrepesInBins
from benchmarks.uncertainty.results import Comparison, Part, Target, worst
from benchmarks.uncertainty.timing import Work, compared
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.bulk_bounds import outcome_bounds_many
from watchfloor.core.conformal.calibration_error import EDGES
from watchfloor.core.conformal.mondrian import bin_quantiles
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.kernels import Twin

N = 1_000_000
N_CALIBRATION = 20_000
USED, NEW = "used memory", "new memory"


def measure(*, quick: bool) -> Part:
    """Compare with one half-width for all scores, and with one for each bin of them."""
    rounds = 5 if quick else 15
    one = [each for twin in (Twin.COMPILED, Twin.PLAIN) for each in _one(twin, rounds=rounds)]
    return Part(
        heading="Many predictions, three levels",
        words=(
            f"{N:,} scores. `plain` is numpy in blocks that fit the cache, `compiled` one fused "
            "loop. In 14 bins only crepes offers the same; it is given the bin of each score, "
            "which ours finds by itself. New memory has to be cleared by the system first, "
            "which takes longer than the work and is the same for all."
        ),
        comparisons=[*one, *_in_bins(rounds=rounds)],
        targets=[
            Target(
                f"batch into {memory}",
                f"{N:,} predictions at three levels into {memory}, beside the best peer",
                needed,
                worst([each for each in one if each.work == f"one bin, {memory}, compiled"]),
            )
            for memory, needed in ((USED, 4.0), (NEW, 1.5))
        ],
    )


def _one(twin: Twin, *, rounds: int) -> list[Comparison]:
    p, y = drawn(N_CALIBRATION)
    scores, quantiles = drawn(N, seed=2)[0], bin_quantiles(p, y, edges=())
    peers = [peer(p, y.astype(np.float64)) for peer in INTERVAL_PEERS]
    return [
        compared(
            f"one bin, {memory}, {twin}",
            _ours(scores, (), quantiles, out=out, twin=twin),
            peer.name,
            lambda of=peer: of.bounds(scores),
            rounds=rounds,
        )
        for memory, out in ((USED, _room()), (NEW, None))
        for peer in peers
    ]


def _in_bins(*, rounds: int) -> list[Comparison]:
    p, y = drawn(N_CALIBRATION)
    scores, quantiles = drawn(N, seed=2)[0], bin_quantiles(p, y, edges=EDGES)
    peer, bins = CrepesInBins(p, y.astype(np.float64), bin_of(p, EDGES)), bin_of(scores, EDGES)
    return [
        compared(
            f"14 bins, {memory}, {twin}",
            _ours(scores, EDGES, quantiles, out=out, twin=twin),
            peer.name,
            lambda: peer.bounds(scores, bins),
            rounds=3,
        )
        for twin in (Twin.COMPILED, Twin.PLAIN)
        for memory, out in ((USED, _room()), (NEW, None))
    ]


def _room() -> FloatArray:
    return np.empty((len(CONFIDENCES), 2, N))


def _ours(
    scores: FloatArray,
    edges: tuple[float, ...],
    quantiles: Sequence[Sequence[float]],
    *,
    out: FloatArray | None,
    twin: Twin,
) -> Work:
    return lambda: outcome_bounds_many(scores, edges=edges, quantiles=quantiles, out=out, twin=twin)
