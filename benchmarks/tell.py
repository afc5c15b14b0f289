"""Run some benchmarks, tell what is promised beside what was found, and judge."""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from benchmarks.uncertainty.results import Part, verdict


class Benchmark(Protocol):
    """A module that measures one part."""

    def measure(self, *, quick: bool) -> Part:
        """Measure; less of everything for a try."""


def run(benchmarks: Sequence[Benchmark], *, name: str, about: str | None) -> None:
    """Measure, tell, and end with 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--quick", action="store_true", help="Less of everything, for a try.")
    quick = parser.parse_args().quick
    parts = [benchmark.measure(quick=quick) for benchmark in benchmarks]
    for one in (each for part in parts for each in part.comparisons):
        print(f"{one.work}: {one.ours_s:.2e} s, {one.peer} {one.peer_s:.2e} s: {one.ratio:,.0f}x")
    targets = [target for part in parts for target in part.targets]
    for target in targets:
        needed, found, kept = verdict(target)
        print(f"{kept.strip('*')}: {target.words}: {found}, needed {needed}")
    sys.exit(int(not all(target.is_met for target in targets)))
