"""The event rate of predictions like this one, with an exact binomial interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive
from scipy import stats

from watchfloor.core.conformal.calibration_error import EDGES
from watchfloor.core.conformal.probability_bins import (
    MIN_ROWS,
    UNKNOWN_RATE,
    bin_of,
    clopper_pearson,
    merged_edges,
    rate_interval,
)
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.errors import InvalidInput

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


class TestClopperPearson:
    @given(counts=COUNTS, percent=st.sampled_from(LEVELS))
    def test_solves_the_binomial_equations_that_define_it(self, counts, percent):
        k, n = counts

        bounds = clopper_pearson(k, n, level=level_of(percent))

        # The root finder stops at 1e-14 relative; the inverse beta function is as close.
        assert bounds == pytest.approx(naive.clopper_pearson(k, n, level_of(percent)), abs=1e-11)

    @pytest.mark.parametrize("percent", LEVELS)
    @pytest.mark.parametrize("n", [30, 200])
    @pytest.mark.parametrize("rate", [0.001, 0.03, 0.5, 0.9])
    def test_covers_every_rate_at_least_as_often_as_promised(self, rate, n, percent):
        k = np.arange(n + 1)
        bounds = np.array([clopper_pearson(int(each), n, level=level_of(percent)) for each in k])
        contains = (bounds[:, 0] <= rate) & (rate <= bounds[:, 1])

        # Exact, not drawn: the chance of every k is known.
        covered = stats.binom.pmf(k, n, rate)[contains].sum()

        assert covered >= percent / 100 - 1e-12

    def test_reaches_the_ends_where_every_outcome_was_the_same(self):
        level = level_of(95)

        assert clopper_pearson(0, 50, level=level)[0] == 0.0
        assert clopper_pearson(50, 50, level=level)[1] == 1.0
        assert clopper_pearson(0, 0, level=level) == (0.0, 1.0)

    @pytest.mark.parametrize("k", [-1, 11])
    def test_refuses_more_events_than_trials(self, k):
        with pytest.raises(InvalidInput, match="k: got"):
            clopper_pearson(k, 10, level=level_of(95))


class TestRateInterval:
    @given(counts=COUNTS)
    def test_nests_the_levels_around_the_observed_rate(self, counts):
        k, n = counts

        found = rate_interval(k, n)

        assert 0 <= found.lower99 <= found.lower <= found.lower90 <= k / n
        assert k / n <= found.upper90 <= found.upper <= found.upper99 <= 1
        assert found.width == found.upper - found.lower

    def test_is_the_whole_range_for_too_few_rows(self):
        assert rate_interval(0, MIN_ROWS - 1) is UNKNOWN_RATE

    @pytest.mark.parametrize(("rate", "rows"), [(0.1, 42), (0.3, 88), (0.5, 104)])
    def test_becomes_narrow_at_the_published_number_of_rows(self, rate, rows):
        # Rows are published for the rate itself; the nearest whole k moves the width a little.
        enough = rate_interval(round(rate * (rows + 5)), rows + 5)
        too_few = rate_interval(round(rate * (rows - 8)), rows - 8)

        assert enough.width < 0.2 <= too_few.width


SCORES = st.lists(
    st.sampled_from([0.0, 0.01, 0.02, 0.07, 0.15, 0.45, 0.93, 0.98, 1.0]), max_size=30
)


class TestMergedEdges:
    @given(scores=SCORES, repeat=st.sampled_from([1, 7, 40]))
    def test_leaves_every_bin_large_enough_or_one(self, scores, repeat):
        column = np.repeat(np.array(scores, dtype=float), repeat)

        edges = merged_edges(column)

        rows = np.bincount(bin_of(column, edges), minlength=len(edges) + 1)
        assert set(edges) <= set(EDGES)
        assert list(edges) == sorted(edges)
        assert not edges or rows.min() >= MIN_ROWS

    def test_keeps_all_borders_when_every_bin_is_full(self):
        column = np.repeat((np.array((0.0, *EDGES)) + np.array((*EDGES, 1.0))) / 2, MIN_ROWS)

        assert merged_edges(column) == EDGES

    def test_joins_the_smallest_bin_to_its_smaller_neighbour(self):
        column = np.repeat([0.01, 0.03, 0.07, 0.99], [100, 5, 40, 30])

        edges = merged_edges(column)

        assert bin_of(np.array([0.01, 0.03, 0.07, 0.99]), edges).tolist() == [0, 1, 1, 2]

    def test_of_no_scores_is_one_bin(self):
        assert merged_edges(np.array([])) == ()


def test_a_score_on_a_border_belongs_to_the_bin_above():
    assert bin_of(np.array([0.0199, 0.02, 1.0]), (0.02, 0.5)).tolist() == [0, 1, 2]
