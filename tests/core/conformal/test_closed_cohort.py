"""How long outcomes take, seen from a stream in which the slow ones are not there yet."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.closed_cohort import closed_age, delay_quantile
from watchfloor.core.errors import InvalidInput

PAIRS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: (min(pair), max(pair))),
    min_size=1,
    max_size=40,
)


class TestDelayQuantile:
    @given(pairs=PAIRS, share=st.sampled_from([0.1, 0.5, 0.9, 0.99, 1.0]))
    def test_equals_the_product_done_in_fractions(self, pairs, share):
        delays, ages = np.array(pairs, dtype=float).T

        found = delay_quantile(delays, ages, share=share)

        assert found == naive.truncated_quantile(pairs, share=share)

    @given(delays=st.lists(st.integers(0, 50), min_size=1, max_size=60))
    def test_is_the_plain_quantile_where_everything_could_be_seen(self, delays):
        ages = np.full(len(delays), 100.0)

        found = delay_quantile(np.array(delays, dtype=float), ages, share=0.9)

        k = math.ceil(0.9 * len(delays) - 1e-9)
        assert found == sorted(delays)[k - 1]

    def test_sees_the_delays_that_young_predictions_hide(self):
        rng = np.random.default_rng(20260115)
        ages = rng.uniform(0, 40, 20_000)
        delays = rng.exponential(5.0, 20_000)
        seen = delays <= ages

        found = delay_quantile(delays[seen], ages[seen], share=0.9)

        # The true quantile is 5 ln 10 = 11.51; of the known delays alone it is 9.6. The bound
        # F(40) = 0.9997 moves it by 0.02; at n = 17,500 its standard error is below 0.12.
        assert np.quantile(delays[seen], 0.9) < 10.3
        assert abs(found - 11.51) < 0.5

    def test_of_nothing_is_unknown(self):
        assert delay_quantile(np.array([]), np.array([]), share=0.9) is None


class TestClosedAge:
    def test_waits_for_the_slower_kind(self):
        delays = [1.0] * 980 + [30.0] * 20
        outcomes = [0] * 980 + [1] * 20

        found = closed_age(delays, [100.0] * 1000, outcomes, share=0.97)

        # 98 % of all delays are one day: the quantile of all would not see the events.
        assert found == 30.0

    def test_of_one_kind_alone_is_that_kinds(self):
        assert closed_age([2.0, 3.0], [9.0, 9.0], [1, 1], share=1.0) == 3.0

    def test_of_nothing_is_unknown(self):
        assert closed_age([], [], [], share=0.99) is None

    @pytest.mark.parametrize(
        ("delays", "ages", "outcomes", "share", "named"),
        [
            ([2.0], [1.0], [0], 0.9, r"delays\[0\]: got 2"),
            ([1.0, -1.0], [2.0, 2.0], [0, 0], 0.9, r"delays\[1\]: got -1"),
            ([math.nan], [2.0], [0], 0.9, r"delays\[0\]: got nan"),
            ([1.0], [2.0], [0.5], 0.9, "outcomes"),
            ([1.0], [2.0], [0], 0.0, "share"),
            ([1.0], [2.0, 2.0], [0], 0.9, "three equal lengths"),
        ],
    )
    def test_refuses_what_does_not_fit_by_name(self, delays, ages, outcomes, share, named):
        with pytest.raises(InvalidInput, match=named):
            closed_age(delays, ages, outcomes, share=share)
