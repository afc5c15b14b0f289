"""
Have the scores, or a feature, moved: judged by days and by the size of the move.

Events of one day share weather, outages and reviewers, so their number says little; days of
the same weekday are what may be exchanged when nothing has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.drift.ks import ks_distance, ks_p_value
from watchfloor.core.drift.severity import Severity
from watchfloor.core.errors import InvalidInput, NotReady

N_PERMUTATIONS = 1999
STOP_AFTER = 20
P_LIMIT = 0.01
SMALLEST_DISTANCE = 0.10
LARGE_DISTANCE = 0.25
MIN_EVENTS = 30
PSI_GROUPS = 10

_AT_ONCE = 100
# A permutation that puts the days back as they were must count as equal in spite of rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreDrift:
    """
    How one week of a histogram differs from its reference.

    Args:
        ks: largest distance between the cumulative shares, in [0, 1]: the size of the move.
        p_value: by permuting days within their weekday; this one decides.
        raw_p_value: as if events were independent; stored for comparison only.
        psi: population stability index over ten equal groups of the reference.
        n_reference: events compared, and `n_current` those of the week.
        drifted: `p_value` and `ks` both say so.
        severity: INFO unless drifted; LOW, MEDIUM, or HIGH where errors are expected to rise.
    """

    ks: float
    p_value: float
    raw_p_value: float
    psi: float
    n_reference: int
    n_current: int
    drifted: bool
    severity: Severity


def score_drift(
    reference: IntArray,
    current: IntArray,
    *,
    reference_weekdays: Sequence[int],
    current_weekdays: Sequence[int],
    rng: np.random.Generator,
    estimated_drop: float = 0.0,
    p_limit: float = P_LIMIT,
    smallest_distance: float = SMALLEST_DISTANCE,
    min_events: int = MIN_EVENTS,
) -> ScoreDrift:
    """
    Compare the days of a week with the days of a reference, histogram by histogram.

    Days whose weekday stands on one side only are left out; take holidays out beforehand.

    Args:
        reference: events by day and bin, shape (D, B); 28 days ending 28 days before the
            week is the default of the nightly check.
        current: events by day and bin, shape (7, B), in the same bins.
        reference_weekdays: weekday of each reference day, 0 for Monday, shape (D,).
        current_weekdays: weekday of each current day.
        rng: draws the permutations.
        estimated_drop: rise of the expected error over the week, in shares; only with
            0.05 or more can a move be HIGH, for a move alone harms nobody.
        p_limit: largest p-value of a drift.
        smallest_distance: smallest `ks` of a drift; less is a move nobody cares about.
        min_events: fewest events on either side.

    Raises:
        InvalidInput: shapes that do not fit, or negative counts.
        NotReady: too few events on days of the same weekdays.
    """
    days = _paired_days(reference, current, reference_weekdays, current_weekdays)
    ref = days.counts[~days.is_current].sum(axis=0)
    cur = days.counts[days.is_current].sum(axis=0)
    n_ref, n_cur = int(ref.sum()), int(cur.sum())
    if min(n_ref, n_cur) < max(min_events, 1):
        raise NotReady(f"score drift: {n_ref} and {n_cur} events, needed {min_events} on each side")
    ks = ks_distance(ref, cur)
    p_value = _permutation_p_value(days, ks, rng)
    drifted = p_value <= p_limit and ks >= smallest_distance
    return ScoreDrift(
        ks=ks,
        p_value=p_value,
        raw_p_value=ks_p_value(ks, n=n_ref, m=n_cur),
        psi=psi(ref, cur),
        n_reference=n_ref,
        n_current=n_cur,
        drifted=drifted,
        severity=_severity(ks, estimated_drop) if drifted else Severity.INFO,
    )


def psi(reference: IntArray, current: IntArray) -> float:
    """
    Return the population stability index over ten equal groups of the reference.

    Half an event is added to each group, so that an empty one is not infinitely far. It is
    shown as a size and never tested: without drift it grows as the events get fewer.

    Args:
        reference: events a bin, shape (B,); groups are cut where its cumulative share
            passes 0.1, 0.2, ... 0.9, so a bin is never split.
        current: as `reference`.

    >>> psi(np.array([10, 10, 10, 10]), np.array([10, 10, 10, 10]))
    0.0
    """
    below = (reference.cumsum() - reference / 2) / reference.sum()
    group = np.minimum((below * PSI_GROUPS).astype(np.int64), PSI_GROUPS - 1)
    # Bins without a reference event belong to a neighbour's group; used groups are renumbered.
    _, place = np.unique(group, return_inverse=True)
    p = _smoothed(np.bincount(place, weights=reference))
    q = _smoothed(np.bincount(place, weights=current))
    return float(((q - p) * np.log(q / p)).sum())


def benjamini_hochberg(p_values: npt.ArrayLike, *, q: float = P_LIMIT) -> BoolArray:
    """
    Return which of many tests are rejected so that at most a share q of those is false.

    Args:
        p_values: shape (n,), in [0, 1], any order.

    Source:
        Benjamini and Hochberg (1995), "Controlling the False Discovery Rate", JRSS B 57,
        289-300.

    >>> benjamini_hochberg([0.001, 0.4, 0.004, 0.03], q=0.01).tolist()
    [True, False, True, False]
    """
    p = np.asarray(p_values, dtype=np.float64)
    ordered = np.sort(p)
    passing = np.flatnonzero(ordered <= q * np.arange(1, len(p) + 1) / max(len(p), 1))
    return np.asarray(p <= (ordered[passing[-1]] if len(passing) else -1.0))


def persists(nights: Sequence[bool], *, needed: int = 2, among: int = 3) -> bool:
    """
    Return whether a finding held on enough of the last nights, the newest one last.

    >>> persists([True, False, True]), persists([True, False, False])
    (True, False)
    """
    return sum(nights[-among:]) >= needed


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of both sides: counts (N, B), weekday (N,), and which are current (N,)."""

    counts: IntArray
    weekday: IntArray
    is_current: BoolArray


def _paired_days(
    reference: IntArray,
    current: IntArray,
    reference_weekdays: Sequence[int],
    current_weekdays: Sequence[int],
) -> _Days:
    ref, cur = _checked("reference", reference), _checked("current", current)
    if ref.shape[1] != cur.shape[1]:
        raise InvalidInput(field="current", value=cur.shape, expected=f"{ref.shape[1]} bins")
    weekday = np.array([*reference_weekdays, *current_weekdays], dtype=np.int64)
    if len(reference_weekdays) != len(ref) or len(current_weekdays) != len(cur):
        raise InvalidInput(
            field="weekdays",
            value=(len(reference_weekdays), len(current_weekdays)),
            expected=f"one a day: {(len(ref), len(cur))}",
        )
    is_current = np.arange(len(weekday)) >= len(ref)
    both = np.isin(weekday, np.intersect1d(weekday[is_current], weekday[~is_current]))
    return _Days(np.concatenate([ref, cur])[both], weekday[both], is_current[both])


def _checked(name: str, counts: IntArray) -> IntArray:
    days = np.asarray(counts, dtype=np.int64)
    if days.ndim != 2 or (days.size and days.min() < 0):
        raise InvalidInput(
            field=name, value=days.shape, expected="counts of at least 0, by day and bin"
        )
    return days


def _permutation_p_value(days: _Days, ks: float, rng: np.random.Generator) -> float:
    """
    Return the p-value of a distance when days of one weekday may change places.

    Source:
        Besag and Clifford (1991), "Sequential Monte Carlo p-Values", Biometrika 78, 301-304:
        drawing ends with the 20th distance at least as large, and the p-value stays valid.
    """
    exceeded = 0
    for first in range(0, N_PERMUTATIONS, _AT_ONCE):
        n = min(_AT_ONCE, N_PERMUTATIONS - first)
        reached = _distances(days, _permuted(days, n, rng)) >= ks - _ROUNDING
        running = exceeded + reached.cumsum()
        if running[-1] >= STOP_AFTER:
            drawn = first + int(np.argmax(running >= STOP_AFTER)) + 1
            return STOP_AFTER / drawn
        exceeded = int(running[-1])
    return (1 + exceeded) / (1 + N_PERMUTATIONS)


def _permuted(days: _Days, n: int, rng: np.random.Generator) -> BoolArray:
    """Return n draws of which days are current, shape (n, N): as many of each weekday."""
    drawn = np.zeros((n, len(days.weekday)), dtype=np.bool_)
    for weekday in np.unique(days.weekday):
        members = np.flatnonzero(days.weekday == weekday)
        labels = np.tile(days.is_current[members], (n, 1))
        drawn[:, members] = rng.permuted(labels, axis=1)
    return drawn


def _distances(days: _Days, is_current: BoolArray) -> FloatArray:
    counts = days.counts.astype(np.float64)
    current = is_current.astype(np.float64) @ counts
    reference = counts.sum(axis=0) - current
    gap = _cumulative_shares(reference) - _cumulative_shares(current)
    return np.asarray(np.abs(gap).max(axis=1))


def _cumulative_shares(counts: FloatArray) -> FloatArray:
    totals = counts.sum(axis=1, keepdims=True)
    # A draw that leaves one side without events is as far apart as can be, not an error.
    return np.asarray(counts.cumsum(axis=1) / np.maximum(totals, 1.0))


def _severity(ks: float, estimated_drop: float) -> Severity:
    if ks < LARGE_DISTANCE:
        return Severity.LOW
    return Severity.HIGH if estimated_drop >= 0.05 else Severity.MEDIUM


def _smoothed(counts: npt.NDArray[np.floating | np.integer]) -> FloatArray:
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))
