"""Memory and processor time of processes and threads, as /proc tells them."""

import os
import threading
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree_of(pid: int) -> list[int]:
    """Return a process and all that it started, as far as they live."""
    found = [pid]
    for parent in found:
        tasks = PROC / str(parent) / "task"
        try:
            children = [(task / "children").read_text() for task in tasks.iterdir()]
        except FileNotFoundError:
            continue
        found += [int(child) for line in children for child in line.split()]
    return found


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it is gone."""
    return _status_bytes(pid, "VmRSS")


def peak_rss_bytes(pid: int) -> int:
    """Return the most resident memory that a process ever had; 0 when it is gone."""
    return _status_bytes(pid, "VmHWM")


def _status_bytes(pid: int, wanted: str) -> int:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith(f"{wanted}:")]
    return int(found[0]) * 1024 if found else 0


def cpu_s(pid: int, *, tid: int | None = None) -> float:
    """Return the processor time of a process, or of one of its threads; 0 when it is gone."""
    at = PROC / str(pid) if tid is None else PROC / str(pid) / "task" / str(tid)
    try:
        return ticks_of((at / "stat").read_text()) / TICKS_PER_S
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def ticks_of(stat: str) -> int:
    """
    Return user and system ticks of a line of /proc/pid/stat, whose name may hold anything.

    >>> ticks_of("7 (a (b) c) S 1 7 7 0 -1 0 0 0 0 0 40 2 0 0 20 0 1 0")
    42
    """
    after_name = stat.rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def cpu_of_threads() -> dict[str, float]:
    """Return the processor time of each thread of this process by its name."""
    pid = os.getpid()
    return {
        thread.name: cpu_s(pid, tid=thread.native_id)
        for thread in threading.enumerate()
        if thread.native_id is not None
    }
