"""Clearing hides few of all events, or nothing is cleared."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.positives_cleared import control_positives_cleared
from watchfloor.core.errors import InvalidInput

ROWS = st.lists(
    st.tuples(st.integers(0, 12).map(lambda i: i / 12), st.sampled_from([0, 1, 1])), max_size=120
)


class TestControlPositivesCleared:
    @given(rows=ROWS, percent=st.integers(1, 60))
    def test_equals_the_definition_in_exact_fractions(self, rows, percent):
        scores, outcomes = [s for s, _ in rows], [y for _, y in rows]
        events = [s for s, y in rows if y == 1]

        found = control_positives_cleared(scores, outcomes, beta=percent / 100)

        assert found.limit == naive.positives_limit(events, beta=Fraction(percent, 100))

    @given(rows=ROWS)
    def test_counts_the_known_events_below_its_limit(self, rows):
        scores, outcomes = [s for s, _ in rows], [y for _, y in rows]

        found = control_positives_cleared(scores, outcomes, beta=0.25)

        assert found.n_cleared == sum(y == 1 and found.allows(s) for s, y in rows)
        assert found.n_cleared <= 0.25 * found.n_positive

    @pytest.mark.parametrize(("beta", "least"), [(0.05, 19), (0.1, 9), (0.01, 99), (0.3, 3)])
    def test_needs_the_published_number_of_events(self, beta, least):
        enough = control_positives_cleared([0.4] * least, [1] * least, beta=beta)
        too_few = control_positives_cleared([0.4] * (least - 1), [1] * (least - 1), beta=beta)

        assert enough.limit == 0.4
        assert (too_few.limit, too_few.allows(0.0)) == (None, False)

    def test_keeps_the_limit_itself_and_what_is_no_number_from_being_cleared(self):
        found = control_positives_cleared([0.4] * 30, [1] * 30, beta=0.05)

        assert [found.allows(score) for score in (0.39, 0.4, math.nan)] == [True, False, False]

    def test_does_not_look_at_clean_rows(self):
        alone = control_positives_cleared([0.4] * 30, [1] * 30, beta=0.05)
        among = control_positives_cleared([0.4] * 30 + [0.1] * 50, [1] * 30 + [0] * 50, beta=0.05)

        assert alone == among

    def test_hides_at_most_its_share_on_average(self):
        rng = np.random.default_rng(20260302)
        hidden = []
        for _ in range(2_000):
            events = rng.beta(2, 2, size=60)
            found = control_positives_cleared(events[:-1], np.ones(59), beta=0.1)
            hidden.append(found.allows(events[-1]))

        # 6 of 60 ranks lie below: promised and true 0.10. 2,000 draws have a standard error of
        # 0.0067, so 0.073 to 0.127 is four to each side.
        assert 0.073 <= np.mean(hidden) <= 0.127

    @pytest.mark.parametrize("wrong", [0.0, 1.0, math.nan])
    def test_refuses_a_promise_outside_zero_and_one(self, wrong):
        with pytest.raises(InvalidInput, match="beta: got"):
            control_positives_cleared([0.5], [1], beta=wrong)
