"""Outcome intervals of many predictions at once, into memory that may be used again."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watchfloor.core import kernels
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.errors import InvalidInput
from watchfloor.core.kernels import Twin

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
    _refuse_unless_probabilities(p)
    found = _room(out, shape=(table.shape[1], 2, len(p)))
    if twin is None:
        twin = kernels.twin_for(fill_bounds, plain_s=PLAIN_S * len(p) * table.shape[1])
    if twin is Twin.COMPILED:
        kernels.compiled(fill_bounds)(p, borders, table, found)
    else:
        _fill_by_columns(p, tuple(borders.tolist()), table, found)
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


def fill_bounds(p: FloatArray, edges: FloatArray, table: FloatArray, found: FloatArray) -> None:
    """
    Fill in the bounds of each score in one pass; the loop that `kernels` compiles.

    Args:
        p: scores, shape (n,).
        edges: borders between the bins, shape (bins - 1,).
        table: half-widths, shape (bins, levels).
        found: filled in, shape (levels, 2, n).
    """
    for i in range(len(p)):
        score, where = p[i], 0
        for j in range(len(edges)):
            where += score >= edges[j]
        for level in range(table.shape[1]):
            half_width = table[where, level]
            found[level, 0, i] = max(score - half_width, 0.0)
            found[level, 1, i] = min(score + half_width, 1.0)


def _refuse_unless_probabilities(p: FloatArray) -> None:
    # Two passes where all fit, which NaN does not: it is the least and the greatest of any.
    if len(p) and not (p.min() >= 0 and p.max() <= 1):
        first = int(np.argmin((p >= 0) & (p <= 1)))
        raise InvalidInput(
            field=f"scores[{first}]", value=float(p[first]), expected="a number in [0, 1]"
        )


def _room(out: FloatArray | None, *, shape: tuple[int, int, int]) -> FloatArray:
    if out is None:
        return np.empty(shape)
    if out.shape != shape or out.dtype != np.float64:
        raise InvalidInput(
            field="out", value=f"{out.dtype} of shape {out.shape}", expected=f"float64 of {shape}"
        )
    return out
