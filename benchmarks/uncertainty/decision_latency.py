"""
A decision in the process, look-ups and clauses: 99 of 100 under 100 microseconds.

No I/O and no model: from the raw score to the decision with its reason, with the interval, the
outcome intervals, the Venn-Abers pair and both certificates looked up on the way.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from benchmarks.uncertainty.data import SEED
from benchmarks.uncertainty.results import Part, Target
from watchfloor.core.conformal.calibration import Calibration, fit_calibration
from watchfloor.core.decision.policy import Decision, DecisionPolicy, Evidence, decide
from watchfloor.core.score_grid import PROBABILITY

N, QUICK_N = 100_000, 10_000
N_CALIBRATION = 10_000
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMIT_US = 100.0
QUANTILES = (0.5, 0.9, 0.99, 0.999)


def measure(*, quick: bool) -> Part:
    """Time each decision by itself, by the clock on the wall."""
    rng = np.random.default_rng(SEED)
    known = PROBABILITY.quantise(rng.beta(0.6, 4.0, N_CALIBRATION))[1]
    happened = (rng.random(N_CALIBRATION) < known).astype(np.int64)
    calibration = fit_calibration(known, happened, eps_ticket=0.1, eps_clear=0.01, delta=0.1)
    decide_one = _decider(calibration)
    n = QUICK_N if quick else N
    micros = _timed(decide_one, rng.beta(0.6, 4.0, n).tolist())
    at = np.quantile(micros, QUANTILES)
    return Part(
        heading="One decision",
        words=(
            f"{n:,} decisions, each timed by itself: quantised score, binomial interval, outcome "
            "intervals at three levels, Venn-Abers pair, certificates, clauses."
        ),
        head=[f"p{100 * quantile:g}" for quantile in QUANTILES],
        rows=[[f"{each:.1f} us" for each in at]],
        targets=[
            Target(
                "decision p99",
                "policy evaluation in the process, 99th percentile",
                LIMIT_US,
                float(at[QUANTILES.index(0.99)]),
                unit="us",
                is_ceiling=True,
            )
        ],
    )


def _decider(calibration: Calibration) -> Callable[[float], object]:
    policy = DecisionPolicy(automation_on=True, stage_on=True, clear_on=True, cap_left=10)

    def decide_one(raw: float) -> tuple[Decision, object, object]:
        _, score = PROBABILITY.quantise_one(raw)
        evidence = Evidence(
            score=score,
            width=calibration.interval(score).width,
            certified_from=calibration.certified_from,
            ticket_eps=calibration.ticket.eps,
            ticket_delta=calibration.ticket.delta,
            clear_below=calibration.clear_below,
            clear_eps=calibration.clear.eps,
            clear_delta=calibration.clear.delta,
            calibration_n=calibration.n,
            calibration_n_positive=calibration.n_positive,
            calibrated_at=NOW,
            now=NOW,
        )
        found = decide(evidence, policy)
        return found, calibration.outcome_bounds_all(score), calibration.pair(score)

    return decide_one


def _timed(decide_one: Callable[[float], object], scores: list[float]) -> list[float]:
    clock = time.perf_counter_ns
    for score in scores[:1_000]:
        decide_one(score)
    micros = []
    for score in scores:
        began = clock()
        decide_one(score)
        micros.append((clock() - began) / 1_000)
    return micros
