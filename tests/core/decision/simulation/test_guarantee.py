"""The promise about a proposed threshold holds however many thresholds were tried before."""

import numpy as np
import pytest
from scipy import stats
from simulating import drawn

from watchfloor.core.conformal.eps_curve import ticket_curve
from watchfloor.core.decision.simulation.guarantee import (
    Refusal,
    days_to_wait,
    guarantee_at,
    rows_wanted,
)
from watchfloor.core.decision.simulation.tally import Share
from watchfloor.core.score_grid import PROBABILITY

DELTA = 0.1
TRIED = np.linspace(0.5, 0.99, 50)
UNSEEN = Share(0, 0)


def true_false_share(threshold):
    """
    Return the share of clean ones above a threshold, where events happen as the scores say.

    From a million draws: its own error is below 0.002, far less than any eps here.
    """
    return 1 - float(POPULATION[threshold <= POPULATION].mean())


POPULATION = PROBABILITY.quantise(np.random.default_rng(99).beta(0.4, 1.2, 1_000_000))[1]


def picked_after_trying(curve, asked):
    """Return the lowest of fifty thresholds that is promised: what a keen operator would take."""
    kept = [
        threshold
        for threshold in TRIED
        if guarantee_at(curve, threshold=threshold, asked=asked, seen=UNSEEN).is_kept
    ]
    return min(kept, default=None)


def broken(draws, *, n, asked):
    """Return how many picks broke their promise, and how many picks there were."""
    failed, picks = 0, 0
    for seed in range(draws):
        scores, outcomes = drawn(np.random.default_rng(seed), n)
        threshold = picked_after_trying(ticket_curve(scores, outcomes, delta=DELTA), asked)
        if threshold is not None:
            picks += 1
            failed += true_false_share(threshold) > asked + 0.002
    return failed, picks


class TestGuarantee:
    def test_is_kept_after_trying_fifty_thresholds(self):
        """40 draws at a true chance of 0.1 break 10 or more with probability 0.005."""
        failed, picks = broken(40, n=3_000, asked=0.2)

        assert picks >= 15
        assert failed < 10

    @pytest.mark.slow
    @pytest.mark.parametrize("asked", [0.1, 0.3])
    def test_is_kept_in_many_draws_after_trying_fifty_thresholds(self, asked):
        """100 draws at a true chance of 0.1 break 20 or more with probability 0.002."""
        failed, _ = broken(100, n=3_000, asked=asked)

        assert failed < 20

    def test_names_the_smallest_share_that_holds_there_and_from_where_the_asked_one_does(self):
        curve = ticket_curve([0.9] * 200 + [0.6] * 200, [1] * 350 + [0] * 50, delta=DELTA)

        at_the_top = guarantee_at(curve, threshold=0.9, asked=0.05, seen=Share(0, 200))
        below = guarantee_at(curve, threshold=0.6, asked=0.05, seen=Share(50, 400))

        assert (at_the_top.eps, at_the_top.refusal) == (0.03, None)
        assert (below.eps, below.refusal) == (0.2, Refusal.TOO_MANY_FALSE)
        assert below.promised_from == 0.9
        assert below.missing is None

    def test_says_how_many_outcomes_are_missing(self):
        curve = ticket_curve([0.9] * 30, [1] * 30, delta=DELTA)

        found = guarantee_at(curve, threshold=0.8, asked=0.1, seen=Share(0, 30))

        assert found.refusal is Refusal.TOO_FEW
        more = found.missing
        assert _certifies(curve.delta_each, 30 + more, 0.1)
        assert not _certifies(curve.delta_each, 30 + more - 1, 0.1)

    def test_of_no_calibration_is_refused(self):
        found = guarantee_at(None, threshold=0.8, asked=0.1, seen=UNSEEN)

        assert (found.eps, found.refusal, found.missing) == (None, Refusal.NO_CURVE, None)


class TestRowsWanted:
    @pytest.mark.parametrize("false_share", [0.0, 0.02, 0.05, 0.08])
    @pytest.mark.parametrize("eps", [0.1, 0.2])
    def test_is_the_first_count_that_shows_the_promise(self, false_share, eps):
        found = rows_wanted(false_share, eps=eps, delta=DELTA)

        def shows(n):
            return stats.binom.cdf(int(np.ceil(false_share * n)), n, eps) <= DELTA

        assert shows(found)
        # Whole numbers of false ones make it jump: a little below it may hold once, not at half.
        assert not shows(found // 2)

    def test_is_none_where_as_many_are_false_as_may_be(self):
        assert rows_wanted(0.1, eps=0.1, delta=DELTA) is None


def test_days_to_wait_is_what_is_missing_at_the_pace_so_far():
    assert days_to_wait(100, known=50, days=10) == 20
    assert days_to_wait(1, known=0, days=10) is None


def _certifies(delta, n, eps):
    return stats.binom.cdf(0, n, eps) <= delta
