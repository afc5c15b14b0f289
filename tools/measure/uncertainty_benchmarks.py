"""
Intervals, Venn-Abers, certificates and windows beside the libraries that offer the same.

The work is done in the peers' environment, where ours runs in the same process; here it is put
into words.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.uncertainty.results import Comparison, Part, Target, verdict
from tools.measure.figures import said
from tools.measure.page import ROOT, Measured, Section

PEERS = ROOT / ".venv-peers" / "bin" / "python"
STORED = ROOT / "benchmarks" / "uncertainty" / "stored_run.json"
HOW = (
    "Ours and the peer take turns in one process, after one call of each that is not counted; "
    "what counts is the median of the turns' ratios. Times are processor time, which other "
    "programs on the machine do not lengthen, and for single decisions the clock on the wall. "
    "Wherever both can be held side by side, the results are compared first, and the run stops "
    "where they differ. Each peer is asked by the shortest public way to the same result. puncc "
    "asks for numpy below 2 and the others for a newer one; all run on the newer one here."
)


def measure(*, quick: bool) -> Measured:
    """Run the benchmarks beside the peers; a whole run is stored for `make bench`."""
    if not PEERS.exists():
        raise SystemExit("the peers are not installed: make peers")
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder) / "found.json", quick=quick)
    parts = [Part.from_record(record) for record in found["parts"]]
    if not quick:
        STORED.write_text(stored(parts), encoding="utf-8")
    return page_of(parts, versions=found["versions"])


def run(into: Path, *, quick: bool, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the benchmarks found; missed targets are found too, and end nothing."""
    command = [PEERS, "-m", "benchmarks.uncertainty", *names, "--json", into]
    done = subprocess.run(
        [*map(str, command), *(["--quick"] if quick else [])],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=False,
    )
    if not into.exists():
        raise SystemExit(f"the benchmarks ended with {done.returncode}")
    found: dict[str, Any] = json.loads(into.read_text(encoding="utf-8"))
    return found


def stored(parts: Sequence[Part]) -> str:
    """Return what is kept of a run: each target and what was found."""
    found = {target.key: target.found for part in parts for target in part.targets}
    return json.dumps({"found": found}, indent=1) + "\n"


def page_of(parts: Sequence[Part], *, versions: str) -> Measured:
    """Return the page: what was promised first, then each benchmark."""
    targets = [target for part in parts for target in part.targets]
    return Measured(
        name="uncertainty_benchmarks",
        title="Uncertainty beside its peers",
        what=(
            "How long ours and others take for the same work, and how far a certificate reaches "
            "at the same promise."
        ),
        how=HOW,
        n="named in each table",
        seed="20260310",
        versions=versions,
        sections=[targets_section(targets), *map(section_of, parts)],
    )


def targets_section(targets: Sequence[Target]) -> Section:
    """Return what was promised, and whether it was kept."""
    kept = sum(target.is_met for target in targets)
    return Section(
        "What is promised",
        f"{kept} of {len(targets)} kept in this run.",
        ("promise", "needed", "found", ""),
        [(target.words, *verdict(target)) for target in targets],
    )


def section_of(part: Part) -> Section:
    """Return the section of one benchmark."""
    if part.comparisons:
        head = ("work", "peer", "ours", "peer's", "ratio")
        return Section(part.heading, part.words, head, map(_row, part.comparisons))
    return Section(part.heading, part.words, part.head, part.rows)


def _row(each: Comparison) -> tuple[str, ...]:
    ratio = f"{each.ratio:,.0f}x" if each.ratio >= 10 else f"{each.ratio:.2g}x"
    return each.work, each.peer, duration(each.ours_s), duration(each.peer_s), ratio


def duration(seconds: float) -> str:
    """
    Return a time in the unit that suits it.

    >>> duration(3.21e-7), duration(0.0042), duration(1.5)
    ('0.321 us', '4.20 ms', '1.50 s')
    """
    for unit, of_second in (("us", 1e6), ("ms", 1e3)):
        if seconds * of_second < 1000:
            return f"{said(seconds * of_second)} {unit}"
    return f"{said(seconds)} s"
