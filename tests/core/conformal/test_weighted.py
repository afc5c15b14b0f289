"""A weighted quantile is the plain one where weights are equal, and says when it knows little."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.exact_shares import exact_sum
from watchfloor.core.conformal.quantile import LEVELS, conformal_quantile, level_of
from watchfloor.core.conformal.weighted import (
    effective_n,
    inverse_propensity_weights,
    weighted_quantile,
    weighted_quantiles,
)
from watchfloor.core.errors import InvalidInput

NINETY = Fraction(9, 10)
WEIGHTS = st.sampled_from([1.0, 0.1, 0.3, 0.7])
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed):
    """Scores with many ties, and weights of which some are equal; drawn as a list they are slow."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(101, 160))
    weights = np.where(rng.random(n) < 0.5, rng.uniform(0.5, 2.0, n), rng.choice([1, 0.1, 0.3], n))
    return rng.integers(0, 20, n).astype(float), weights


class TestWeightedQuantile:
    @settings(max_examples=30, deadline=None)
    @given(seed=SEEDS, percent=st.integers(1, 99), test_weight=WEIGHTS)
    def test_equals_the_definition_in_exact_fractions(self, seed, percent, test_weight):
        scores, weights = drawn(seed)
        asked = {"level": Fraction(percent, 100), "test_weight": test_weight}

        found = weighted_quantile(scores, weights, **asked)

        expected = naive.weighted_quantile(scores, weights, **asked)
        assert found.quantile == (expected if found.n_eff >= 100 else math.inf)

    @pytest.mark.parametrize("weight", [1.0, 0.1, 1 / 3, 1e-200, 1e200])
    @pytest.mark.parametrize("n", [*range(100, 160), 999, 1_000])
    def test_of_equal_weights_is_the_plain_quantile_to_the_rank(self, n, weight):
        scores = np.arange(n, dtype=np.float64)

        weighted = weighted_quantiles(scores, np.full(n, weight), test_weight=weight)

        plain = [conformal_quantile(scores, level=level_of(percent)) for percent in LEVELS]
        assert [each.quantile for each in weighted] == plain

    @given(seed=SEEDS)
    def test_does_not_depend_on_the_order_of_rows(self, seed):
        scores, weights = drawn(seed)
        order = np.random.default_rng(seed).permutation(len(scores))

        found = weighted_quantile(scores, weights, level=NINETY, test_weight=1)

        shuffled = weighted_quantile(scores[order], weights[order], level=NINETY, test_weight=1)
        assert found.quantile == shuffled.quantile

    def test_is_the_whole_range_below_a_hundred_effective_rows(self):
        few = weighted_quantile(range(99), [1] * 99, level=NINETY, test_weight=1)
        enough = weighted_quantile(range(100), [1] * 100, level=NINETY, test_weight=1)

        assert (few.quantile, few.is_enough) == (math.inf, False)
        assert (enough.quantile, enough.is_enough) == (90.0, True)

    def test_counts_rows_that_weigh_much_as_few(self):
        one_heavy = [1.0] * 900 + [300.0]

        found = weighted_quantile(range(901), one_heavy, level=NINETY, test_weight=1)

        assert found.n == 901
        assert found.n_eff == pytest.approx(1200**2 / (900 + 300**2))
        assert found.quantile == math.inf

    def test_is_infinite_when_the_row_to_predict_outweighs_what_is_left(self):
        found = weighted_quantile(range(200), [1] * 200, level=NINETY, test_weight=23)

        assert (found.quantile, found.is_enough) == (math.inf, True)

    def test_of_nothing_promises_nothing(self):
        found = weighted_quantile([], [], level=NINETY, test_weight=1)

        assert (found.quantile, found.n, found.n_eff) == (math.inf, 0, 0.0)

    def test_covers_the_population_that_a_biased_sample_came_from(self):
        rng = np.random.default_rng(20260302)
        covered = 0
        for _ in range(500):
            # Spread grows with x, and rows of large x are looked at one time in five.
            x = rng.random(2_000)
            score = np.abs(rng.normal(size=2_000)) * x
            chance = np.where(x > 0.5, 0.2, 1.0)
            known = rng.random(2_000) < chance
            weights = inverse_propensity_weights(chance[known])
            found = weighted_quantile(score[known], weights, level=NINETY, test_weight=5)
            at = rng.random()
            covered += abs(rng.normal()) * at <= found.quantile

        # 500 draws at >= 0.90: standard error 0.0134, so 0.846 lies four of them below. The
        # unweighted quantile covers 0.78 here.
        assert covered / 500 >= 0.846

    @pytest.mark.parametrize(
        ("scores", "weights", "named"),
        [
            ([0.1, math.nan], [1, 1], r"scores\[1\]: got nan"),
            ([0.1, 0.2], [1, math.inf], r"weights\[1\]: got inf"),
            ([0.1, 0.2], [1, -0.5], r"weights\[1\]: got -0.5"),
            ([0.1, 0.2], [1, 1e308], r"weights\[1\]: got 1e\+308"),
            ([0.1, 0.2], [1], "weights: got"),
        ],
    )
    def test_refuses_rows_that_do_not_fit_by_name(self, scores, weights, named):
        with pytest.raises(InvalidInput, match=named):
            weighted_quantile(scores, weights, level=NINETY, test_weight=1)

    @pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
    def test_refuses_a_test_weight_that_does_not_fit(self, wrong):
        with pytest.raises(InvalidInput, match="test_weight"):
            weighted_quantile([1.0], [1.0], level=NINETY, test_weight=wrong)

    def test_refuses_a_level_of_one(self):
        with pytest.raises(InvalidInput, match="level"):
            weighted_quantile([1.0], [1.0], level=Fraction(1), test_weight=1)


class TestInversePropensityWeights:
    @pytest.mark.parametrize("wrong", [0.0, -0.1, 1.1, math.nan])
    def test_refuse_a_chance_that_is_none(self, wrong):
        with pytest.raises(InvalidInput, match=r"propensities\[1\]"):
            inverse_propensity_weights([1.0, wrong])


class TestEffectiveN:
    @pytest.mark.parametrize("weight", [1e-300, 1.0, 1e300])
    def test_of_equal_rows_is_their_number_in_any_unit(self, weight):
        assert effective_n(np.full(50, weight)) == pytest.approx(50)

    def test_of_rows_without_weight_is_zero(self):
        assert effective_n(np.zeros(5)) == 0.0


class TestExactSum:
    @given(st.lists(st.floats(0, 1e300), max_size=40))
    def test_equals_the_sum_of_fractions(self, values):
        assert exact_sum(np.array(values, dtype=np.float64)) == sum(map(Fraction, values))
