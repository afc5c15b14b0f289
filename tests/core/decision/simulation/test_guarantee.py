"""The promise about a proposed threshold holds however many thresholds were tried before."""

import numpy as np
import pytest
from scipy import stats
from simulating import drawn

from watchfloor.core.conformal.certified import Certificate, certify
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


def counting(scores):
    """Return how many scores lie at or above one, as the page counts its history."""
    return lambda at: int((scores >= at).sum())


def applied_after_trying(scores, outcomes, asked):
    """Return from where tickets open under the lowest of fifty thresholds that is promised."""
    curve = ticket_curve(scores, outcomes, delta=DELTA)
    certificate = certify(scores, outcomes, eps=asked, delta=DELTA)
    told = {"certificate": certificate, "seen": UNSEEN, "above": counting(scores)}
    kept = [
        found.threshold
        for threshold in TRIED
        if (found := guarantee_at(curve, threshold=threshold, asked=asked, **told)).is_kept
    ]
    return min(kept, default=None), max(kept, default=None)


def broken(draws, *, n, asked):
    """Return how many picks broke their promise, and how many draws had one."""
    failed, picks = 0, 0
    for seed in range(draws):
        scores, outcomes = drawn(np.random.default_rng(seed), n)
        found = applied_after_trying(scores, outcomes, asked)
        if found[0] is not None:
            picks += 1
            failed += max(map(true_false_share, found)) > asked + 0.002
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

        told = {"certificate": None, "above": lambda at: 200 if at > 0.6 else 400}
        at_the_top = guarantee_at(curve, threshold=0.9, asked=0.05, seen=Share(0, 200), **told)
        below = guarantee_at(curve, threshold=0.6, asked=0.05, seen=Share(50, 400), **told)

        assert (at_the_top.eps, at_the_top.refusal) == (0.03, None)
        assert (below.eps, below.refusal) == (0.2, Refusal.TOO_MANY_FALSE)
        assert below.promised_from == 0.9
        assert below.missing is None

    def test_says_how_many_outcomes_are_missing(self):
        curve = ticket_curve([0.9] * 30, [1] * 30, delta=DELTA)

        told = {"certificate": None, "above": lambda _: 30}
        found = guarantee_at(curve, threshold=0.8, asked=0.1, seen=Share(0, 30), **told)

        assert found.refusal is Refusal.TOO_FEW
        more = found.missing
        assert _certifies(curve.delta_each, 30 + more, 0.1)
        assert not _certifies(curve.delta_each, 30 + more - 1, 0.1)

    def test_of_no_calibration_is_refused(self):
        told = {"certificate": None, "above": lambda _: 0}
        found = guarantee_at(None, threshold=0.8, asked=0.1, seen=UNSEEN, **told)

        assert (found.eps, found.refusal, found.missing) == (None, Refusal.NO_CURVE, None)


class TestInsideACertifiedRegion:
    """High scores may be the falser ones: 30 false at the top, 570 true below them."""

    SCORES = np.array([0.95] * 30 + [0.8] * 570)
    OUTCOMES = np.array([0] * 30 + [1] * 570)

    def found(self, threshold, certificate=None):
        return guarantee_at(
            ticket_curve(self.SCORES, self.OUTCOMES, delta=DELTA),
            certificate=certificate,
            threshold=threshold,
            asked=0.1,
            seen=UNSEEN,
            above=counting(self.SCORES),
        )

    def test_nothing_is_promised_for_being_inside(self):
        assert self.found(0.8).is_kept
        assert not self.found(0.9).is_kept
        assert not self.found(0.95).is_kept

    def test_the_promise_loosens_with_what_is_left_of_the_tickets(self):
        scores = np.array([0.9] * 9_000 + [0.8] * 1_000)
        curve = ticket_curve(scores, np.ones(10_000, dtype=int), delta=DELTA)

        inside = guarantee_at(
            curve,
            certificate=None,
            threshold=0.85,
            asked=0.1,
            seen=UNSEEN,
            above=counting(scores),
        )

        # Nine tenths are left, known to within a few hundredths.
        assert curve.smallest_eps / 0.9 < inside.eps < curve.smallest_eps / 0.85
        assert inside.delta > curve.delta

    def test_below_the_certified_score_the_certificate_rules(self):
        certificate = Certificate(0.8, 0.1, DELTA, n=600, n_certified=600, false_certified=30)

        found = self.found(0.5, certificate)

        assert (found.threshold, found.eps, found.delta) == (0.8, 0.1, DELTA)


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
