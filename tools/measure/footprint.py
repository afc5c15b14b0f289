"""Memory and processor of an idle embedded installation: no demo, no events, nobody looking."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.measure import processes
from tools.measure.figures import median, said
from tools.measure.installation import Installation, installation
from tools.measure.page import Measured, Section

SETTLE_S, IDLE_S = 10.0, 60.0
QUICK_SETTLE_S, QUICK_IDLE_S = 2.0, 10.0
REPEATS = 3
MEMORY_MIB, CPU_PERCENT = 350.0, 5.0


@dataclass(frozen=True, slots=True)
class Idle:
    """One start and one idle stretch."""

    ready_s: float
    processes: int
    rss_mib: float
    peak_mib: float
    cpu_percent: float


def measure(*, quick: bool) -> Measured:
    """Start it some times, each time in a new home."""
    times = 1 if quick else REPEATS
    settle_s, idle_s = (QUICK_SETTLE_S, QUICK_IDLE_S) if quick else (SETTLE_S, IDLE_S)
    found = [_once(settle_s, idle_s) for _ in range(times)]
    for one in found:
        print(f"  {one}", flush=True)
    return page_of(found, settle_s=settle_s, idle_s=idle_s)


def _once(settle_s: float, idle_s: float) -> Idle:
    with tempfile.TemporaryDirectory() as home, installation(Path(home) / "data") as started:
        ready_s = started.wait_ready()
        time.sleep(settle_s)
        return _idle(started, ready_s, idle_s)


def _idle(started: Installation, ready_s: float, idle_s: float) -> Idle:
    pids = processes.tree_of(started.process.pid)
    cpu, began = sum(map(processes.cpu_s, pids)), time.monotonic()
    time.sleep(idle_s)
    pids = processes.tree_of(started.process.pid)
    used = sum(map(processes.cpu_s, pids)) - cpu
    return Idle(
        ready_s=ready_s,
        processes=len(pids),
        rss_mib=sum(map(processes.rss_bytes, pids)) / 2**20,
        peak_mib=sum(map(processes.peak_rss_bytes, pids)) / 2**20,
        cpu_percent=100 * used / (time.monotonic() - began),
    )


def page_of(found: list[Idle], *, settle_s: float, idle_s: float) -> Measured:
    """Return the page of some idle stretches."""
    rows = [
        (
            str(number),
            said(one.ready_s),
            str(one.processes),
            said(one.rss_mib),
            said(one.peak_mib),
            said(one.cpu_percent),
        )
        for number, one in enumerate(found, 1)
    ]
    head = ("run", "ready after, s", "processes", "RSS, MiB", "peak RSS, MiB", "CPU, % of a core")
    return Measured(
        name="footprint",
        title="What an idle installation takes",
        what=(
            "`watchfloor up` with everything in one process: web, MQTT broker, ingest, worker and "
            "beat, on SQLite, without the demo. Nobody is signed in and no event comes."
        ),
        how=(
            f"A fresh data directory each time, free ports, default settings. Ready is when "
            f"`/readyz` answers 200; after another {settle_s:.0f} s it is left alone for "
            f"{idle_s:.0f} s. Processor time of the process and all its children, from /proc, over "
            "that time; resident memory (RSS) at its end; the peak is the highest RSS since the "
            "start."
        ),
        n=f"{len(found)} starts",
        seed="none",
        versions="",
        sections=[Section("Idle", "", head, rows), Section("Reading it", _reading(found))],
    )


def _reading(found: list[Idle]) -> str:
    memory = median([one.rss_mib for one in found])
    cpu = median([one.cpu_percent for one in found])
    return (
        f"* Wanted: below {MEMORY_MIB:.0f} MB and below {CPU_PERCENT:.0f} % of a core. Median: "
        f"{said(memory)} MiB ({_verdict(memory * 2**20 / 1e6, MEMORY_MIB)}) and {said(cpu)} % "
        f"({_verdict(cpu, CPU_PERCENT)}).\n"
        "* RSS counts shared libraries in full. A floor with a model serving takes more: "
        "LightGBM and the model are loaded with the first event. A retrain runs in a process "
        "of its own for as long as it takes."
    )


def _verdict(value: float, limit: float) -> str:
    return "kept" if value < limit else "not kept"
