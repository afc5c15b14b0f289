"""A shortlist holds few false ones on average over batches."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.selection import batch_select
from watchfloor.core.errors import InvalidInput

SCORES = st.integers(0, 12).map(lambda i: i / 12)
KNOWN = st.lists(st.tuples(SCORES, st.sampled_from([0, 0, 1])), max_size=80)
HALF_CLEAN = {"known_scores": [0.9] * 50 + [0.1] * 49, "known_outcomes": [1] * 50 + [0] * 49}


class TestBatchSelect:
    @given(batch=st.lists(SCORES, max_size=30), known=KNOWN, tenths=st.integers(1, 9))
    def test_equals_the_definition_in_exact_fractions(self, batch, known, tenths):
        pairs = {"known_scores": [s for s, _ in known], "known_outcomes": [y for _, y in known]}

        found = batch_select(batch, eps=tenths / 10, **pairs)

        expected = naive.batch_selected(batch, eps=Fraction(tenths, 10), **pairs)
        assert set(found.selected) == expected

    @given(batch=st.lists(SCORES, min_size=1, max_size=30), known=KNOWN)
    def test_selects_from_the_top_and_never_cuts_through_a_tie(self, batch, known):
        pairs = {"known_scores": [s for s, _ in known], "known_outcomes": [y for _, y in known]}

        found = batch_select(batch, eps=0.5, **pairs)

        chosen = [batch[i] for i in found.selected]
        assert chosen == sorted(chosen, reverse=True)
        if found.threshold is None:
            assert chosen == []
        else:
            assert len(chosen) == sum(score >= found.threshold for score in batch)

    @pytest.mark.parametrize(("known", "selected"), [(18, ()), (19, (0,))])
    def test_needs_as_many_known_rows_as_its_promise_costs(self, known, selected):
        # Two in the batch at one in ten: n + 1 must reach 20 for one of them.
        found = batch_select(
            [0.9, 0.1], known_scores=[0.5] * known, known_outcomes=[0] * known, eps=0.1
        )

        assert found.selected == selected

    def test_of_an_empty_batch_selects_nothing(self):
        found = batch_select([], eps=0.1, **HALF_CLEAN)

        assert (found.selected, found.p_values, found.threshold) == ((), (), None)

    def test_without_known_outcomes_selects_nothing(self):
        found = batch_select([1.0, 0.9], known_scores=[], known_outcomes=[], eps=0.4)

        assert (found.selected, found.p_values, found.n) == ((), (1.0, 1.0), 0)

    def test_keeps_its_promise_on_average_over_batches(self):
        rng = np.random.default_rng(20260302)
        shares = []
        for _ in range(1_500):
            scores = rng.beta(0.5, 2.0, size=600)
            outcomes = (rng.random(600) < scores**1.3).astype(int)
            found = batch_select(
                scores[:100], known_scores=scores[100:], known_outcomes=outcomes[100:], eps=0.2
            )
            chosen = outcomes[list(found.selected)]
            shares.append(1 - chosen.mean() if len(chosen) else 0.0)

        # At most 0.20 is promised. A share in [0, 1] of that mean has a standard deviation of
        # at most 0.4, the mean of 1,500 one of 0.0103, so 0.242 lies four of them above.
        assert 0.05 <= np.mean(shares) <= 0.242

    @pytest.mark.parametrize("wrong", [0.0, 1.0, math.nan])
    def test_refuses_a_promise_outside_zero_and_one(self, wrong):
        with pytest.raises(InvalidInput, match="eps: got"):
            batch_select([0.5], eps=wrong, **HALF_CLEAN)

    def test_refuses_scores_that_do_not_fit_by_name(self):
        with pytest.raises(InvalidInput, match=r"scores\[1\]: got nan"):
            batch_select([0.5, math.nan], eps=0.1, **HALF_CLEAN)
        with pytest.raises(InvalidInput, match="scores: got"):
            batch_select([[0.5]], eps=0.1, **HALF_CLEAN)
