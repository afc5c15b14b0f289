"""Every score is placed on the grid once; all later steps see the same point."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.errors import InvalidInput
from watchfloor.core.score_grid import PROBABILITY, ScoreGrid

PROBABILITIES = st.floats(min_value=0, max_value=1)


class TestProbabilityGrid:
    def test_steps_by_one_in_ten_thousand_in_the_middle(self):
        points = PROBABILITY.points

        middle = points[(points >= 0.01) & (points <= 0.99)]

        assert middle.tolist() == [i / 10_000 for i in range(100, 9_901)]

    def test_ends_in_exactly_zero_and_one_after_tails_to_one_in_a_million(self):
        points = PROBABILITY.points

        assert points[[0, 1, -2, -1]].tolist() == [0.0, 1e-6, 1 - 1e-6, 1.0]

    def test_tails_are_even_in_the_logit(self):
        tail = PROBABILITY.points[1:915]

        steps = np.diff(np.log(tail / (1 - tail)))

        # Points carry 12 digits: relative error 5e-13 each, against a step of 0.0101.
        assert np.allclose(steps, steps[0], rtol=1e-9)

    def test_tails_mirror_each_other(self):
        tail = PROBABILITY.points[1:915]

        mirrored = PROBABILITY.points[-2:-916:-1]

        assert np.array_equal(mirrored, 1 - tail)

    def test_relative_error_in_the_tail_stays_under_one_percent(self):
        scores = np.geomspace(1e-6, 0.01, 10_001)

        _, values = PROBABILITY.quantise(scores)

        # Half of a logit step of 0.0101.
        assert np.max(np.abs(values / scores - 1)) < 0.0052


class TestQuantise:
    @given(score=PROBABILITIES)
    def test_takes_the_nearest_point(self, score):
        _, value = PROBABILITY.quantise_one(score)

        distance = np.min(np.abs(PROBABILITY.points - score))

        # Borders are rounded midpoints: half a unit in the last place of 1.
        assert abs(value - score) <= distance + 1.2e-16

    @given(scores=st.lists(PROBABILITIES, max_size=20))
    def test_agrees_with_the_single_look_up_to_the_last_bit(self, scores):
        bins, values = PROBABILITY.quantise(scores)

        one_by_one = [PROBABILITY.quantise_one(score) for score in scores]

        assert one_by_one == list(zip(bins.tolist(), values.tolist(), strict=True))

    def test_leaves_grid_points_where_they_are(self):
        bins, values = PROBABILITY.quantise(PROBABILITY.points)

        assert np.array_equal(bins, np.arange(PROBABILITY.size))
        assert np.array_equal(values, PROBABILITY.points)

    @given(a=PROBABILITIES, b=PROBABILITIES)
    def test_keeps_the_order_of_scores(self, a, b):
        low, high = sorted((a, b))

        assert PROBABILITY.quantise_one(low) <= PROBABILITY.quantise_one(high)

    def test_takes_the_upper_of_two_points_equally_near(self):
        halves = ScoreGrid("halves", np.array([0.0, 0.5, 1.0]))

        bins, _ = halves.quantise([0.25, 0.75])

        assert bins.tolist() == [1, 2]

    def test_widens_float32_before_it_looks(self):
        narrow = np.array([0.1], dtype=np.float32)

        _, values = PROBABILITY.quantise(narrow)

        assert values.dtype == np.float64
        assert values.tolist() == [0.1]

    def test_gives_empty_columns_for_no_scores(self):
        bins, values = PROBABILITY.quantise(np.array([]))

        assert bins.shape == values.shape == (0,)

    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -1e-9, 1 + 1e-9])
    def test_refuses_what_is_no_probability_and_names_the_first(self, wrong):
        with pytest.raises(InvalidInput, match=r"scores\[2\].*number in \[0, 1\]"):
            PROBABILITY.quantise([0.1, 0.2, wrong, wrong])
        with pytest.raises(InvalidInput, match="score: got"):
            PROBABILITY.quantise_one(wrong)


class TestScoreGrid:
    @pytest.mark.parametrize(
        "points",
        [[0.5], [0.0, 0.0, 1.0], [1.0, 0.0], [0.0, math.nan], [0.0, math.inf]],
        ids=["one", "twice", "descending", "nan", "infinite"],
    )
    def test_refuses_points_that_are_no_grid(self, points):
        with pytest.raises(InvalidInput, match="points of grid broken"):
            ScoreGrid("broken", np.array(points))

    def test_serves_scores_outside_probabilities_with_a_grid_of_their_own(self):
        days = ScoreGrid("days-1", np.arange(0.0, 366.0))

        bins, values = days.quantise([12.4, 365.0])

        assert bins.tolist() == values.tolist() == [12, 365]

    def test_cannot_be_changed_behind_its_name(self):
        with pytest.raises(ValueError, match="read-only"):
            PROBABILITY.points[0] = 0.5
