"""A small logged past for what-if questions: scores that mean something, outcomes partly known."""

import numpy as np

from watchfloor.core.conformal.calibration import fit_calibration
from watchfloor.core.conformal.coverage import NO_CALIBRATION, ScoredCounts
from watchfloor.core.decision.policy import DecisionPolicy
from watchfloor.core.decision.simulation.history import history_of
from watchfloor.core.score_grid import PROBABILITY

ON = DecisionPolicy(
    review_score=0.4,
    ticket_score=0.6,
    automation_on=True,
    stage_on=True,
    clear_on=True,
    breaker_open=False,
    site_cap_left=1,
    cap_left=1,
)


def drawn(rng, n):
    """Return scores on the grid and outcomes that happen as often as the scores say."""
    scores = PROBABILITY.quantise(rng.beta(0.4, 1.2, n))[1]
    return scores, (rng.random(n) < scores).astype(np.int64)


def calibrated(rng, n=4_000):
    """Return a calibration of n known outcomes."""
    return fit_calibration(*drawn(rng, n), eps_ticket=0.1, eps_clear=0.05, delta=0.1)


def counted(scores, outcomes, calibration=None):
    """Return one row a prediction, under no calibration if none is given; -1 is unknown."""
    where = np.full(len(scores), NO_CALIBRATION) if calibration is None else calibration
    outcomes = np.asarray(outcomes)
    return ScoredCounts(
        scores=np.asarray(scores, dtype=np.float64),
        calibration=np.asarray(where, dtype=np.int64),
        clean=(outcomes == 0).astype(np.int64),
        event=(outcomes == 1).astype(np.int64),
        unknown=(outcomes == -1).astype(np.int64),
    )


def some_history(rng, *, n=5_000, known=1.0, days=30, without=0.1):
    """Return a history under two calibrations, a part of it under none, and all its columns."""
    calibrations = [calibrated(rng), calibrated(rng, 300)]
    scores, outcomes = drawn(rng, n)
    shown = np.where(rng.random(n) < known, outcomes, -1)
    where = rng.choice([NO_CALIBRATION, 0, 1], n, p=[without, 0.7, 0.3 - without])
    history = history_of(counted(scores, shown, where), calibrations, days=days)
    return history, calibrations, scores, shown, where
