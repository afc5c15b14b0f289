"""Rows of one unit are one unit: the promise counts units."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.grouped import grouped_quantile
from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.errors import InvalidInput

NINETY = Fraction(9, 10)
ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=60)


class TestGroupedQuantile:
    @given(rows=ROWS, percent=st.integers(1, 99))
    def test_equals_the_definition_in_exact_fractions(self, rows, percent):
        scores, groups = [s for s, _ in rows], [g for _, g in rows]
        level = Fraction(percent, 100)

        found = grouped_quantile(scores, groups, level=level)

        assert found.quantile == naive.grouped_quantile(scores, groups, level=level)
        assert (found.n_groups, found.n) == (len(set(groups)), len(rows))

    @given(scores=st.lists(st.floats(0, 5), max_size=80), percent=st.integers(1, 99))
    def test_of_units_with_one_row_each_is_the_plain_quantile(self, scores, percent):
        level = Fraction(percent, 100)

        found = grouped_quantile(scores, list(range(len(scores))), level=level)

        assert found.quantile == outcome_abs(scores, level=level).quantile

    @given(rows=ROWS.filter(len), times=st.integers(2, 5))
    def test_does_not_count_a_row_that_is_repeated_within_its_unit(self, rows, times):
        scores, groups = [s for s, _ in rows], [g for _, g in rows]

        once = grouped_quantile(scores, groups, level=NINETY)
        repeated = grouped_quantile(scores * times, groups * times, level=NINETY)

        assert repeated.quantile == once.quantile

    @pytest.mark.parametrize(("percent", "least"), [(90, 9), (95, 19), (99, 99)])
    def test_needs_units_however_many_rows_they_have(self, percent, least):
        level = Fraction(percent, 100)
        rows_of = 40

        def with_units(n):
            groups = np.repeat(np.arange(n), rows_of)
            return grouped_quantile(np.arange(n * rows_of), groups, level=level)

        assert with_units(least).is_certifiable
        assert not with_units(least - 1).is_certifiable

    def test_covers_a_random_row_of_a_new_unit_where_plain_rows_would_not(self):
        rng = np.random.default_rng(20260302)
        ours = plain = 0
        for _ in range(1_500):
            # Hard units have few rows: counted by rows they would hardly be heard.
            scale = np.where(rng.random(41) < 0.3, 5.0, 1.0)
            sizes = np.where(scale > 1, 2, 20)
            groups = np.repeat(np.arange(40), sizes[:40])
            scores = np.abs(rng.normal(size=len(groups))) * scale[groups]
            fresh = abs(rng.normal()) * scale[40]
            ours += fresh <= grouped_quantile(scores, groups, level=NINETY).quantile
            plain += fresh <= outcome_abs(scores, level=NINETY).quantile

        # Promised 0.90; 1,500 draws have a standard error of 0.0078, so 0.869 is four below.
        assert ours / 1_500 >= 0.869
        assert plain / 1_500 < 0.85

    def test_of_nothing_promises_nothing(self):
        found = grouped_quantile([], [], level=NINETY)

        assert (found.quantile, found.n_groups, found.n) == (math.inf, 0, 0)

    def test_refuses_what_does_not_fit_by_name(self):
        with pytest.raises(InvalidInput, match=r"nonconformity\[1\]"):
            grouped_quantile([1.0, math.nan], ["a", "b"], level=NINETY)
        with pytest.raises(InvalidInput, match="groups: got"):
            grouped_quantile([1.0, 2.0], ["a"], level=NINETY)
        with pytest.raises(InvalidInput, match="level: got"):
            grouped_quantile([1.0], ["a"], level=Fraction(0))
