"""A promised share of errors is certified, or nothing is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.certified import (
    certify,
    certify_clear,
    first_rank,
    geometric_ranks,
)
from watchfloor.core.errors import InvalidInput

ROWS = st.lists(
    st.tuples(st.integers(0, 12).map(lambda i: i / 12), st.sampled_from([0, 1, 1, 1])),
    max_size=150,
)


class TestCertify:
    @given(rows=ROWS, eps=st.sampled_from([0.05, 0.1, 0.2, 0.5]))
    def test_equals_the_walk_done_by_hand(self, rows, eps):
        scores, outcomes = [s for s, _ in rows], [y for _, y in rows]
        ranks = geometric_ranks(first_rank(eps, 0.1), len(rows)).tolist()

        by_hand = naive.certified_walk(scores, outcomes, eps=eps, delta=0.1, ranks=ranks)

        ours = certify(scores, outcomes, eps=eps, delta=0.1)
        assert (ours.threshold, ours.n_certified, ours.false_certified) == (by_hand or (None, 0, 0))
        if by_hand:
            assert ours.first_tested == sorted(scores, reverse=True)[ranks[0] - 1]
            assert ours.first_tested >= ours.threshold

    @pytest.mark.parametrize("seed", range(40))
    def test_equals_the_walk_done_by_hand_where_the_border_is_near(self, seed):
        # The true false share stays just under eps, so the p-values hover around delta.
        rng = np.random.default_rng(seed)
        scores = rng.integers(0, 60, size=400) / 60
        outcomes = (rng.random(400) > 0.15).astype(int)
        ranks = geometric_ranks(first_rank(0.2, 0.1), 400).tolist()

        by_hand = naive.certified_walk(scores, outcomes, eps=0.2, delta=0.1, ranks=ranks)

        ours = certify(scores, outcomes, eps=0.2, delta=0.1)
        assert (ours.threshold, ours.n_certified, ours.false_certified) == (by_hand or (None, 0, 0))

    @given(rows=ROWS)
    def test_counts_exactly_the_rows_at_and_above_its_threshold(self, rows):
        scores, outcomes = np.array([s for s, _ in rows]), np.array([y for _, y in rows])

        found = certify(scores, outcomes, eps=0.3, delta=0.1)

        if found.threshold is not None:
            taken = scores >= found.threshold
            assert found.n_certified == taken.sum()
            assert found.false_certified == (1 - outcomes[taken]).sum()

    @pytest.mark.parametrize(("eps", "rows"), [(0.05, 45), (0.1, 22), (0.2, 11), (0.01, 230)])
    def test_needs_the_published_number_of_faultless_rows(self, eps, rows):
        enough = certify([0.9] * rows, [1] * rows, eps=eps, delta=0.1)
        too_few = certify([0.9] * (rows - 1), [1] * (rows - 1), eps=eps, delta=0.1)

        assert enough.threshold == 0.9
        assert too_few.threshold is None

    def test_never_cuts_through_a_tie(self):
        scores = [0.9] * 100
        outcomes = [1] * 50 + [0] * 50

        found = certify(scores, outcomes, eps=0.1, delta=0.1)

        assert found.threshold is None

    def test_stops_at_the_first_rank_it_cannot_show(self):
        # Good again far below, but the walk may not jump over the bad stretch.
        scores = np.linspace(1, 0, 4_000)
        outcomes = np.ones(4_000, dtype=int)
        outcomes[100:150] = 0

        found = certify(scores, outcomes, eps=0.1, delta=0.1)

        assert found.threshold > scores[150]

    def test_of_nothing_certifies_nothing(self):
        found = certify([], [], eps=0.1, delta=0.1)

        assert (found.threshold, found.n, found.n_certified) == (None, 0, 0)

    def test_keeps_its_promise_over_many_calibration_sets(self):
        rng = np.random.default_rng(20260115)
        points = np.linspace(0, 1, 501)
        # Scores are too sure of themselves: the true rate lies below them.
        rates = points**1.5
        broken = 0
        for _ in range(400):
            where = np.minimum((rng.beta(2, 2, size=2_000) * 501).astype(int), 500)
            outcomes = (rng.random(2_000) < rates[where]).astype(int)
            found = certify(points[where], outcomes, eps=0.2, delta=0.1)
            broken += found.threshold is not None and _false_share(points, rates, found) > 0.2

        # Promised <= 0.10; 400 draws have a standard error of 0.015, so 0.16 is four above.
        assert broken / 400 <= 0.16

    @pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, math.nan])
    def test_refuses_a_promise_outside_zero_and_one(self, wrong):
        with pytest.raises(InvalidInput, match="eps: got"):
            certify([0.5], [1], eps=wrong, delta=0.1)
        with pytest.raises(InvalidInput, match="delta: got"):
            certify([0.5], [1], eps=0.1, delta=wrong)

    @pytest.mark.parametrize(
        ("scores", "outcomes", "named"),
        [
            ([0.1, math.nan], [0, 1], r"scores\[1\]: got nan"),
            ([0.1, 1.2], [0, 1], r"scores\[1\]: got 1.2"),
            ([0.1, 0.2], [0, math.nan], r"outcomes\[1\]: got nan"),
            ([0.1, 0.2], [0, -1], r"outcomes\[1\]: got -1"),
            ([0.1, 0.2], [0], "outcomes: got"),
        ],
    )
    def test_refuses_rows_that_do_not_fit_by_name(self, scores, outcomes, named):
        with pytest.raises(InvalidInput, match=named):
            certify(scores, outcomes, eps=0.1, delta=0.1)


def _false_share(points, rates, found):
    grid = np.linspace(0, 1, 502)
    weight = np.diff(3 * grid**2 - 2 * grid**3)  # Beta(2, 2) between the borders
    taken = points >= found.threshold
    return 1 - (weight * rates)[taken].sum() / weight[taken].sum()


class TestCertifyClear:
    @given(rows=ROWS)
    def test_mirrors_certify(self, rows):
        scores, outcomes = [s for s, _ in rows], [y for _, y in rows]
        turned = certify([1 - s for s in scores], [1 - y for y in outcomes], eps=0.3, delta=0.1)

        found = certify_clear(scores, outcomes, eps=0.3, delta=0.1)

        assert (found.n_certified, found.false_certified) == (
            turned.n_certified,
            turned.false_certified,
        )

    def test_gives_the_threshold_back_as_the_very_score_it_was(self):
        awkward = 0.1 + 0.2

        found = certify_clear([awkward] * 300, [0] * 300, eps=0.01, delta=0.1)

        assert found.threshold == awkward

    def test_clears_a_score_of_zero_as_positive_zero(self):
        found = certify_clear([0.0] * 300, [0] * 300, eps=0.01, delta=0.1)

        assert math.copysign(1, found.threshold) == 1


class TestGeometricRanks:
    @given(first=st.integers(1, 500), n=st.integers(0, 10**6))
    def test_begin_at_the_first_and_end_at_the_last(self, first, n):
        ranks = geometric_ranks(first, n).tolist()

        assert len(ranks) <= 200
        assert ranks == sorted(set(ranks))
        assert not ranks or (ranks[0], ranks[-1]) == (first, n)
        assert bool(ranks) == (first <= n)
