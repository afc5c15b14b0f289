"""Two pieces of work timed in turns, so that a machine that changes its speed changes both."""

import gc
import statistics
import time
from collections.abc import Callable

from benchmarks.uncertainty.results import Comparison

Work = Callable[[], object]


def compared(
    work: str,
    ours: Work,
    peer_name: str,
    peer: Work,
    *,
    units: tuple[int, int] = (1, 1),
    rounds: int = 7,
    least_s: float = 0.02,
) -> Comparison:
    """
    Return how much longer the peer takes than ours.

    Processor time is what is counted: other programs on the machine take none of it. Both are
    called once before, which compiles, loads and fills caches.

    Args:
        work: what is done, for the table.
        ours, peer_name, peer: the two, without arguments.
        units: how many units of work one call of ours and one of the peer does.
        rounds: turns; the median counts.
        least_s: seconds that a turn of each lasts at least.
    """
    turns = [_turn(ours, least_s=least_s), _turn(peer, least_s=least_s)]
    times: tuple[list[float], list[float]] = ([], [])
    gc.disable()
    try:
        for _ in range(rounds):
            for one, calls, unit, taken in zip((ours, peer), turns, units, times, strict=True):
                taken.append(_seconds(one, calls) / (calls * unit))
    finally:
        gc.enable()
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    ours_s, peer_s = map(statistics.median, times)
    return Comparison(work, peer_name, ours_s, peer_s, ratio)


def _turn(work: Work, *, least_s: float) -> int:
    """Return how many calls make a turn."""
    work()
    calls = 1
    while (taken := _seconds(work, calls)) < least_s:
        calls = max(2 * calls, int(calls * least_s / max(taken, 1e-9)))
    return calls


def _seconds(work: Work, calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - began
