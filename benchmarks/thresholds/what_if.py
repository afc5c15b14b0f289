"""
A what-if over ten million logged predictions: 500 times scikit-learn's curve on the same scores.

scikit-learn reads the scores one by one; ours reads the day histograms that were counted while
the predictions came in. Both curves are compared in the same run, and the run stops where they
differ by more than 1e-12.
"""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from benchmarks.uncertainty.results import Comparison, Part, Target
from benchmarks.uncertainty.timing import compared
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration, fit_calibration
from watchfloor.core.conformal.coverage import ScoredCounts
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.simulation.comparison import compare
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.curves import Curve, curve
from watchfloor.core.decision.simulation.history import History, history_of
from watchfloor.core.decision.simulation.sweep import sweep_review, sweep_ticket
from watchfloor.core.decision.simulation.what_if import what_if
from watchfloor.core.score_grid import PROBABILITY

SEED, DAYS, SETS = 20261126, 28, 4
PREDICTIONS, CALIBRATION_ROWS = 10_000_000, 4_000
EXACT = 1e-12
TODAY = DecisionPolicy(
    ticket_score=0.6,
    automation_on=True,
    stage_on=True,
    breaker_open=False,
    site_cap_left=1,
    cap_left=1,
)
PROPOSED = DecisionPolicy(
    review_score=0.3,
    ticket_score=0.8,
    automation_on=True,
    stage_on=True,
    breaker_open=False,
    site_cap_left=1,
    cap_left=1,
)


def measure(*, quick: bool) -> Part:
    """Compare on one set of scores, four weeks long, under four calibrations."""
    rng = np.random.default_rng(SEED)
    scores, outcomes = _drawn(rng, PREDICTIONS // 10 if quick else PREDICTIONS)
    calibrations = [_calibrated(rng) for _ in range(SETS)]
    rows = _day_histograms(rng, scores, outcomes)
    history = history_of(rows, calibrations, days=DAYS)
    _refuse_another_curve(curve(history), scores, outcomes)
    found = _compared(history, rows, calibrations, scores, outcomes)
    asked = next(each for each in found if each.work.startswith("what-if"))
    return Part(
        heading="What if a threshold moved",
        words="From counts that are kept up to date to every figure of the thresholds page.",
        comparisons=found,
        targets=[
            Target(
                "what_if",
                f"a what-if over {len(scores):,} predictions, beside scikit-learn's curve",
                500.0 if not quick else 50.0,
                asked.ratio,
            ),
        ],
    )


def _compared(
    history: History,
    rows: ScoredCounts,
    calibrations: list[Calibration],
    scores: FloatArray,
    outcomes: IntArray,
) -> list[Comparison]:
    costs = Costs()

    def page() -> None:
        read = history_of(rows, calibrations, days=DAYS)
        compare(read, TODAY, PROPOSED)
        curve(read)
        sweep_review(read, PROPOSED, costs)
        sweep_ticket(read, PROPOSED, costs)

    ours = {
        "what-if of one policy": lambda: what_if(history, PROPOSED),
        "both policies on identical data": lambda: compare(history, TODAY, PROPOSED),
        "the curve of every threshold": lambda: curve(history),
        "every figure of the page, merging the days first": page,
    }
    return [
        compared(
            work,
            asked,
            "precision_recall_curve",
            lambda: precision_recall_curve(outcomes, scores),
            rounds=3,
        )
        for work, asked in ours.items()
    ]


def _refuse_another_curve(found: Curve, scores: FloatArray, outcomes: IntArray) -> None:
    false_rate, true_rate, thresholds = roc_curve(outcomes, scores, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(outcomes, scores)
    pairs = (
        (found.thresholds, thresholds[1:]),
        (found.false_positive_rate, false_rate[1:]),
        (found.recall, true_rate[1:]),
        (found.precision[::-1], precision[:-1]),
        (found.recall[::-1], recall[:-1]),
    )
    if not all(np.allclose(ours, theirs, rtol=0, atol=EXACT) for ours, theirs in pairs):
        raise SystemExit("scikit-learn finds other curves than ours")


def _drawn(rng: np.random.Generator, n: int) -> tuple[FloatArray, IntArray]:
    scores = PROBABILITY.quantise(rng.beta(0.4, 1.2, n))[1]
    return scores, (rng.random(n) < scores).astype(np.int64)


def _calibrated(rng: np.random.Generator) -> Calibration:
    scores, outcomes = _drawn(rng, CALIBRATION_ROWS)
    return fit_calibration(scores, outcomes, eps_ticket=0.1, eps_clear=0.01, delta=0.1)


def _day_histograms(
    rng: np.random.Generator, scores: FloatArray, outcomes: IntArray
) -> ScoredCounts:
    """Return the rows that the rollup would hold: one a day, score and outcome, a set a week."""
    day = rng.integers(0, DAYS, len(scores))
    bins = np.searchsorted(PROBABILITY.points, scores)
    key = (day * PROBABILITY.size + bins) * 2 + outcomes
    n = np.bincount(key, minlength=DAYS * PROBABILITY.size * 2)
    held = np.flatnonzero(n)
    is_event = held % 2 == 1
    return ScoredCounts(
        scores=PROBABILITY.points[held // 2 % PROBABILITY.size],
        calibration=held // 2 // PROBABILITY.size * SETS // DAYS,
        clean=np.where(is_event, 0, n[held]),
        event=np.where(is_event, n[held], 0),
        unknown=np.zeros(len(held), dtype=np.int64),
    )
