"""The monitor follows a world that changes, and resumes to the last bit."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.conformal import live_coverage
from watchfloor.core.conformal.live_coverage import WINDOW, LateOutcome, LiveCoverage
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput

SCORES = st.lists(st.floats(0, 1), max_size=40)


def live(monitor, scores, *, delay=0):
    """Learn each outcome before the next prediction is made."""
    for score in scores:
        monitor = monitor.learn([LateOutcome(float(score), monitor.issue(), delay)])
    return monitor


class TestLiveCoverage:
    def test_says_the_whole_range_until_it_has_seen_enough(self):
        eight = live(live_coverage.start(), [0.2] * 8)
        nine = live(eight, [0.2])

        assert eight.issue()[0].is_whole_line
        assert not nine.issue()[0].is_whole_line
        assert nine.issue()[1].is_whole_line
        assert nine.issue()[2].contains(0.99)

    def test_follows_a_world_that_turns(self):
        rng = np.random.default_rng(20260115)
        calm, rough = rng.uniform(0, 0.3, 600), rng.uniform(0, 0.9, 400)

        before = live(live_coverage.start(), calm)
        after = live(before, rough)

        assert before.issue()[0].quantile < 0.3
        assert after.issue()[0].quantile > 0.6
        assert after.adaptive[0].alpha_t < before.adaptive[0].alpha_t
        # 400 outcomes with gamma .005 are promised within .455 of 10 %; most are far nearer.
        misses = after.adaptive[0].misses - before.adaptive[0].misses
        assert misses / 400 < 0.35

    def test_keeps_the_latest_outcomes_only(self):
        said = live_coverage.start().issue()
        late = [LateOutcome(i / 4000, said, i) for i in range(WINDOW + 500)]

        monitor = live_coverage.start().learn(late)

        assert len(monitor.scores) == len(monitor.delays) == WINDOW
        assert monitor.scores[0] == 500 / 4000
        assert monitor.delay == pytest.approx((500 + WINDOW + 499) / 2)

    def test_moves_less_the_later_outcomes_are(self):
        said = tuple(replace(each, quantile=0.1) for each in live_coverage.start().issue())

        prompt = live_coverage.start().learn([LateOutcome(0.5, said, 0)])
        late = live_coverage.start().learn([LateOutcome(0.5, said, 2000)])

        assert prompt.adaptive[0].alpha_t == pytest.approx(0.1 - 0.005 * 0.9)
        assert late.adaptive[0].alpha_t == pytest.approx(0.1 - 0.9 / (math.e * 2001))

    @given(scores=SCORES, cut=st.integers(0, 40))
    def test_does_not_mind_in_how_many_parts_outcomes_come(self, scores, cut):
        said = live_coverage.start().issue()
        late = [LateOutcome(score, said, i % 7) for i, score in enumerate(scores)]

        at_once = live_coverage.start().learn(late)
        in_two = live_coverage.start().learn(late[:cut]).learn(late[cut:])

        assert at_once == in_two

    @given(scores=SCORES, cut=st.integers(0, 40))
    def test_resumes_to_the_last_bit(self, scores, cut):
        whole = live(live_coverage.start(), scores, delay=3)
        stored = live(live_coverage.start(), scores[:cut], delay=3).to_bytes()
        resumed = live(LiveCoverage.from_bytes(stored), scores[cut:], delay=3)

        assert resumed.to_bytes() == whole.to_bytes()
        assert LiveCoverage.from_bytes(whole.to_bytes()) == whole

    @pytest.mark.parametrize("data", [b"", b"{}", b'{"format":"watchfloor-monitor-1"}'])
    def test_refuses_bytes_that_are_not_its_own(self, data):
        with pytest.raises(ArtifactCorrupt):
            LiveCoverage.from_bytes(data)

    def test_refuses_an_outcome_that_knows_fewer_levels(self):
        said = live_coverage.start().issue()

        with pytest.raises(InvalidInput, match="issued"):
            live_coverage.start().learn([LateOutcome(0.5, said[:2], 0)])

    def test_refuses_an_outcome_before_its_prediction(self):
        said = live_coverage.start().issue()

        with pytest.raises(InvalidInput, match="delay"):
            live_coverage.start().learn([LateOutcome(0.5, said, -1)])
