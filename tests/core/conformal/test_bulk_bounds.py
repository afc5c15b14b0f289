"""Outcome intervals in bulk are those of single predictions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchfloor.core import kernels
from watchfloor.core.conformal.bulk_bounds import (
    BLOCK,
    CHUNK,
    fill_bounds,
    outcome_bounds_many,
)
from watchfloor.core.conformal.calibration import fit_calibration
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.errors import InvalidInput

_SCORES = np.random.default_rng(4).uniform(size=4000).round(3)
_OUTCOMES = (np.random.default_rng(5).uniform(size=4000) < _SCORES).astype(int)
FITTED = fit_calibration(_SCORES, _OUTCOMES, eps_ticket=0.1, eps_clear=0.01, delta=0.1)
BINS = {"edges": FITTED.edges, "quantiles": [each.quantiles for each in FITTED.bins]}
each_twin = pytest.mark.parametrize("twin", kernels.twins())


@each_twin
class TestOutcomeBoundsMany:
    @settings(deadline=None)  # the first call compiles
    @given(scores=st.lists(st.floats(0, 1), max_size=40))
    def test_equal_those_of_one_score(self, twin, scores):
        found = outcome_bounds_many(scores, **BINS, twin=twin)

        one_by_one = [FITTED.outcome_bounds_all(score) for score in scores]
        assert found.shape == (len(LEVELS), 2, len(scores))
        assert found.reshape(6, len(scores)).T.tolist() == [list(each) for each in one_by_one]

    def test_go_on_over_the_border_of_a_chunk(self, twin):
        scores = np.random.default_rng(6).uniform(size=CHUNK + 2)

        found = outcome_bounds_many(scores, **BINS, twin=twin)

        last = FITTED.outcome_bounds_all(float(scores[-1]))
        assert tuple(found[:, :, -1].ravel()) == last

    def test_have_one_half_width_everywhere_without_borders(self, twin):
        found = outcome_bounds_many(
            [0.0, 0.5, 1.0], edges=(), quantiles=[[0.25, math.inf]], twin=twin
        )

        assert found[0].tolist() == [[0.0, 0.25, 0.75], [0.25, 0.75, 1.0]]
        assert found[1].tolist() == [[0.0] * 3, [1.0] * 3]

    def test_fill_the_room_that_is_given(self, twin):
        room = np.empty((3, 2, 2))

        found = outcome_bounds_many([0.1, 0.9], **BINS, out=room, twin=twin)

        assert found is room
        assert (room == outcome_bounds_many([0.1, 0.9], **BINS, twin=twin)).all()

    @pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1])
    def test_refuse_a_score_that_is_no_probability_by_name(self, twin, wrong):
        with pytest.raises(InvalidInput, match=r"scores\[1\]"):
            outcome_bounds_many([0.5, wrong], **BINS, twin=twin)

    def test_refuse_room_of_another_shape(self, twin):
        with pytest.raises(InvalidInput, match="out: got"):
            outcome_bounds_many([0.5], **BINS, out=np.empty((3, 2, 2)), twin=twin)

    def test_refuse_another_number_of_bins(self, twin):
        with pytest.raises(InvalidInput, match="quantiles: got"):
            outcome_bounds_many([0.5], edges=(0.5,), quantiles=[[0.1]], twin=twin)


@pytest.mark.parametrize("n", [0, 3, BLOCK, 2 * BLOCK + 13, 200_000])
@pytest.mark.parametrize("misplaced", [0, 1, 7])
@each_twin
def test_bounds_fit_memory_that_begins_anywhere(twin, n, misplaced):
    scores = np.random.default_rng(7).uniform(size=n)
    room = np.zeros(6 * n + misplaced)[misplaced:].reshape(3, 2, n)

    outcome_bounds_many(scores, **BINS, out=room, twin=twin)

    assert (room == outcome_bounds_many(scores, **BINS, twin=kernels.Twin.PLAIN)).all()


@each_twin
def test_bounds_fit_memory_with_gaps(twin):
    room = np.zeros((3, 2, 20))[:, :, ::2]

    outcome_bounds_many(np.linspace(0, 1, 10), **BINS, out=room, twin=twin)

    expected = outcome_bounds_many(np.linspace(0, 1, 10), **BINS)
    assert (room == expected).all()


@pytest.mark.parametrize("past_cache", [False, True])
@pytest.mark.parametrize("n", [5, 16, 2 * BLOCK])
def test_the_loop_gives_the_same_before_it_is_compiled(n, past_cache):
    scores = np.random.default_rng(7).uniform(size=n)
    flat = np.empty(6 * n)

    fits = fill_bounds(
        scores, np.array(FITTED.edges), np.array(BINS["quantiles"]), flat, past_cache
    )

    expected = outcome_bounds_many(scores, **BINS, twin=kernels.Twin.PLAIN)
    assert fits
    assert (flat.reshape(3, 2, n) == expected).all()


def test_the_loop_fills_nothing_in_where_a_score_is_no_probability():
    flat = np.full(12, 7.0)

    fits = fill_bounds(np.array([0.5, math.nan]), np.empty(0), np.zeros((1, 3)), flat, False)

    assert not fits
    assert (flat == 7.0).all()
