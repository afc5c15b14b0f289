"""The conformal quantile is an order statistic, and its rank is a whole number."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core import kernels
from watchfloor.core.conformal.quantile import (
    LEVELS,
    SAMPLE,
    conformal_quantile,
    conformal_quantiles,
    conformal_rank,
    fill_upper_residuals,
    level_of,
    residual_quantiles,
)
from watchfloor.core.errors import InvalidInput

# A coarse grid makes ties common.
SCORES = st.lists(st.integers(0, 20).map(lambda i: i / 20), max_size=120)
PERCENT = st.integers(1, 99)


class TestConformalRank:
    @pytest.mark.parametrize(
        ("n", "percent", "rank"),
        [
            (9, 90, 9),
            (19, 95, 19),
            (99, 99, 99),
            (10, 70, 8),
            (19, 90, 18),
            (29, 90, 27),
            (0, 90, 1),
        ],
    )
    def test_is_exact_where_floating_point_is_not(self, n, percent, rank):
        assert conformal_rank(n, Fraction(percent, 100)) == rank

    @given(n=st.integers(0, 10**15), percent=PERCENT)
    def test_is_the_smallest_whole_number_that_reaches_the_level(self, n, percent):
        level = Fraction(percent, 100)

        rank = conformal_rank(n, level)

        assert rank >= (n + 1) * level > rank - 1

    def test_equals_exact_fractions_for_every_size_to_5000_and_every_percent(self):
        levels = {percent: Fraction(percent, 100) for percent in range(1, 100)}

        wrong = [
            (n, percent)
            for percent, level in levels.items()
            for n in range(5_001)
            # ceil(x) = k says k - 1 < x <= k; with x = (n + 1) percent / 100 all is whole.
            if not 0 <= 100 * conformal_rank(n, level) - (n + 1) * percent < 100
        ]

        assert wrong == []

    @pytest.mark.parametrize("level", [Fraction(0), Fraction(1), Fraction(3, 2)])
    def test_refuses_a_level_outside_zero_and_one(self, level):
        with pytest.raises(InvalidInput, match="level"):
            conformal_rank(10, level)


class TestConformalQuantile:
    @pytest.mark.parametrize(("percent", "fewest"), [(90, 9), (95, 19), (99, 99)])
    def test_is_infinite_until_the_set_can_promise_the_level(self, percent, fewest):
        level = level_of(percent)

        assert conformal_quantile(np.linspace(0, 1, fewest - 1), level=level) == math.inf
        assert conformal_quantile(np.linspace(0, 1, fewest), level=level) == 1.0

    def test_of_no_scores_is_infinite(self):
        assert conformal_quantile(np.array([]), level=Fraction(9, 10)) == math.inf

    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
    def test_refuses_a_score_that_is_not_finite_by_name(self, wrong):
        with pytest.raises(InvalidInput, match=r"scores\[1\]"):
            conformal_quantile(np.array([0.1, wrong]), level=Fraction(9, 10))

    def test_refuses_scores_that_are_not_ascending(self):
        with pytest.raises(InvalidInput, match="ascending"):
            conformal_quantile(np.array([0.2, 0.1]), level=Fraction(9, 10))

    @given(scores=SCORES, percent=PERCENT)
    @example(scores=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], percent=70)
    def test_equals_the_textbook_definition_in_exact_arithmetic(self, scores, percent):
        level = Fraction(percent, 100)

        assert conformal_quantile(np.sort(scores), level=level) == naive.quantile(scores, level)

    @given(scores=SCORES, a=PERCENT, b=PERCENT)
    def test_grows_with_the_level(self, scores, a, b):
        low, high = sorted((a, b))
        ordered = np.sort(scores)

        of_low = conformal_quantile(ordered, level=Fraction(low, 100))
        of_high = conformal_quantile(ordered, level=Fraction(high, 100))

        assert of_low <= of_high

    def test_covers_what_it_promises_on_exchangeable_scores(self):
        rng = np.random.default_rng(20260115)
        draws = rng.exponential(size=(4000, 100))
        thresholds = [conformal_quantile(np.sort(row[:-1]), level=Fraction(9, 10)) for row in draws]

        covered = np.mean(draws[:, -1] <= thresholds)

        # 4000 draws at 0.90: standard error 0.0047, so 0.88 lies more than four of them away.
        assert 0.88 <= covered <= 0.92


def one_by_one(scores):
    ordered = np.sort(scores)
    return tuple(conformal_quantile(ordered, level=level_of(percent)) for percent in LEVELS)


class TestConformalQuantiles:
    @given(scores=SCORES)
    def test_equal_those_of_the_sorted_scores(self, scores):
        column = np.array(scores, dtype=float)

        assert conformal_quantiles(column) == one_by_one(column)

    @pytest.mark.parametrize(
        "arrange",
        [
            lambda draws: draws,
            np.sort,
            lambda draws: -np.sort(-draws),
            lambda draws: draws.round(1),
            np.zeros_like,
            lambda draws: np.where(np.arange(len(draws)) // 8 % 7, draws, 1000.0),
            lambda draws: np.where(np.arange(len(draws)) // 8 % 7, draws, -1000.0),
        ],
        ids=["drawn", "rising", "falling", "ties", "all one", "sampled high", "sampled low"],
    )
    @pytest.mark.parametrize("n", [2 * SAMPLE - 1, 2 * SAMPLE, 7 * SAMPLE])
    def test_are_exact_where_a_sample_is_looked_at_first(self, n, arrange):
        # Of 7 * SAMPLE scores every seventh eight are sampled, where two of the columns mislead.
        column = arrange(np.random.default_rng(5).exponential(size=n))

        assert conformal_quantiles(column) == one_by_one(column)

    def test_come_in_the_order_that_was_asked_for(self):
        column = np.arange(1.0, 1000.0)

        assert conformal_quantiles(column, levels=(99, 90, 99)) == (990.0, 900.0, 990.0)

    def test_of_no_scores_are_infinite(self):
        assert conformal_quantiles(np.array([])) == (math.inf, math.inf, math.inf)

    @pytest.mark.parametrize("wrong", [math.nan, math.inf])
    def test_refuse_a_score_that_is_not_finite_by_name(self, wrong):
        with pytest.raises(InvalidInput, match=r"scores\[1\]"):
            conformal_quantiles(np.array([0.1, wrong]))


@pytest.mark.parametrize("twin", kernels.twins())
class TestResidualQuantiles:
    @pytest.mark.parametrize("n", [0, 9, 100, 2 * SAMPLE, 7 * SAMPLE])
    def test_equal_those_of_the_sorted_residuals(self, twin, n):
        rng = np.random.default_rng(6)
        predictions = rng.uniform(size=n)
        outcomes = (rng.uniform(size=n) < predictions).astype(np.int64)

        found = residual_quantiles(predictions, outcomes, twin=twin)

        assert found == one_by_one(np.abs(outcomes - predictions))

    def test_are_exact_where_the_sample_misleads(self, twin):
        n = 7 * SAMPLE
        outcomes = np.where(np.arange(n) // 8 % 7, np.arange(n) / n, 1000.0)

        found = residual_quantiles(np.zeros(n), outcomes, twin=twin)

        assert found == one_by_one(outcomes)

    @pytest.mark.parametrize("at", [0, 1, 2 * SAMPLE - 1])
    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
    def test_refuse_an_outcome_that_is_not_finite_by_name(self, twin, at, wrong):
        outcomes = np.zeros(2 * SAMPLE)
        outcomes[at] = wrong

        with pytest.raises(InvalidInput, match=rf"scores\[{at}\]"):
            residual_quantiles(np.full(2 * SAMPLE, 0.5), outcomes, twin=twin)


def test_the_upper_residuals_are_the_same_before_the_loop_is_compiled():
    upper = np.empty(5)

    m = fill_upper_residuals(np.zeros(5), np.array([0.1, -0.6, math.nan, 0.5, 0.2]), 0.5, upper)

    assert m == 3
    assert upper[:3].tolist() == pytest.approx([0.6, math.nan, 0.5], nan_ok=True)


class TestLevelOf:
    def test_knows_the_three_levels_exactly(self):
        assert [level_of(percent) for percent in LEVELS] == [
            Fraction(9, 10),
            Fraction(19, 20),
            Fraction(99, 100),
        ]

    @pytest.mark.parametrize("wrong", [0.9, 80, 100])
    def test_refuses_any_other(self, wrong):
        with pytest.raises(InvalidInput, match="90, 95 or 99"):
            level_of(wrong)
