"""
Run the benchmarks of drift; scipy is at hand wherever Watchfloor is.

    python -m benchmarks.drift [--quick]

Prints what is promised and what was found, and fails where a promise is not kept.
"""

import argparse
import sys

from benchmarks.drift import exact_ks, night
from benchmarks.uncertainty.results import verdict


def main() -> None:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(prog="benchmarks.drift", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Fewer models, and no million scores.")
    quick = parser.parse_args().quick
    parts = [module.measure(quick=quick) for module in (exact_ks, night)]
    for one in (each for part in parts for each in part.comparisons):
        print(f"{one.work}: {one.ours_s:.2e} s, {one.peer} {one.peer_s:.2e} s: {one.ratio:,.0f}x")
    targets = [target for part in parts for target in part.targets]
    for target in targets:
        needed, found, kept = verdict(target)
        print(f"{kept.strip('*')}: {target.words}: {found}, needed {needed}")
    sys.exit(int(not all(target.is_met for target in targets)))


if __name__ == "__main__":
    main()
