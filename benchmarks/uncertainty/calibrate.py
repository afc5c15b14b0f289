"""
Calibrate on a million outcomes, residuals and three quantiles: 4 times the best peer.

The quantiles of all are equal, which is checked in the same run.
"""

import numpy as np

from benchmarks.uncertainty.data import drawn
from benchmarks.uncertainty.peers import INTERVAL_PEERS
from benchmarks.uncertainty.results import Comparison, Part, Target, worst
from benchmarks.uncertainty.timing import compared
from watchfloor.core.conformal.quantile import residual_quantiles
from watchfloor.core.kernels import Twin

SIZES = (10_000, 100_000, 1_000_000)


def measure(*, quick: bool) -> Part:
    """Compare at several sizes; the largest one is judged."""
    sizes = SIZES[-1:] if quick else SIZES
    found = {n: _compared(n, rounds=3 if quick else 9) for n in sizes}
    judged = [each for each in found[SIZES[-1]] if each.work.endswith(Twin.COMPILED)]
    return Part(
        heading="Calibration",
        words=(
            "From scores and outcomes to the three half-widths. Ours selects, after a look at a "
            "sample, and is exact; the result is compared with each peer's."
        ),
        comparisons=[each for at_n in found.values() for each in at_n],
        targets=[
            Target(
                "calibrate",
                f"calibrate on {SIZES[-1]:,} outcomes, beside the best peer",
                4.0,
                worst(judged),
            )
        ],
    )


def _compared(n: int, *, rounds: int) -> list[Comparison]:
    p, events = drawn(n)
    y = events.astype(np.float64)
    ours = residual_quantiles(p, y)
    for peer in INTERVAL_PEERS:
        if not np.allclose(peer(p, y).quantiles(), ours, rtol=0, atol=1e-12):
            raise SystemExit(f"{peer.name} finds other quantiles than ours")
    return [
        compared(
            f"n = {n:,}, {twin}",
            lambda twin=twin: residual_quantiles(p, y, twin=twin),
            peer.name,
            lambda of=peer: of(p, y).quantiles(),
            rounds=rounds,
        )
        for twin in (Twin.COMPILED, Twin.PLAIN)
        for peer in INTERVAL_PEERS
    ]
