"""Adaptive levels and the tracker keep their bounds whatever comes, prompt or late."""

import math
from collections import deque
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.adaptive import (
    AdaptiveLevel,
    Issued,
    alpha_of,
    late_label_step,
    start_level,
)
from watchfloor.core.conformal.quantile_tracker import QuantileTracker, start_tracker
from watchfloor.core.errors import InvalidInput

PERCENT = st.sampled_from([90, 95, 99])
STEP = st.sampled_from([0.005, 0.05, 0.35])
WINDOW = [0.1, 0.2, 0.3, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
SCORES = st.lists(st.floats(0, 1), max_size=30)
# Each entry says whether the stream's enemy wants a miss; the score is chosen after the set.
WISHES = st.lists(st.booleans(), min_size=1, max_size=80) | st.builds(
    lambda wish, n: [wish] * n, st.booleans(), st.integers(1, 150)
)


def strangest_inside(issued):
    """The score an enemy takes to miss a set narrowly, or to hit it."""
    return max(0.0, min(1.0, issued.quantile))


def run(method, wishes, *, issue, late):
    """Play an enemy who sees each set before the outcome, `late` predictions before it is told."""
    pending = deque()
    for wants_miss in wishes:
        issued = issue(method)
        inside = strangest_inside(issued)
        pending.append((issued, min(1.0, math.nextafter(inside, 2)) if wants_miss else inside))
        if len(pending) > late:
            method = method.learn(*pending.popleft(), delay=late)
    return method


def share_of_misses(method):
    return method.misses / method.n


class TestIssue:
    @given(scores=SCORES, alpha=st.floats(1e-6, 1 - 1e-6))
    def test_takes_the_textbook_quantile_in_exact_arithmetic(self, scores, alpha):
        issued = AdaptiveLevel(90, alpha_t=alpha).issue(sorted(scores))

        assert issued.quantile == naive.quantile(scores, 1 - Fraction(alpha))

    @pytest.mark.parametrize("alpha", [0.0, -0.3, -1e-12])
    def test_says_the_whole_line_once_nothing_may_be_missed(self, alpha):
        issued = AdaptiveLevel(90, alpha_t=alpha).issue(WINDOW)

        assert issued.is_whole_line
        assert issued.contains(1e300)

    @pytest.mark.parametrize("alpha", [1.0, 1.7])
    def test_says_the_empty_set_once_everything_may_be_missed(self, alpha):
        assert not AdaptiveLevel(90, alpha_t=alpha).issue(WINDOW).contains(0.0)

    @pytest.mark.parametrize(("percent", "fewest"), [(90, 9), (95, 19), (99, 99)])
    def test_says_the_whole_line_while_the_window_is_too_short(self, percent, fewest):
        level = start_level(percent)

        assert level.issue([0.5] * (fewest - 1)).is_whole_line
        assert level.issue([0.5] * fewest).quantile == 0.5

    def test_counts_the_border_as_inside(self):
        assert Issued(0.1, 0.25).contains(0.25)

    @pytest.mark.parametrize("score", [math.nan, math.inf])
    def test_refuses_an_outcome_that_is_no_number(self, score):
        with pytest.raises(InvalidInput, match="score"):
            Issued(0.1, 0.25).contains(score)


class TestAdaptiveLevel:
    @given(percent=PERCENT, gamma=STEP, wishes=WISHES)
    def test_keeps_the_bound_of_gibbs_and_candes_against_any_enemy(self, percent, gamma, wishes):
        level = run(
            start_level(percent, gamma0=gamma), wishes, issue=lambda m: m.issue(WINDOW), late=0
        )

        alpha = alpha_of(percent)
        stated = (max(alpha, 1 - alpha) + gamma) / (gamma * len(wishes))
        assert level.bound() == pytest.approx(stated)
        assert abs(share_of_misses(level) - alpha) <= stated + 1e-9

    @given(percent=PERCENT, gamma=STEP, wishes=WISHES, late=st.integers(0, 9))
    def test_keeps_a_bound_when_outcomes_are_late(self, percent, gamma, wishes, late):
        level = run(
            start_level(percent, gamma0=gamma), wishes, issue=lambda m: m.issue(WINDOW), late=late
        )

        if level.n:
            far = abs(share_of_misses(level) - alpha_of(percent))
            assert far <= level.bound(delay=late, pending=late) + 1e-9

    def test_is_not_cut_to_the_unit_range(self):
        missed = Issued(0.1, 0.2)
        level = start_level(90, gamma0=0.3)

        for _ in range(3):
            level = level.learn(missed, 0.9)

        assert level.alpha_t == pytest.approx(0.1 - 3 * 0.3 * 0.9)
        assert level.issue(WINDOW).is_whole_line

    def test_holds_an_outcome_against_what_was_said_and_not_against_what_is_said_now(self):
        said_then = Issued(0.1, math.inf)
        level = start_level(90)

        level = level.learn(said_then, 0.99)

        assert not level.issue(WINDOW).contains(0.99)
        assert level.misses == 0

    def test_has_no_bound_before_the_first_outcome(self):
        assert start_level(90).bound() == math.inf

    @pytest.mark.parametrize("gamma", [0.0, 1.0, math.nan])
    def test_refuses_a_step_that_is_none(self, gamma):
        with pytest.raises(InvalidInput, match="gamma0"):
            start_level(90, gamma0=gamma)

    def test_refuses_another_level(self):
        with pytest.raises(InvalidInput, match="level"):
            start_level(80)


class TestQuantileTracker:
    @given(
        percent=PERCENT, eta=STEP, wishes=WISHES, highest=st.sampled_from([0.5, 1.0, 40.0]),
        late=st.integers(0, 9),
    )  # fmt: skip
    def test_keeps_its_bound_against_any_enemy(self, percent, eta, wishes, highest, late):
        tracker, pending = start_tracker(percent, highest=highest, eta0=eta), deque()
        for wants_miss in wishes:
            issued = tracker.issue()
            pending.append((issued, highest if wants_miss else 0.0))
            if len(pending) > late:
                tracker = tracker.learn(*pending.popleft(), delay=late)

        if tracker.n:
            far = abs(share_of_misses(tracker) - alpha_of(percent))
            assert far <= tracker.bound(delay=late, pending=late) + 1e-9

    def test_has_the_bound_of_the_literature_when_outcomes_are_prompt(self):
        tracker = QuantileTracker(90, 1.0, highest=2.0, eta0=0.05, n=400)

        # eta is a share of the range: 0.1 here, and (b + eta) / (eta T) = 2.1 / 40.
        assert tracker.bound() == pytest.approx(2.1 / 40)

    def test_moves_down_slowly_and_up_at_once(self):
        tracker = QuantileTracker(90, 0.5, eta0=0.1)

        inside = tracker.learn(tracker.issue(), 0.2)
        outside = tracker.learn(tracker.issue(), 0.8)

        assert inside.quantile == pytest.approx(0.5 - 0.1 * 0.1)
        assert outside.quantile == pytest.approx(0.5 + 0.1 * 0.9)

    def test_starts_with_everything_inside(self):
        assert start_tracker(99, highest=3.0).issue().contains(3.0)

    @pytest.mark.parametrize("score", [-0.1, 1.1, math.nan])
    def test_refuses_a_score_outside_its_range(self, score):
        with pytest.raises(InvalidInput, match="score"):
            start_tracker(90).learn(Issued(0.1, 0.5), score)

    @pytest.mark.parametrize("highest", [0.0, -1.0, math.inf, math.nan])
    def test_refuses_a_range_without_length(self, highest):
        with pytest.raises(InvalidInput, match="highest"):
            start_tracker(90, highest=highest)


class TestLateLabelStep:
    def test_is_the_step_itself_while_outcomes_are_prompt(self):
        assert late_label_step(0.005, 0) == 0.005

    @given(delay=st.floats(0, 1e6), longer=st.floats(0, 1e6))
    def test_shrinks_as_outcomes_come_later(self, delay, longer):
        assert late_label_step(0.05, delay + longer) <= late_label_step(0.05, delay)

    @pytest.mark.parametrize("delay", [500, 2000])
    def test_keeps_the_loop_well_damped(self, delay):
        assert late_label_step(0.05, delay) * (delay + 1) == pytest.approx(1 / math.e)

    @pytest.mark.parametrize("delay", [-1.0, math.nan, math.inf])
    def test_refuses_a_delay_that_is_none(self, delay):
        with pytest.raises(InvalidInput, match="delay"):
            late_label_step(0.05, delay)
