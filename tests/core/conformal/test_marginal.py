"""One width for all: what it promises over all rows, and what one calibration may be held to."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.marginal import (
    least_rows_pac,
    outcome_abs,
    outcome_abs_pac,
    pac_rank,
)
from watchfloor.core.errors import InvalidInput

SCORES = st.lists(st.floats(0, 10), max_size=120)
PERCENT = st.integers(1, 99)
NINETY = Fraction(9, 10)


class TestOutcomeAbs:
    @given(scores=SCORES, percent=PERCENT)
    def test_equals_the_textbook_definition_in_exact_arithmetic(self, scores, percent):
        level = Fraction(percent, 100)

        found = outcome_abs(scores, level=level)

        assert found.quantile == naive.quantile(scores, level)
        assert (found.n, found.level) == (len(scores), level)

    @pytest.mark.parametrize(("percent", "least"), [(90, 9), (95, 19), (99, 99)])
    def test_needs_the_published_number_of_rows(self, percent, least):
        level = Fraction(percent, 100)

        enough = outcome_abs(range(least), level=level)
        too_few = outcome_abs(range(least - 1), level=level)

        assert (enough.quantile, enough.k) == (least - 1, least)
        assert (too_few.quantile, too_few.k) == (math.inf, least)

    @pytest.mark.parametrize("wrong", [math.nan, math.inf])
    def test_refuses_a_score_that_is_no_number(self, wrong):
        with pytest.raises(InvalidInput, match="nonconformity"):
            outcome_abs([0.1, wrong], level=NINETY)


class TestOutcomeAbsPac:
    @pytest.mark.parametrize(("percent", "rank"), [(90, 916), (95, 962), (99, 996)])
    def test_takes_the_published_ranks_of_a_thousand(self, percent, rank):
        found = outcome_abs_pac(range(1_000), level=Fraction(percent, 100), delta=0.05)

        assert (found.k, found.quantile) == (rank, rank - 1)

    @given(n=st.integers(0, 300), percent=PERCENT, delta=st.sampled_from([0.01, 0.05, 0.1, 0.5]))
    def test_takes_the_rank_of_the_exact_binomial_tail(self, n, percent, delta):
        level = Fraction(percent, 100)

        assert pac_rank(n, level, delta=delta) == naive.pac_rank(n, level, Fraction(repr(delta)))

    @pytest.mark.parametrize(
        ("n", "level", "delta", "rank"),
        [
            (2, NINETY, 0.81, 2),
            (2, NINETY, math.nextafter(0.81, 0), 3),
            (5, Fraction(1, 2), 0.5, 3),
            (5, Fraction(1, 2), math.nextafter(0.5, 0), 4),
        ],
    )
    def test_settles_a_tail_that_is_delta_itself_without_rounding(self, n, level, delta, rank):
        # P(Beta(2, 1) < 0.9) is 0.81 exactly, and P(Beta(3, 3) < 0.5) a half.
        assert pac_rank(n, level, delta=delta) == rank

    @given(scores=SCORES.filter(len), percent=PERCENT)
    def test_is_never_narrower_than_the_marginal_one_at_a_small_delta(self, scores, percent):
        level = Fraction(percent, 100)

        pac = outcome_abs_pac(scores, level=level, delta=0.05)

        assert pac.quantile >= outcome_abs(scores, level=level).quantile

    def test_covers_its_level_in_all_but_delta_of_calibrations(self):
        rng = np.random.default_rng(20260302)
        short = 0
        for _ in range(2_000):
            # Uniform scores: a quantile is its own coverage.
            found = outcome_abs_pac(rng.random(200), level=NINETY, delta=0.1)
            short += found.quantile < 0.9

        # P(Beta(186, 15) < 0.9) is 0.0929, within the 0.10; the next lower rank has 0.143.
        # 2,000 draws have a standard error of 0.0065, four of them 0.026.
        assert short / 2_000 == pytest.approx(0.0929, abs=0.026)

    @pytest.mark.parametrize("wrong", [0.0, 1.0, math.nan])
    def test_refuses_a_delta_outside_zero_and_one(self, wrong):
        with pytest.raises(InvalidInput, match="delta: got"):
            outcome_abs_pac([0.1], level=NINETY, delta=wrong)
        with pytest.raises(InvalidInput, match="delta: got"):
            least_rows_pac(NINETY, delta=wrong)


class TestLeastRowsPac:
    @given(percent=PERCENT, delta=st.sampled_from([0.01, 0.05, 0.1, 0.5, 0.9]))
    def test_is_the_first_size_with_a_rank(self, percent, delta):
        level = Fraction(percent, 100)

        least = least_rows_pac(level, delta=delta)

        assert pac_rank(least, level, delta=delta) <= least
        assert pac_rank(least - 1, level, delta=delta) == least

    def test_refuses_a_level_of_one(self):
        with pytest.raises(InvalidInput, match="level: got"):
            least_rows_pac(Fraction(1), delta=0.1)
