"""A window knows its scores in order at any moment, whichever of its twins keeps them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchfloor.core import kernels
from watchfloor.core.conformal.adaptive import start_level
from watchfloor.core.conformal.quantile import conformal_quantiles
from watchfloor.core.conformal.sliding_window import (
    COMPILED_FROM,
    BlockedWindow,
    ListWindow,
    sliding_window,
)
from watchfloor.core.conformal.window_blocks import BLOCK, push_scores
from watchfloor.core.errors import InvalidInput
from watchfloor.core.kernels import Twin


def uncompiled(size):
    """The loops of the compiled twin, run by the interpreter."""
    return BlockedWindow(size, push=push_scores)


MAKERS = [ListWindow, uncompiled]
if Twin.COMPILED in kernels.twins():
    MAKERS.append(BlockedWindow)

each_twin = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
# The first call compiles.
unhurried = settings(deadline=None)
SCORES = st.lists(st.integers(0, 12).map(lambda i: i / 4), max_size=60)


@each_twin
class TestWindow:
    @unhurried
    @given(scores=SCORES, size=st.integers(1, 30))
    def test_holds_the_latest_scores_in_order(self, make, scores, size):
        window = make(size)

        for score in scores:
            window.push(score)

        assert [window[i] for i in range(len(window))] == sorted(scores[-size:])

    @unhurried
    @given(scores=SCORES, size=st.integers(1, 30))
    def test_gives_the_conformal_quantiles_of_what_it_holds(self, make, scores, size):
        window = make(size)

        found = window.follow(scores)

        expected = [
            conformal_quantiles(np.array(scores[max(0, i - size) : i]))
            for i in range(1, len(scores) + 1)
        ]
        assert found.tolist() == [list(each) for each in expected]
        assert window.quantiles() == (expected[-1] if expected else (math.inf,) * 3)

    @pytest.mark.parametrize(
        "stream",
        [
            lambda rng, n: rng.exponential(size=n),
            lambda _, n: np.arange(n, dtype=float),
            lambda _, n: -np.arange(n, dtype=float),
            lambda rng, n: rng.integers(0, 3, size=n).astype(float),
            lambda _, n: np.ones(n),
            lambda _, n: np.sin(np.arange(n) / 50),
        ],
        ids=["drawn", "rising", "falling", "ties", "all one", "waves"],
    )
    def test_stays_exact_while_blocks_fill_up_and_empty(self, make, stream):
        size = 4 * BLOCK + 3
        scores = stream(np.random.default_rng(3), 4 * size)
        window = make(size)

        found = window.follow(scores)

        for i in range(50, len(scores), 371):
            latest = scores[max(0, i - size + 1) : i + 1]
            assert tuple(found[i]) == conformal_quantiles(latest)
        assert [window[i] for i in range(size)] == sorted(scores[-size:].tolist())

    def test_goes_on_where_it_was(self, make):
        scores = np.random.default_rng(8).uniform(size=300)
        whole, parts = make(100), make(100)

        at_once = whole.follow(scores)

        in_parts = np.vstack((parts.follow(scores[:130]), parts.follow(scores[130:])))
        assert (at_once == in_parts).all()

    def test_is_what_an_adaptive_level_asks_for(self, make):
        window = make(50)
        window.follow(np.linspace(0, 1, 50))

        issued = start_level(90).issue(window)

        assert issued.quantile == window.quantiles()[0]

    def test_counts_from_the_end_too_and_ends(self, make):
        window = make(5)
        window.follow([0.3, 0.1, 0.2])

        assert (window[-1], window[-3]) == (0.3, 0.1)
        with pytest.raises(IndexError):
            window[3]

    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
    def test_refuses_a_score_that_is_not_finite_and_stays_as_it_was(self, make, wrong):
        window = make(5)
        window.push(0.5)

        with pytest.raises(InvalidInput, match="score: got"):
            window.push(wrong)
        with pytest.raises(InvalidInput, match=r"scores\[1\]: got"):
            window.follow([0.1, wrong])

        assert [window[i] for i in range(len(window))] == [0.5]


class TestChoice:
    def test_is_plain_for_windows_of_usual_size(self):
        assert isinstance(sliding_window(1000), ListWindow)

    def test_is_compiled_for_large_ones_where_that_is_possible(self):
        expected = BlockedWindow if Twin.COMPILED in kernels.twins() else ListWindow

        assert isinstance(sliding_window(COMPILED_FROM), expected)

    @pytest.mark.parametrize("twin", kernels.twins())
    def test_can_be_told(self, twin):
        expected = BlockedWindow if twin is Twin.COMPILED else ListWindow

        assert isinstance(sliding_window(10, twin=twin), expected)

    def test_refuses_a_window_of_nothing(self):
        with pytest.raises(InvalidInput, match="size: got 0"):
            sliding_window(0)
