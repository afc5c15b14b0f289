"""
Run the benchmark of thresholds; scikit-learn is at hand wherever Watchfloor is.

    python -m benchmarks.thresholds [--quick]

Prints what is promised and what was found, and fails where a promise is not kept.
"""

import argparse
import sys

from benchmarks.thresholds import exact_replay, what_if
from benchmarks.uncertainty.results import verdict


def main() -> None:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(prog="benchmarks.thresholds", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="A tenth of the predictions.")
    quick = parser.parse_args().quick
    parts = [module.measure(quick=quick) for module in (what_if, exact_replay)]
    for one in (each for part in parts for each in part.comparisons):
        print(f"{one.work}: {one.ours_s:.2e} s, {one.peer} {one.peer_s:.2e} s: {one.ratio:,.0f}x")
    targets = [target for part in parts for target in part.targets]
    for target in targets:
        needed, found, kept = verdict(target)
        print(f"{kept.strip('*')}: {target.words}: {found}, needed {needed}")
    sys.exit(int(not all(target.is_met for target in targets)))


if __name__ == "__main__":
    main()
