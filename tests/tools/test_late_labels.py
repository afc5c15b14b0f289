"""The page about late outcomes on a made-up stream; and what is followed, on a handful of rows."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tools.measure import late_labels, page
from tools.measure.late_labels import LATE_STEP, TEXTBOOK
from tools.measure.page import Run
from tools.measure.real_data.late import Followed, Static, Windowed, follow
from tools.measure.real_data.martingale import Watched, false_alarms, watch_stream
from watchfloor.core.conformal.betting import JUMP_RATES, Jumper

RUN = Run(date="2026-03-02", commit="abc123", machine="2 cores, a slow one", python="Python 3.11")


@pytest.fixture(scope="module")
def turned():
    """Six hundred rows after the first thousand; the last three hundred are worse."""
    rng = np.random.default_rng(20260302)
    return np.concatenate((rng.uniform(0, 0.4, 1300), rng.uniform(0, 0.9, 300)))


class TestFollowed:
    def test_finds_the_worst_stretch_wherever_it_begins(self):
        inside = np.array([True] * 700 + [False] * 100 + [True] * 700)

        followed = Followed(inside, np.zeros(1500, dtype=np.bool_))

        assert followed.worst == 0.8
        assert followed.coverage == pytest.approx(1400 / 1500)

    def test_learns_each_outcome_so_many_predictions_later(self):
        class Listening:
            said, learned = 0, []

            def say(self):
                self.said += 1
                return Static(np.array([]), percent=90).say()

            def learn(self, issued, distance):
                self.learned.append((distance, self.said))

        method = Listening()

        follow(method, np.array([0.1, 0.2, 0.3, 0.4]), late=2)

        assert method.learned == [(0.1, 3), (0.2, 4)]

    def test_a_window_without_a_step_keeps_its_level(self, turned):
        method = Windowed(turned[:1000], percent=90, delay=None)

        follow(method, turned[1000:], late=0)

        assert method.level.alpha_t == 0.1


class TestPage:
    def test_has_a_table_for_each_level_and_delay(self, turned):
        rows = late_labels.rows_of({"turned": turned}, delays=(0, 100))
        watched = {"turned": watch_stream(turned), "calm": Watched(None, 9, None)}

        text = page.text_of(late_labels.page_of(rows, watched, {0.05: 0.04}, n_guards=25), RUN)

        assert text.count("| stream | static | sliding window |") == 6
        assert "## 95 %, outcomes 100 predictions late" in text
        assert "## 99 %, prompt" in text
        assert "| calm | none | 9 | - |" in text
        assert "On 25 streams of 5,000 uniform p-values it alarmed falsely in 4.00% at 0.05" in text

    def test_counts_where_the_late_step_is_better_and_where_it_is_worse(self):
        calm = Followed(np.ones(600, dtype=np.bool_), np.zeros(600, dtype=np.bool_))
        rough = replace(calm, inside=np.arange(600) % 2 == 0)
        row = late_labels.Row(90, 500, "one", LATE_STEP, calm)
        rows = [row, replace(row, method=TEXTBOOK, followed=rough)]
        rows += [replace(each, stream="two") for each in rows]

        said = late_labels._against(rows, TEXTBOOK)

        assert said == "better in 2, equal in 0 and worse in 0 cells"


class TestGuardOfAStream:
    def test_tells_when_it_alarmed_and_what_the_static_set_covered_by_then(self, turned):
        watched = watch_stream(turned)

        assert 300 < watched.alarmed_after < 400
        # 300 calm rows at 90 % and some 50 rough ones at 40 %: 83 %, standard error 2 %.
        assert 0.75 < watched.coverage_by_then < 0.91

    def test_is_silent_on_a_stream_that_never_changes(self):
        rng = np.random.default_rng(20260303)

        assert watch_stream(rng.uniform(size=2000)).alarmed_after is None

    def test_many_streams_at_once_bet_as_one_does(self):
        # One stream and a level so high that a wealth of 1.05 alarms.
        alarmed = false_alarms(1, level=1 / 1.05, seed=5)

        rng = np.random.default_rng(5)
        jumpers = [Jumper(rate) for rate in JUMP_RATES]
        highest = 0.0
        for _ in range(5000):
            p = float(rng.random(1)[0])
            jumpers = [jumper.bet(p) for jumper in jumpers]
            highest = max(highest, np.mean([math.exp(each.log_wealth) for each in jumpers]))
        assert alarmed == float(highest >= 1.05)
