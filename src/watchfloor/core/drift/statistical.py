"""
Have scores or features moved: judged by days, by the size of the move, and all together.

Each night many histograms are asked at once, so a share q of false answers is allowed over
all of them; a move too small to care about is none however certain, and one night is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, IntArray
from watchfloor.core.drift.day_blocks import (
    N_PERMUTATIONS,
    DayBlocks,
    pair_days,
    try_permutations,
)
from watchfloor.core.drift.effect_sizes import (
    chi_square_p_value,
    psi,
    psi_of_groups,
    total_variation,
    wasserstein_in_sd,
)
from watchfloor.core.drift.histograms import Batch, DayHistograms
from watchfloor.core.drift.ks import ks_distance, ks_p_value
from watchfloor.core.drift.severity import Severity
from watchfloor.core.errors import InvalidInput, NotReady

FALSE_SHARE = 0.01
SMALLEST_DISTANCE = 0.10
LARGE_DISTANCE = 0.25
HARMFUL_DROP = 0.05
MIN_EVENTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """
    How the last week of one histogram differs from its reference.

    Args:
        ks: largest distance between the cumulative shares, in [0, 1], for words between the
            shares of any set of them: the size of the move.
        p_value: by permuting days within their weekday; this one decides.
        usual_ks: how far apart such days are by themselves: the median over the permutations.
        raw_p_value: as if events were independent; stored for comparison only.
        psi: population stability index; over ten equal groups of the reference, or words.
        wasserstein_sd: mean move of a value in standard deviations; None where it has none.
        n_reference: events compared, and `n_current` those of the week.
        drifted: rejected among all that were asked, and large enough to care about.
    """

    name: str
    ks: float
    p_value: float
    raw_p_value: float
    psi: float
    wasserstein_sd: float | None
    n_reference: int
    n_current: int
    usual_ks: float = 0.0
    drifted: bool = False

    @property
    def excess(self) -> float:
        """How much further it moved than such days do by themselves; what weighs a move."""
        return max(0.0, self.ks - self.usual_ks)


def measure_moves(
    histograms: DayHistograms,
    *,
    reference_weekdays: Sequence[int],
    current_weekdays: Sequence[int],
    rng: np.random.Generator,
    n_permutations: int = N_PERMUTATIONS,
    min_events: int = MIN_EVENTS,
) -> tuple[Move, ...]:
    """
    Measure how far each histogram's week lies from its reference; `judge_moves` decides.

    Days whose weekday stands on one side only are left out; take holidays out beforehand.

    Args:
        histograms: 28 days ending 28 days before the week are the nightly reference.
        reference_weekdays: weekday of each reference day, 0 for Monday, shape (D,).
        current_weekdays: weekday of each current day.
        rng: draws the permutations.
        n_permutations: the most that are drawn; see `permutations_for`.
        min_events: fewest events on either side.

    Raises:
        InvalidInput: shapes that do not fit, or negative counts.
        NotReady: too few events on days of the same weekdays.
    """
    blocks = pair_days(reference_weekdays=reference_weekdays, current_weekdays=current_weekdays)
    n_days = len(histograms.reference), len(histograms.current)
    if n_days != (len(reference_weekdays), len(current_weekdays)):
        raise InvalidInput(field="weekdays", value=n_days, expected="one a day on each side")
    counts = np.concatenate([histograms.reference, histograms.current])[blocks.kept]
    batches = histograms.batches()
    sizes: dict[str, Mapping[str, Any]] = {}
    for batch in batches:
        sizes |= _sizes(batch, counts, blocks, min_events)
    tried = try_permutations(
        batches,
        counts,
        blocks,
        distances={name: size["ks"] for name, size in sizes.items()},
        rng=rng,
        n_permutations=n_permutations,
    )
    return tuple(
        Move(name=name, p_value=tried[name].p_value, usual_ks=tried[name].usual, **sizes[name])
        for name in histograms.places
    )


def judge_moves(
    moves: Iterable[Move],
    *,
    q: float = FALSE_SHARE,
    smallest_distance: float = SMALLEST_DISTANCE,
) -> tuple[Move, ...]:
    """
    Say which of all histograms asked in one night have moved.

    Args:
        moves: of every feature and of the score: the family over which q is allowed.
        q: share of false ones among those said to have moved.
        smallest_distance: less is a move nobody cares about.
    """
    asked = tuple(moves)
    rejected = benjamini_hochberg([move.p_value for move in asked], q=q)
    return tuple(
        replace(move, drifted=bool(said) and move.ks >= smallest_distance)
        for move, said in zip(asked, rejected, strict=True)
    )


def permutations_for(n_histograms: int, *, q: float = FALSE_SHARE) -> int:
    """
    Return how many draws let one histogram of many be rejected alone.

    With 1,999 draws no p-value is below 0.0005, which at q = 0.01 is too much among 21.

    >>> permutations_for(8), permutations_for(50)
    (1999, 4999)
    """
    return max(N_PERMUTATIONS, int(np.ceil(n_histograms / q - 1e-9)) - 1)


def severity_of_move(
    excess: float, *, score_moved: bool = False, estimated_drop: float = 0.0
) -> Severity:
    """
    Return how bad a move is: a move alone harms nobody, so it is never CRITICAL.

    Args:
        excess: the size of the move beyond what its days differ by themselves. Weather is one
            value a day: seven days of it lie 0.3 from 28 others without any change, so the
            bare distance called every chance finding MEDIUM.
        score_moved: whether the scores moved with it.
        estimated_drop: rise of the expected error over the week, in shares.

    >>> severity_of_move(0.3).value, severity_of_move(0.3, score_moved=True).value
    ('MEDIUM', 'HIGH')
    """
    if excess < LARGE_DISTANCE:
        return Severity.LOW
    harmful = score_moved or estimated_drop >= HARMFUL_DROP
    return Severity.HIGH if harmful else Severity.MEDIUM


def benjamini_hochberg(p_values: npt.ArrayLike, *, q: float = FALSE_SHARE) -> BoolArray:
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


def _sizes(
    batch: Batch, counts: IntArray, blocks: DayBlocks, min_events: int
) -> dict[str, Mapping[str, Any]]:
    """Return the sizes of the moves of a batch, as the fields of `Move`, by name."""
    ref = batch.of(counts[~blocks.is_current].sum(axis=0, dtype=np.int64))
    cur = batch.of(counts[blocks.is_current].sum(axis=0, dtype=np.int64))
    n, m = ref.sum(axis=1), cur.sum(axis=1)
    few = np.minimum(n, m) < max(min_events, 1)
    if few.any():
        i = int(few.argmax())
        raise NotReady(
            f"{batch.names[i]}: {n[i]} and {m[i]} events, needed {min_events} on each side"
        )
    columns = [each.tolist() for each in (*_columns(batch, ref, cur, n, m), n, m)]
    fields = ("ks", "raw_p_value", "psi", "wasserstein_sd", "n_reference", "n_current")
    return {
        name: dict(zip(fields, values, strict=True))
        for name, *values in zip(batch.names, *columns, strict=True)
    }


def _columns(
    batch: Batch, ref: IntArray, cur: IntArray, n: IntArray, m: IntArray
) -> tuple[npt.NDArray[Any], ...]:
    """Return distance, raw p-value, PSI and mean move of each histogram, each of shape (F,)."""
    if batch.centers is None:
        index = psi_of_groups(ref, cur, is_bin=batch.is_bin)
        return total_variation(ref, cur), chi_square_p_value(ref, cur), index, np.full(len(n), None)
    distances = ks_distance(ref, cur)
    far = wasserstein_in_sd(ref * batch.is_known, cur * batch.is_known, centers=batch.centers)
    moved = far.astype(object)
    moved[np.isnan(far)] = None
    index = psi(ref, cur, is_bin=batch.is_bin)
    return distances, ks_p_value(distances, n=n, m=m), index, moved
