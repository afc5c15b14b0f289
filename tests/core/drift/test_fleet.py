"""Models that stand out among many, with a stated share of false ones, whatever they share."""

import math

import numpy as np
import pytest
from core.drift.test_performance import SINGLE, draw, feed
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.drift.fleet import e_bh, e_value_of, together
from watchfloor.core.drift.performance import start
from watchfloor.core.errors import InvalidInput

E_VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=12)
Q = st.sampled_from([0.01, 0.05, 0.1, 0.5])


def textbook(values, q):
    """The largest k whose k-th largest value reaches K / (q k); all that are as large are named."""
    for k in range(len(values), 0, -1):
        smallest = sorted(values, reverse=True)[k - 1]
        if smallest * q * k >= len(values):
            return [value >= smallest for value in values]
    return [False] * len(values)


class TestStandingOut:
    @given(values=E_VALUES, q=Q)
    def test_is_the_textbooks(self, values, q):
        assert e_bh(values, q=q).tolist() == textbook(values, q)

    @given(values=E_VALUES, q=Q, data=st.data())
    def test_does_not_depend_on_the_order(self, values, q, data):
        order = data.draw(st.permutations(range(len(values))))

        said = e_bh([values[k] for k in order], q=q)

        assert said.tolist() == e_bh(values, q=q)[order].tolist()

    @given(values=E_VALUES, q=Q)
    def test_names_no_fewer_when_evidence_grows(self, values, q):
        more = [2 * value for value in values]

        assert not (e_bh(values, q=q) & ~e_bh(more, q=q)).any()

    def test_of_one_model_needs_one_over_q(self):
        assert e_bh([10.0], q=0.1).tolist() == [True]
        assert e_bh([9.9], q=0.1).tolist() == [False]

    def test_of_no_model_names_none(self):
        assert e_bh([]).tolist() == []

    def test_is_certain_of_what_is_infinite(self):
        assert e_bh([math.inf, 1.0]).tolist() == [True, False]
        assert e_bh([math.inf, math.inf]).tolist() == [True, True]

    @pytest.mark.parametrize("wrong", [[-1.0], [math.nan], [[1.0]]])
    def test_refuses_what_is_no_e_value(self, wrong):
        with pytest.raises(InvalidInput):
            e_bh(wrong)

    def test_refuses_what_is_no_share(self):
        with pytest.raises(InvalidInput, match="q"):
            e_bh([1.0], q=0.0)

    def test_keeps_its_share_of_false_ones_when_all_share_one_shock(self):
        rng = np.random.default_rng(3)
        false = []
        for _ in range(4000):
            # 30 models of one mean-one e-value and 3 that have changed.
            shared = np.exp(2 * rng.normal() - 2)
            said = e_bh([shared] * 30 + [500.0] * 3, q=0.1)
            false.append(said[:30].sum() / max(said.sum(), 1))

        # At most 0.1 x 30 / 33; the shared shock reaches 10 in 2 % of draws, then names 30 of 33.
        assert np.mean(false) <= 0.1


class TestTheEvidenceOfAMonitor:
    def test_is_at_most_one_in_the_mean_without_a_change(self):
        monitor = start(SINGLE, labels_per_day=300)
        found = [
            e_value_of(feed(monitor, draw(SINGLE.m, 100, seed=seed))[0]) for seed in range(400)
        ]

        # At the bound itself the mean is one; the spread of 400 is about 2 of standard deviation,
        # so 0.1 of standard error.
        assert np.mean(found) <= 1.4

    def test_grows_with_a_change(self):
        monitor, _ = feed(start(SINGLE, labels_per_day=300), draw(0.2, 90, seed=1))

        assert e_value_of(monitor) > 10

    def test_is_nothing_before_the_first_outcome(self):
        assert e_value_of(start(SINGLE, labels_per_day=300)) == 0


class TestTogether:
    @given(values=E_VALUES)
    def test_is_their_mean(self, values):
        assert together(values) == pytest.approx(np.mean(values))

    def test_of_none_is_no_evidence(self):
        assert together([]) == 0
