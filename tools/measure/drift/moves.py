"""Years of features, and what the nightly check and the original rule make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.drift.effect_sizes import chi_square_p_value
from watchfloor.core.drift.histograms import DayHistogram, DayHistograms
from watchfloor.core.drift.ks import ks_distance, ks_p_value
from watchfloor.core.drift.severity import Severity
from watchfloor.core.drift.statistical import (
    Move,
    judge_moves,
    measure_moves,
    permutations_for,
    persists,
    severity_of_move,
)

CURRENT, REFERENCE, GAP = 7, 28, 28
NEEDED = CURRENT + GAP + REFERENCE
ORIGINAL_FIRST, ORIGINAL_LAST, ORIGINAL_LEVEL = 60, 30, 0.01


@dataclass(frozen=True, slots=True)
class Days:
    """
    Features by day in frozen bins.

    Args:
        counts: by name, shape (days, bins).
        centers: by name; None for words.
        weekdays: 0 for Monday, shape (days,).
    """

    counts: Mapping[str, IntArray]
    centers: Mapping[str, FloatArray | None]
    weekdays: IntArray

    def __len__(self) -> int:
        return len(self.weekdays)

    def resampled(self, n_days: int, rng: np.random.Generator) -> "Days":
        """Return whole days drawn with replacement, each for a day of its own weekday."""
        weekdays = np.arange(n_days) % 7
        of = [np.flatnonzero(self.weekdays == weekday) for weekday in range(7)]
        picked = np.array([rng.choice(of[weekday]) for weekday in weekdays])
        return self.at(picked, weekdays)

    def shuffled(self, rng: np.random.Generator) -> "Days":
        """Return all days in another order, each on a day of its own weekday."""
        order = np.arange(len(self))
        for weekday in range(7):
            members = np.flatnonzero(self.weekdays == weekday)
            order[members] = rng.permutation(members)
        return self.at(order, self.weekdays)

    def at(self, picked: IntArray, weekdays: IntArray) -> "Days":
        """Return some days, on the weekdays that are told."""
        counts = {name: one[picked] for name, one in self.counts.items()}
        return Days(counts, self.centers, weekdays)


@dataclass(frozen=True, slots=True)
class Nights:
    """
    What a year of nights came to.

    Args:
        alarm_nights: nights on which something was said to have moved.
        episodes: runs of such nights; `medium` of them were MEDIUM or worse at some time.
        first: the first night that alarmed, as the number of its day; None without one.
    """

    alarm_nights: int
    episodes: int
    medium: int
    first: int | None


def drawn_days(
    n_days: int,
    *,
    n_features: int,
    events: int,
    rng: np.random.Generator,
    by_weekday: float = 0.0,
    shock: float = 0.0,
    shift: float = 0.0,
    shifted_from: int = 10**9,
    bins: int = 64,
) -> Days:
    """
    Return features that are normal, in bins of equal share.

    Args:
        events: of a day.
        by_weekday: how far weekdays lie apart, in standard deviations of an event.
        shock: standard deviation of what the events of one day share.
        shift: move of every feature from the day `shifted_from` on.
    """
    weekdays = np.arange(n_days) % 7
    edges = np.quantile(rng.normal(size=20_000), np.arange(1, bins) / bins)
    centers = np.concatenate([[edges[0]], (edges[1:] + edges[:-1]) / 2, [edges[-1]]])
    pattern = by_weekday * np.linspace(-1, 1, 7)
    moved = np.where(np.arange(n_days) >= shifted_from, shift, 0.0)
    counts = {}
    for k in range(n_features):
        means = pattern[weekdays] + shock * rng.normal(size=n_days) + moved
        values = rng.normal(means[:, None], 1.0, (n_days, events))
        places = np.searchsorted(edges, values)
        counts[f"x{k}"] = np.array([np.bincount(row, minlength=bins) for row in places])
    return Days(counts, dict.fromkeys(counts, centers), weekdays)


def same_law(
    per_week: int, *, rng: np.random.Generator, n_features: int = 8, luck: float = 0.05
) -> Days:
    """
    Return one night's days with as many events a week, of one law, drawn as counts.

    Args:
        luck: standard deviation of what a day's events share, in those of an event.
    """
    quantiles = special.ndtri(np.arange(1, 64) / 64)
    counts = {}
    for k in range(n_features):
        means = luck * rng.normal(size=(NEEDED, 1))
        below = special.ndtr(quantiles - means)
        shares = np.diff(below, prepend=0.0, append=1.0, axis=1)
        counts[f"x{k}"] = rng.multinomial(per_week // 7, shares)
    return Days(counts, dict.fromkeys(counts, np.arange(64.0)), np.arange(NEEDED) % 7)


def ours(days: Days, *, rng: np.random.Generator) -> Nights:
    """Return what the nightly check says, persistence and severity included."""
    return _counted([max(named.values(), default=None) for named in named_by_night(days, rng=rng)])


def named_by_night(
    days: Days, *, rng: np.random.Generator, first: int = NEEDED
) -> list[dict[str, Severity]]:
    """Return what is named on each night, with its severity; the first is after `first` days."""
    held: list[set[str]] = [set(), set()]
    named: list[dict[str, Severity]] = []
    for at in range(first, len(days) + 1):
        moves = night(days, at, rng=rng)
        held.append({move.name for move in moves if move.drifted})
        before = set(named[-1]) if named else set()
        named.append(
            {
                move.name: severity_of_move(move.excess)
                for move in moves
                if _is_named(move.name, held[-3:], before)
            }
        )
    return named


def night(days: Days, end: int, *, rng: np.random.Generator) -> Sequence[Move]:
    """Return the moves of the week before day `end`, judged."""
    current = slice(end - CURRENT, end)
    reference = slice(end - NEEDED, end - CURRENT - GAP)
    moves = measure_moves(
        DayHistograms.of(
            {
                name: DayHistogram(counts[reference], counts[current], days.centers[name])
                for name, counts in days.counts.items()
            }
        ),
        reference_weekdays=days.weekdays[reference].tolist(),
        current_weekdays=days.weekdays[current].tolist(),
        rng=rng,
        n_permutations=permutations_for(len(days.counts)),
    )
    return judge_moves(moves)


def _is_named(name: str, nights: Sequence[set[str]], before: set[str]) -> bool:
    """Return whether it held on two of three nights, or was named and still goes on."""
    seen = [name in each for each in nights]
    return persists(seen) or (name in before and any(seen))


def original(days: Days) -> Nights:
    """Return what the original rule says: any p below 0.01, 30 to 60 days ago against a week."""
    worst = [
        Severity.HIGH if _original_p(days, at) < ORIGINAL_LEVEL else None
        for at in range(NEEDED, len(days) + 1)
    ]
    return _counted(worst)


def _original_p(days: Days, end: int) -> float:
    found = []
    for name, counts in days.counts.items():
        before = counts[end - ORIGINAL_FIRST : end - ORIGINAL_LAST].sum(axis=0)
        now = counts[end - CURRENT : end].sum(axis=0)
        if days.centers[name] is None:
            found.append(chi_square_p_value(before, now))
        else:
            d = ks_distance(before, now)
            found.append(ks_p_value(d, n=int(before.sum()), m=int(now.sum())))
    return min(found)


def _counted(worst: Sequence[Severity | None]) -> Nights:
    runs: list[Severity] = []
    for before, now in zip([None, *worst], worst, strict=False):
        if now is not None and before is None:
            runs.append(now)
        elif now is not None:
            runs[-1] = max(runs[-1], now)
    alarmed = [k for k, one in enumerate(worst) if one is not None]
    return Nights(
        alarm_nights=len(alarmed),
        episodes=len(runs),
        medium=sum(one >= Severity.MEDIUM for one in runs),
        first=NEEDED + alarmed[0] if alarmed else None,
    )
