"""
The Venn-Abers fit: 25 times the package venn-abers on uniform scores, 60 times on skewed ones.

Both give the same pairs to 1e-12, which is checked in the same run. Skewed are the scores of a
class-weighted logistic regression with one event in a hundred (`cover__logit_balanced`).
"""

from collections.abc import Callable

import numpy as np
from venn_abers import VennAbers as Package

from benchmarks.uncertainty.data import drawn, pools
from benchmarks.uncertainty.results import Comparison, Part, Target, worst
from benchmarks.uncertainty.timing import compared
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.venn_abers import fit_venn_abers
from watchfloor.core.kernels import Twin

SIZES, QUICK_SIZES = (1_000, 10_000, 50_000, 200_000), (1_000, 10_000)
SKEWED = "cover__logit_balanced"
PEER = "venn-abers"
N_LOOKED_UP = 1_000_000
EVERY_STEP = 1_000_000


def measure(*, quick: bool) -> Part:
    """Compare fits on drawn and on recorded scores, then look-ups."""
    uniform = [_fits(f"uniform, n = {n:,}", *drawn(n), quick=quick) for n in _sizes(quick)]
    recorded = {name: _fits(name, p, y, quick=quick) for name, (p, y) in _pools(quick).items()}
    targets = [_target("uniform", 25.0, uniform)]
    if SKEWED in recorded:
        targets.append(_target("real skewed", 60.0, [recorded[SKEWED]]))
    return Part(
        heading="Venn-Abers",
        words=(
            "From scores and outcomes to a table that can be asked. `compiled` needs the extra "
            "`fast`; `plain` is the same loop without it. Recorded pools are judged where they "
            "are at hand. Look-ups are in the table of the 200,000 uniform scores, and the "
            "package is asked in the way it offers, for an array."
        ),
        comparisons=[
            *(each for fits in (*uniform, *recorded.values()) for each in fits),
            *_look_ups(*drawn(_sizes(quick)[-1]), quick=quick),
        ],
        targets=targets,
    )


def _sizes(quick: bool) -> tuple[int, ...]:
    return QUICK_SIZES if quick else SIZES


def _pools(quick: bool) -> dict[str, tuple[FloatArray, IntArray]]:
    return {name: pool for name, pool in pools().items() if not quick or name == SKEWED}


def _target(what: str, needed: float, fits: list[list[Comparison]]) -> Target:
    compiled = [each for both in fits for each in both if each.work.endswith(Twin.COMPILED)]
    words = f"Venn-Abers fit on {what} scores, beside venn-abers"
    return Target(f"venn-abers, {what}", words, needed, worst(compiled))


def _fits(work: str, p: FloatArray, y: IntArray, *, quick: bool) -> list[Comparison]:
    both = np.column_stack((1 - p, p))
    _refuse_other_pairs(work, p, y, both)
    long = len(p) > 20_000 or work == SKEWED
    return [
        compared(
            f"{work}, {twin}",
            lambda twin=twin: fit_venn_abers(p, y, twin=twin),
            PEER,
            lambda: Package().fit(both, y),
            rounds=3 if quick or long else 5,
        )
        for twin in ((Twin.COMPILED,) if quick else (Twin.COMPILED, Twin.PLAIN))
    ]


def _refuse_other_pairs(work: str, p: FloatArray, y: IntArray, both: FloatArray) -> None:
    where = np.concatenate((p[:2_000], np.linspace(0, 1, 1_001)))
    ours = fit_venn_abers(p, y, max_breakpoints=EVERY_STEP).pairs(where)
    package = Package()
    package.fit(both, y)
    theirs = package.predict_proba(np.column_stack((1 - where, where)))[1]
    if not np.allclose(np.column_stack(ours), theirs, rtol=0, atol=1e-12):
        raise SystemExit(f"{work}: venn-abers finds other pairs than ours")


def _look_ups(p: FloatArray, y: IntArray, *, quick: bool) -> list[Comparison]:
    table, package = fit_venn_abers(p, y), Package()
    package.fit(np.column_stack((1 - p, p)), y)
    many = drawn(N_LOOKED_UP // (10 if quick else 1), seed=2)[0]
    columns, one = np.column_stack((1 - many, many)), np.array([[0.4, 0.6]])
    rounds = 3 if quick else 5

    def ask(looked_up: FloatArray) -> Callable[[], object]:
        return lambda: package.predict_proba(looked_up)

    return [
        compared("one pair", lambda: table.pair(0.6), PEER, ask(one), rounds=rounds),
        compared(
            f"{len(many):,} pairs", lambda: table.pairs(many), PEER, ask(columns), rounds=rounds
        ),
    ]
