"""Rows seen by chance stand for all predictions, and never for more than they may."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.conformal.sampling import (
    Sampling,
    checked_sampling,
    equal_chance,
    evenly_seen_top,
)
from watchfloor.core.errors import InvalidInput

CHANCES = st.lists(st.sampled_from([0.02, 0.1, 0.5, 1.0]), min_size=1, max_size=60)


def sampled(propensities, draws=None):
    chances = np.array(propensities, dtype=float)
    return Sampling(
        propensities=chances, draws=np.zeros(len(chances)) if draws is None else np.array(draws)
    )


class TestEqualChance:
    @given(chances=CHANCES)
    def test_keeps_every_row_where_all_had_the_same(self, chances):
        how = sampled([chances[0]] * len(chances), np.linspace(0, 1, len(chances), endpoint=False))

        assert equal_chance(how, np.zeros(len(chances), dtype=int)).all()

    @given(chances=CHANCES, data=st.data())
    def test_keeps_the_rarest_rows_of_each_group(self, chances, data):
        draws = data.draw(
            st.lists(
                st.floats(0, 1, exclude_max=True), min_size=len(chances), max_size=len(chances)
            )
        )
        groups = np.arange(len(chances)) % 3

        kept = equal_chance(sampled(chances, draws), groups)

        for group in set(groups.tolist()):
            mine = groups == group
            rarest = np.array(chances)[mine] == min(np.array(chances)[mine])
            assert kept[mine][rarest].all()

    def test_leaves_the_share_of_events_that_all_predictions_have(self):
        rng = np.random.default_rng(20260115)
        # Two kinds of predictions in one group: half are asked about, half sampled at 10 %.
        n = 200_000
        asked = rng.random(n) < 0.5
        event = rng.random(n) < np.where(asked, 0.3, 0.05)
        chances = np.where(asked, 1.0, 0.1)
        seen = rng.random(n) < chances

        kept = equal_chance(
            sampled(chances[seen], rng.random(int(seen.sum()))), np.zeros(int(seen.sum()), int)
        )

        # All predictions have 0.175; the seen ones 0.277. About 20,000 rows stay: a standard
        # error of 0.0027, and five of them.
        assert event[seen].mean() > 0.26
        assert abs(event[seen][kept].mean() - 0.175) < 0.0135

    def test_of_no_rows_is_none(self):
        assert equal_chance(sampled([]), np.array([], dtype=int)).tolist() == []


class TestEvenlySeenTop:
    def test_lies_above_every_score_that_was_seen_more_rarely(self):
        scores = np.array([0.1, 0.9, 0.3, 0.3, 0.31])

        seen = evenly_seen_top(scores, sampled([1, 1, 0.02, 1, 1]))

        assert seen.tolist() == [False, True, False, False, True]

    def test_is_everything_where_all_had_the_same_chance(self):
        assert evenly_seen_top(np.array([0.1, 0.9]), sampled([0.7, 0.7])).all()

    @given(n=st.integers(0, 20))
    def test_is_everything_where_nothing_was_left_to_chance(self, n):
        assert evenly_seen_top(np.linspace(0, 1, n), Sampling.complete(n)).all()


class TestCheckedSampling:
    @pytest.mark.parametrize("wrong", [0.0, -0.1, 1.01, math.nan, math.inf])
    def test_refuses_what_is_no_chance_to_be_seen(self, wrong):
        with pytest.raises(InvalidInput, match=r"propensities\[1\]: got"):
            checked_sampling(sampled([1, wrong]), n=2)

    @pytest.mark.parametrize("wrong", [1.0, -0.1, math.nan])
    def test_refuses_a_draw_outside_its_range(self, wrong):
        with pytest.raises(InvalidInput, match=r"draws\[0\]: got"):
            checked_sampling(sampled([1, 1], [wrong, 0.5]), n=2)

    def test_refuses_another_number_of_rows(self):
        with pytest.raises(InvalidInput, match="propensities: got"):
            checked_sampling(sampled([1, 1]), n=3)
