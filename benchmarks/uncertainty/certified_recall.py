"""
Recall of what is certified: 1.5, 1.8 and 1.2 times MAPIE's controller at eps 5, 10 and 20 %.

The promise is the same: with probability 0.9 over the calibration set at most a share eps of
what is acted on is false. A pool is the whole population here, so that its truth is known:
calibration sets are drawn from it with replacement, and recall and false share are counted on
all of it. MAPIE's controller is taken as it comes: thresholds 0, 0.01 ... 0.99, Bonferroni-Holm.
"""

from dataclasses import dataclass

import numpy as np
from mapie.risk_control import BinaryClassificationController

from benchmarks.uncertainty.data import SEED, pools
from benchmarks.uncertainty.results import Part, Target
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.certified import certify

DELTA = 0.1
NEEDED = {0.05: 1.5, 0.1: 1.8, 0.2: 1.2}
DRAWS, QUICK_DRAWS = 100, 6


@dataclass(frozen=True, slots=True)
class Reach:
    """Of one pool at one eps: mean recall, and the share of draws that broke the promise."""

    recall: float
    broken: float


def measure(*, quick: bool) -> Part:
    """Draw calibration sets from each pool and certify on each, ours and MAPIE's."""
    draws = QUICK_DRAWS if quick else DRAWS
    recorded = pools()
    found = {
        (name, eps): _reached(p, y, eps=eps, draws=draws)
        for name, (p, y) in recorded.items()
        for eps in NEEDED
    }
    return Part(
        heading="Certified recall",
        words=_words(draws) if recorded else "The recorded pools are not at hand.",
        head=_head(),
        rows=[_row(name, found) for name in recorded] + [_mean_row(found)] if recorded else (),
        targets=[_target(eps, needed, found) for eps, needed in NEEDED.items() if recorded],
    )


def _words(draws: int) -> str:
    return (
        f"Mean share of all events that is ticketed automatically, over {draws} calibration sets "
        f"of half the pool's size, delta = {DELTA}; in brackets the share of sets whose promise "
        "was broken on the pool."
    )


def _reached(p: FloatArray, y: IntArray, *, eps: float, draws: int) -> tuple[Reach, Reach]:
    rng = np.random.default_rng(SEED)
    ours, theirs = [], []
    for _ in range(draws):
        taken = rng.integers(0, len(p), size=len(p) // 2)
        ours.append(_counted(p, y, _ours(p[taken], y[taken], eps), eps=eps))
        theirs.append(_counted(p, y, _mapie(p[taken], y[taken], eps), eps=eps))
    return _mean(ours), _mean(theirs)


def _ours(p: FloatArray, y: IntArray, eps: float) -> float | None:
    return certify(p, y, eps=eps, delta=DELTA).threshold


def _mapie(p: FloatArray, y: IntArray, eps: float) -> float | None:
    controller = BinaryClassificationController(
        predict_function=lambda x: np.column_stack((1 - x, x)),
        risk="precision",
        target_level=1 - eps,
        confidence_level=1 - DELTA,
    ).calibrate(p, y)
    best = controller.best_predict_param
    return None if best is None else float(best)


def _counted(p: FloatArray, y: IntArray, threshold: float | None, *, eps: float) -> Reach:
    if threshold is None:
        return Reach(0.0, 0.0)
    taken = y[p >= threshold]
    broken = len(taken) > 0 and float(np.mean(taken == 0)) > eps
    return Reach(float(taken.sum() / y.sum()), float(broken))


def _mean(reached: list[Reach]) -> Reach:
    return Reach(
        float(np.mean([each.recall for each in reached])),
        float(np.mean([each.broken for each in reached])),
    )


Found = dict[tuple[str, float], tuple[Reach, Reach]]


def _means(eps: float, found: Found) -> tuple[float, float]:
    of_eps = [both for (_, at), both in found.items() if at == eps]
    ours, theirs = zip(*of_eps, strict=True)
    return _mean(list(ours)).recall, _mean(list(theirs)).recall


def _target(eps: float, needed: float, found: Found) -> Target:
    ours, theirs = _means(eps, found)
    words = f"certified recall at eps = {eps:.0%}, beside MAPIE's controller"
    return Target(f"recall at {eps:.0%}", words, needed, ours / theirs if theirs else np.inf)


def _head() -> list[str]:
    return ["pool", *(f"eps {eps:.0%}: {who}" for eps in NEEDED for who in ("ours", "MAPIE"))]


def _row(name: str, found: Found) -> list[str]:
    both = [each for eps in NEEDED for each in found[name, eps]]
    return [name, *(f"{each.recall:.3f} ({each.broken:.2f})" for each in both)]


def _mean_row(found: Found) -> list[str]:
    return ["**mean**", *(f"**{each:.3f}**" for eps in NEEDED for each in _means(eps, found))]
