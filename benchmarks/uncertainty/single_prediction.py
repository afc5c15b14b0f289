"""
One prediction at three levels: at least 50 times faster than crepes, 5,000 than MAPIE and puncc.

Ours looks its score up in the bins of a fitted calibration; the peers have one quantile for all.
"""

import pickle
from collections.abc import Sequence

import numpy as np

from benchmarks.uncertainty.data import drawn_on_grid
from benchmarks.uncertainty.peers import CONFIDENCES, Crepes, Mapie, Puncc
from benchmarks.uncertainty.results import Comparison, Part, Target
from benchmarks.uncertainty.timing import Work, compared
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration, fit_calibration

SIZES = (1_000, 100_000)
N_SCORES = 200
NEEDED = {"crepes": 50, "MAPIE": 5_000, "puncc": 5_000}


def measure(*, quick: bool) -> Part:
    """Compare at both sizes of the calibration set; the larger one is judged."""
    found = {n: _compared(n, rounds=3 if quick else 9) for n in SIZES}
    judged = {each.peer: each for each in found[SIZES[-1]]}
    return Part(
        heading="One prediction, three levels",
        words=(
            "Outcome intervals at 90, 95 and 99 %, cut to [0, 1], from a Python float. Ours are "
            "per score bin; the peers' are not. The last row is what the original "
            "specification describes: a list of scores read from a cache, and `np.quantile`."
        ),
        comparisons=[each for at_n in found.values() for each in at_n],
        targets=[
            Target(
                f"one prediction vs {peer}",
                f"one prediction, three levels, n = 100,000, beside {peer}",
                needed,
                judged[peer].ratio,
            )
            for peer, needed in NEEDED.items()
        ],
    )


def _compared(n: int, *, rounds: int) -> list[Comparison]:
    p, y = drawn_on_grid(n)
    ours = _ours(fit_calibration(p, y, eps_ticket=0.1, eps_clear=0.01, delta=0.1))
    return [
        compared(f"n = {n:,}", ours, name, peer, units=(N_SCORES, 1), rounds=rounds)
        for name, peer in _peers(p, y)
    ]


def _ours(calibration: Calibration) -> Work:
    scores = drawn_on_grid(N_SCORES, seed=2)[0].tolist()

    def predict() -> None:
        for score in scores:
            calibration.outcome_bounds_all(score)

    return predict


def _peers(p: FloatArray, y: IntArray) -> Sequence[tuple[str, Work]]:
    one, outcomes = np.array([0.6543]), y.astype(np.float64)
    crepes, mapie, puncc = (peer(p, outcomes) for peer in (Crepes, Mapie, Puncc))
    cached = pickle.dumps(np.abs(p - y).tolist())

    def from_cache() -> list[tuple[float, float]]:
        quantiles = np.quantile(pickle.loads(cached), CONFIDENCES)
        return [(0.6543 - float(q), 0.6543 + float(q)) for q in quantiles]

    return (
        ("crepes", lambda: crepes.cut_bounds(one)),
        ("MAPIE", lambda: mapie.bounds(one)),
        ("puncc", lambda: puncc.bounds(one)),
        ("unpickled list, np.quantile", from_cache),
    )
