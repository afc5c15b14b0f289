"""A curve shows what could be automated, and pays for the looking."""

import math

import numpy as np
import pytest

from watchfloor.core.conformal.certified import certify, certify_clear
from watchfloor.core.conformal.eps_curve import (
    EPS_GRID,
    EPS_GRID_CLEAR,
    clear_curve,
    smallest_eps,
    smallest_eps_clear,
    ticket_curve,
)
from watchfloor.core.errors import InvalidInput


@pytest.fixture
def known():
    rng = np.random.default_rng(20260302)
    scores = rng.integers(0, 200, size=5_000) / 200
    return scores, (rng.random(5_000) < scores**1.2).astype(int)


class TestTicketCurve:
    def test_has_a_certificate_with_its_part_of_delta_at_each_promise(self, known):
        scores, outcomes = known

        curve = ticket_curve(scores, outcomes, delta=0.1)

        assert [each.eps for each in curve.points] == list(EPS_GRID)
        for point in curve.points:
            alone = certify(scores, outcomes, eps=point.eps, delta=0.1 / len(EPS_GRID))
            assert (point.threshold, point.n_certified) == (alone.threshold, alone.n_certified)
            assert point.false_certified == alone.false_certified

    def test_tells_shares_of_all_predictions_and_of_all_events(self, known):
        scores, outcomes = known

        point = ticket_curve(scores, outcomes, delta=0.1).points[-1]

        taken = scores >= point.threshold
        assert point.share == taken.mean()
        assert point.share_of_events == outcomes[taken].sum() / outcomes.sum()

    def test_names_the_first_promise_that_certifies_anything(self, known):
        curve = ticket_curve(*known, delta=0.1)

        first = next(each.eps for each in curve.points if each.threshold is not None)
        assert curve.smallest_eps == smallest_eps(*known, delta=0.1) == first

    def test_holds_at_the_point_that_was_chosen_by_looking(self):
        rng = np.random.default_rng(20260302)
        broken = 0
        for _ in range(200):
            # One clean in ten, whatever the score: each promise below 0.1 would be broken.
            scores, outcomes = rng.random(1_000), (rng.random(1_000) < 0.9).astype(int)
            least = smallest_eps(scores, outcomes, delta=0.1)
            broken += least is not None and least < 0.1

        # Promised <= 0.10; 200 draws have a standard error of 0.021, so 0.185 is four above.
        assert broken / 200 <= 0.185

    def test_of_nothing_certifies_nothing(self):
        curve = ticket_curve([], [], delta=0.1)

        assert (curve.smallest_eps, curve.n, curve.n_positive) == (None, 0, 0)
        assert {(each.share, each.share_of_events) for each in curve.points} == {(0.0, None)}

    @pytest.mark.parametrize("grid", [(), (0.2, 0.1), (0.1, 0.1), (0.0, 0.1), (0.1, math.nan)])
    def test_refuses_a_grid_that_is_none(self, grid):
        with pytest.raises(InvalidInput, match="grid"):
            ticket_curve([0.5], [1], delta=0.1, grid=grid)

    @pytest.mark.parametrize("wrong", [0.0, 1.0, math.nan])
    def test_refuses_a_delta_outside_zero_and_one(self, wrong):
        with pytest.raises(InvalidInput, match="delta: got"):
            ticket_curve([0.5], [1], delta=wrong)


class TestClearCurve:
    def test_mirrors_the_clear_certificate(self, known):
        scores, outcomes = known

        curve = clear_curve(scores, outcomes, delta=0.1)

        each_delta = 0.1 / len(EPS_GRID_CLEAR)
        alone = [
            certify_clear(scores, outcomes, eps=eps, delta=each_delta) for eps in EPS_GRID_CLEAR
        ]
        assert [p.threshold for p in curve.points] == [each.threshold for each in alone]
        assert curve.smallest_eps == smallest_eps_clear(scores, outcomes, delta=0.1)

    def test_tells_which_share_of_events_it_hides(self, known):
        scores, outcomes = known

        point = clear_curve(scores, outcomes, delta=0.1).points[-1]

        cleared = scores <= point.threshold
        assert point.false_certified == outcomes[cleared].sum()
        assert point.share_of_events == outcomes[cleared].sum() / outcomes.sum()
