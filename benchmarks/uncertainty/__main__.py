"""
Run the benchmarks beside the peers, in the peers' environment (`make peers`).

    python -m benchmarks.uncertainty [--quick] [--json FILE] [NAME ...]

Prints what is promised and what was found, beside the stored run, and fails where a promise is
not kept.
"""

import argparse
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.uncertainty.results import Part, Target, verdict

NAMES = (
    "single_prediction",
    "batch",
    "calibrate",
    "venn_abers",
    "window",
    "certified_recall",
    "decision_latency",
)
STORED = Path(__file__).with_name("stored_run.json")


def main() -> None:
    """Run the wanted benchmarks one after another."""
    parser = argparse.ArgumentParser(prog="benchmarks.uncertainty", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="Less of everything.")
    parser.add_argument("--json", type=Path, help="Write everything that was found here.")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    parts = [_run(name, quick=options.quick) for name in options.names or NAMES]
    if options.json:
        options.json.write_text(json.dumps(_record(parts), indent=1) + "\n", encoding="utf-8")
    sys.exit(_judge(parts))


def _run(name: str, *, quick: bool) -> Part:
    from benchmarks.uncertainty import peers

    peers.quietly()
    print(f"{name} ...", file=sys.stderr, flush=True)
    part: Part = importlib.import_module(f"benchmarks.uncertainty.{name}").measure(quick=quick)
    return part


def _record(parts: list[Part]) -> dict[str, object]:
    from benchmarks.uncertainty import peers

    return {"versions": peers.versions(), "parts": [part.to_record() for part in parts]}


def _judge(parts: list[Part]) -> int:
    """Print each target beside the stored run; return 1 where one is missed."""
    stored = stored_run()
    targets = [target for part in parts for target in part.targets]
    for target in targets:
        print(line_of(target, stored.get(target.key)))
    return int(not all(target.is_met for target in targets))


def line_of(target: Target, before: float | None) -> str:
    """
    Return a target as one line.

    >>> line_of(Target("fit", "fit, beside a peer", 25.0, 61.23), 58.0)
    'kept: fit, beside a peer: 61.2x, needed at least 25x, stored 58x'
    """
    needed, found, kept = verdict(target)
    was = "" if before is None else f", stored {verdict(replace(target, found=before))[1]}"
    return f"{kept.strip('*')}: {target.words}: {found}, needed {needed}{was}"


def stored_run() -> dict[str, float]:
    """Return what the stored run found, by target; empty before the first."""
    if not STORED.exists():
        return {}
    found: dict[str, float] = json.loads(STORED.read_text(encoding="utf-8"))["found"]
    return found


if __name__ == "__main__":
    main()
