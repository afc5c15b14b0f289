"""The benchmarks beside the peers: what is said of them, and a run where the peers are at hand."""

import json
import math
import os

import pytest

from benchmarks.uncertainty.__main__ import line_of
from benchmarks.uncertainty.results import Comparison, Part, Target, verdict, worst
from benchmarks.uncertainty.timing import compared
from tools.measure import page
from tools.measure import uncertainty_benchmarks as benchmarks
from tools.measure.page import Run

RUN = Run(date="2026-03-10", commit="abc123", machine="2 cores", python="Python 3.11")
FAST = Comparison("n = 10", "snail", 2e-6, 1e-3, 500.0)
SLOW = Comparison("n = 10", "hare", 2e-6, 1e-6, 0.5)
KEPT = Target("fit vs snail", "a fit beside snail", 50.0, 500.0)
MISSED = Target("fit vs hare", "a fit beside hare", 1.5, 0.5)
LATE = Target("p99", "99th percentile", 100.0, 120.0, unit="us", is_ceiling=True)
FITS = Part(heading="Fits", words="Of ten.", comparisons=(FAST, SLOW), targets=(KEPT, MISSED))
DECISION = Part(
    heading="One decision", words="", head=("p99",), rows=(("120 us",),), targets=(LATE,)
)


class TestVerdict:
    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            (KEPT, ("at least 50x", "500x", "kept")),
            (MISSED, ("at least 1.5x", "0.5x", "**missed**")),
            (LATE, ("at most 100 us", "120 us", "**missed**")),
            (Target("a", "b", 1.0, math.nan), ("at least 1x", "nanx", "**missed**")),
            (Target("a", "b", 1.0, 1.0), ("at least 1x", "1x", "kept")),
        ],
        ids=["far above", "below", "above a ceiling", "not a number", "just"],
    )
    def test_says_what_was_needed_and_found(self, target, expected):
        assert verdict(target) == expected

    def test_is_printed_beside_the_stored_run(self):
        assert line_of(MISSED, 2.0) == (
            "missed: a fit beside hare: 0.5x, needed at least 1.5x, stored 2x"
        )

    def test_holds_ours_against_the_best_peer(self):
        assert worst([FAST, SLOW]) == 0.5


class TestPage:
    def test_says_first_what_was_promised_and_hides_no_miss(self):
        text = page.text_of(benchmarks.page_of([FITS, DECISION], versions="snail 1"), RUN)

        promised, fits, decision = text.split("\n## ")[1:]
        assert "1 of 3 kept in this run" in promised
        assert "| a fit beside hare | at least 1.5x | 0.5x | **missed** |" in promised
        assert "| n = 10 | snail | 2.00 us | 1.00 ms | 500x |" in fits
        assert "| 120 us |" in decision
        assert "snail 1" in text

    def test_is_made_of_what_went_through_a_file(self):
        record = json.loads(json.dumps([part.to_record() for part in (FITS, DECISION)]))

        assert [Part.from_record(each) for each in record] == [FITS, DECISION]

    def test_a_run_is_stored_by_target(self):
        assert json.loads(benchmarks.stored([FITS, DECISION])) == {
            "found": {"fit vs snail": 500.0, "fit vs hare": 0.5, "p99": 120.0}
        }


def test_both_take_turns_after_a_call_that_is_not_counted():
    calls = []

    found = compared(
        "work", lambda: calls.append("ours"), "peer", lambda: calls.append("peer"), least_s=0.0
    )

    # One call each to warm up, one to count what a turn is, and then the turns.
    assert calls == ["ours"] * 2 + ["peer"] * 2 + ["ours", "peer"] * 7
    assert found.peer == "peer"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    # Writing a million intervals is as fast as the memory, which others use at the same time.
    ["single_prediction", "calibrate", "venn_abers", "window", "decision_latency"],
)
def test_every_ratio_that_is_promised_is_kept(name, tmp_path):
    if not benchmarks.PEERS.exists():
        pytest.skip("the peers are not installed: make peers")

    found = benchmarks.run(tmp_path / "found.json", quick=True, names=[name])

    targets = [target for record in found["parts"] for target in Part.from_record(record).targets]
    assert targets
    assert [verdict(target) for target in targets if not target.is_met] == []


@pytest.mark.slow
def test_a_certificate_reaches_further_than_the_peers(tmp_path):
    if not benchmarks.PEERS.exists():
        pytest.skip("the peers are not installed: make peers")
    if "WATCHFLOOR_DATA_DIR" not in os.environ:
        pytest.skip("WATCHFLOOR_DATA_DIR does not name the folder of the data sets")

    found = benchmarks.run(tmp_path / "found.json", quick=True, names=["certified_recall"])

    (part,) = map(Part.from_record, found["parts"])
    assert [verdict(target) for target in part.targets if not target.is_met] == []
