"""Outcome intervals of many predictions at once, into memory that may be used again."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchfloor.core import kernels
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.bounds_line import LINE, stream_line, write_line
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.errors import InvalidInput
from watchfloor.core.kernels import Twin

BLOCK = 512
"""Scores whose bins the compiled loop looks up at a time."""

HUGE_PAGE = 2**21 // 8
"""Numbers in a huge page of the system, two megabytes."""

CHUNK = 8192
"""Scores worked on at a time, so that what lies between two steps stays in the cache."""

PLAIN_S = 1e-7
"""About how long the plain twin takes for one score."""


def outcome_bounds_many(
    scores: npt.ArrayLike,
    *,
    edges: Sequence[float],
    quantiles: Sequence[Sequence[float]],
    out: FloatArray | None = None,
    twin: Twin | None = None,
) -> FloatArray:
    """
    Return the outcome intervals of many scores, as `Calibration.outcome_bounds_all` does of one.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), any order.
        edges: borders between the bins, ascending; none where one quantile holds for all.
        quantiles: half-widths of each bin, one for each level; infinite where it is too small.
        out: shape (levels, 2, n); filled in and returned where it is given. New memory costs
            more than the work itself.
        twin: plain or compiled, with the same result; None takes the one that is done first.

    Returns:
        Lower bounds in [:, 0] and upper bounds in [:, 1], cut to [0, 1].

    Raises:
        InvalidInput: a score is NaN or outside [0, 1], there is not one row of quantiles for
            each bin, or `out` has another shape.

    >>> outcome_bounds_many([0.25, 0.75], edges=(0.5,), quantiles=[[0.25], [0.5]]).tolist()
    [[[0.0, 0.25], [0.5, 1.0]]]
    """
    p = np.ascontiguousarray(scores, dtype=np.float64)
    borders, table = np.array(edges, dtype=np.float64), np.array(quantiles, dtype=np.float64)
    if table.ndim != 2 or len(table) != len(borders) + 1:
        raise InvalidInput(
            field="quantiles", value=f"{len(table)} rows", expected=f"{len(borders) + 1} rows"
        )
    found = _room(out, shape=(table.shape[1], 2, len(p)))
    if twin is None:
        twin = kernels.twin_for(fill_bounds, plain_s=PLAIN_S * len(p) * table.shape[1])
    if twin is Twin.PLAIN or not found.flags.c_contiguous:
        _refuse_unless_probabilities(p)
        _fill_by_columns(p, tuple(borders.tolist()), table, found)
        return found
    past_cache = len(p) % LINE == 0
    if not kernels.compiled(fill_bounds)(p, borders, table, found.reshape(-1), past_cache):
        _refuse_unless_probabilities(p)
    return found


def _fill_by_columns(
    p: FloatArray, edges: tuple[float, ...], table: FloatArray, found: FloatArray
) -> None:
    for start in range(0, len(p), CHUNK):
        part = slice(start, start + CHUNK)
        where = bin_of(p[part], edges) if edges else 0
        for quantile, (lower, upper) in zip(table.T, found[:, :, part], strict=True):
            half_width = quantile[where]
            np.subtract(p[part], half_width, out=lower)
            np.maximum(lower, 0.0, out=lower)
            np.add(p[part], half_width, out=upper)
            np.minimum(upper, 1.0, out=upper)


def fill_bounds(
    p: FloatArray, edges: FloatArray, table: FloatArray, flat: FloatArray, past_cache: bool
) -> bool:
    """
    Fill in the bounds of all scores; the loop that `kernels` compiles.

    Args:
        p: scores, shape (n,).
        edges: borders between the bins, shape (bins - 1,).
        table: half-widths, shape (bins, levels).
        flat: filled in: n lower and n upper bounds of each level, one row after another.
        past_cache: whether n is a multiple of a line of memory, so that the lines of all rows
            begin at the same scores.

    Returns:
        False, with nothing filled in, where a score is no probability.
    """
    n, levels, fits = len(p), table.shape[1], True
    for i in range(n):
        fits &= (p[i] >= 0.0) & (p[i] <= 1.0)
    if not fits:
        return False
    half_widths = np.empty(levels * BLOCK)
    for j in range(levels * BLOCK):
        half_widths[j] = table[0, j // BLOCK]
    start = -(flat.ctypes.data // 8) % LINE if past_cache else 0
    _fill_each(p, 0, min(start, n), edges, table, flat)
    while start + LINE <= n:
        lines = min(BLOCK, n - start) // LINE
        if len(edges) > 0:
            _look_up(p, start, lines * LINE, edges, table, half_widths)
        if past_cache:
            _stream(p, start, half_widths, lines, levels, flat)
        else:
            _write(p, start, half_widths, lines, levels, flat)
        start += lines * LINE
    _fill_each(p, start, n, edges, table, flat)
    return True


def _stream(
    p: FloatArray, start: int, half_widths: FloatArray, lines: int, levels: int, flat: FloatArray
) -> None:
    n = len(p)
    for at in range(0, lines * LINE, LINE):
        for level in range(levels):
            lower = 2 * level * n + start + at
            stream_line(p, start + at, half_widths, level * BLOCK + at, flat, lower, lower + n)


def _write(
    p: FloatArray, start: int, half_widths: FloatArray, lines: int, levels: int, flat: FloatArray
) -> None:
    n = len(p)
    for at in range(0, lines * LINE, LINE):
        for level in range(levels):
            lower = 2 * level * n + start + at
            write_line(p, start + at, half_widths, level * BLOCK + at, flat, lower, lower + n)


def _look_up(
    p: FloatArray,
    start: int,
    n: int,
    edges: FloatArray,
    table: FloatArray,
    half_widths: FloatArray,
) -> None:
    for i in range(n):
        bin_ = _bin_of_one(p[start + i], edges)
        for level in range(table.shape[1]):
            half_widths[level * BLOCK + i] = table[bin_, level]


def _fill_each(
    p: FloatArray, start: int, stop: int, edges: FloatArray, table: FloatArray, flat: FloatArray
) -> None:
    n = len(p)
    for i in range(start, stop):
        bin_ = _bin_of_one(p[i], edges)
        for level in range(table.shape[1]):
            lower, half_width = 2 * level * n + i, table[bin_, level]
            flat[lower] = max(p[i] - half_width, 0.0)
            flat[lower + n] = min(p[i] + half_width, 1.0)


def _bin_of_one(score: float, edges: FloatArray) -> int:
    bin_ = 0
    for j in range(len(edges)):
        bin_ += score >= edges[j]
    return bin_


def _refuse_unless_probabilities(p: FloatArray) -> None:
    # Two passes where all fit, which NaN does not: it is the least and the greatest of any.
    if len(p) and not (p.min() >= 0 and p.max() <= 1):
        first = int(np.argmin((p >= 0) & (p <= 1)))
        raise InvalidInput(
            field=f"scores[{first}]", value=float(p[first]), expected="a number in [0, 1]"
        )


def _room(out: FloatArray | None, *, shape: tuple[int, int, int]) -> FloatArray:
    if out is None:
        return _new_room(shape)
    if out.shape != shape or out.dtype != np.float64:
        raise InvalidInput(
            field="out", value=f"{out.dtype} of shape {out.shape}", expected=f"float64 of {shape}"
        )
    return out


def _new_room(shape: tuple[int, int, int]) -> FloatArray:
    size = math.prod(shape)
    if size < HUGE_PAGE:
        return np.empty(shape)
    # From the border of a huge page on, the system clears a few large pages, not many small.
    raw = np.empty(size + HUGE_PAGE)
    begin = -(raw.ctypes.data // raw.itemsize) % HUGE_PAGE
    return raw[begin : begin + size].reshape(shape)
