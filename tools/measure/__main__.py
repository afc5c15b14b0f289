"""
Measure, and write the pages of docs/measured.

    python -m tools.measure [--quick] [--date DATE] [--commit HASH] [NAME ...]

Without names everything is measured. Takes minutes, and wants a machine to itself.
"""

import argparse
import importlib
from pathlib import Path

from tools.measure import page

NAMES = (
    *("overhead", "footprint", "throughput", "demo_timing"),
    *("conformal_on_real_data", "late_labels", "uncertainty_benchmarks"),
    *("drift_alarms", "drift_benchmarks", "threshold_what_if", "threshold_promises"),
)


def main() -> None:
    """Run the wanted measurements one after another."""
    parser = argparse.ArgumentParser(prog="tools.measure", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="Less of everything, to try it out.")
    parser.add_argument("--date", default="", help="The date on the page; today when left out.")
    parser.add_argument("--commit", default="", help="The commit that is measured; git's own.")
    parser.add_argument("--into", type=Path, default=page.FOLDER, help="The folder of the pages.")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    run = page.this_run(date=options.date, commit=options.commit, quick=options.quick)
    for name in options.names or NAMES:
        print(f"{name} ...", flush=True)
        module = importlib.import_module(f"tools.measure.{name}")
        print(f"  {page.write(module.measure(quick=options.quick), run, folder=options.into).name}")


if __name__ == "__main__":
    main()
