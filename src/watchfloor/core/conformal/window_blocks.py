"""
A window of scores as a table of sorted blocks: the loops that `kernels` compiles.

Block b holds the scores from its border up to below the next; a score that equals several
borders goes to the last of them. Where a block is full, all are spread anew.
"""

import math
from typing import NamedTuple

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray

BLOCK = 256
"""Scores a block has room for; half of them after all were spread anew."""


class Blocks(NamedTuple):
    """
    The table.

    Args:
        ring: the scores in the order of arrival, shape (size,).
        rows: the blocks, each ascending, shape (blocks, BLOCK).
        counts: scores in each block, shape (blocks,).
        borders: least score of each block, ascending, shape (blocks,).
        place: how many scores there are, and where in the ring the next one goes.
    """

    ring: FloatArray
    rows: FloatArray
    counts: IntArray
    borders: FloatArray
    place: IntArray


def new_blocks(size: int) -> Blocks:
    """Return an empty table for `size` scores."""
    n_blocks = 1 + 2 * size // BLOCK
    borders = np.full(n_blocks, math.inf)
    borders[0] = -math.inf
    return Blocks(
        ring=np.empty(size),
        rows=np.empty((n_blocks, BLOCK)),
        counts=np.zeros(n_blocks, dtype=np.int64),
        borders=borders,
        place=np.zeros(2, dtype=np.int64),
    )


def push_scores(
    scores: FloatArray,
    levels: IntArray,
    ring: FloatArray,
    rows: FloatArray,
    counts: IntArray,
    borders: FloatArray,
    place: IntArray,
    found: FloatArray,
) -> None:
    """
    Push scores one after another and fill in the conformal quantiles after each.

    Args:
        scores: shape (n,), finite.
        levels: numerator and denominator of each level, shape (levels, 2).
        ring, rows, counts, borders, place: the fields of `Blocks`.
        found: filled in, shape (n, levels).
    """
    for i in range(len(scores)):
        n, at = place[0], place[1]
        if n == len(ring):
            _remove(ring[at], rows, counts, borders)
        else:
            place[0] = n + 1
        ring[at] = scores[i]
        place[1] = at + 1 if at + 1 < len(ring) else 0
        _insert(scores[i], rows, counts, borders)
        for j in range(len(levels)):
            # The rank in whole numbers, as `conformal_rank` has it.
            k = -(-(place[0] + 1) * levels[j, 0] // levels[j, 1])
            found[i, j] = _ranked(k, place[0], rows, counts)


def _insert(score: float, rows: FloatArray, counts: IntArray, borders: FloatArray) -> None:
    b = _block_of(score, borders)
    if counts[b] == rows.shape[1]:
        _spread(rows, counts, borders)
        b = _block_of(score, borders)
    row, n = rows[b], counts[b]
    at = _first_not_below(score, row, n)
    for i in range(n, at, -1):
        row[i] = row[i - 1]
    row[at] = score
    counts[b] = n + 1


def _remove(score: float, rows: FloatArray, counts: IntArray, borders: FloatArray) -> None:
    b = _block_of(score, borders)
    # Equal scores may have been spread over several blocks.
    while counts[b] == 0 or rows[b, 0] > score:
        b -= 1
    row, n = rows[b], counts[b] - 1
    for i in range(_first_not_below(score, row, n), n):
        row[i] = row[i + 1]
    counts[b] = n


def _block_of(score: float, borders: FloatArray) -> int:
    low, high = 0, len(borders)
    while high - low > 1:
        middle = (low + high) // 2
        if borders[middle] <= score:
            low = middle
        else:
            high = middle
    return low


def _first_not_below(score: float, row: FloatArray, n: int) -> int:
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if row[middle] < score:
            low = middle + 1
        else:
            high = middle
    return low


def _spread(rows: FloatArray, counts: IntArray, borders: FloatArray) -> None:
    every = np.empty(len(counts) * rows.shape[1])
    n = 0
    for b in range(len(counts)):
        for i in range(counts[b]):
            every[n + i] = rows[b, i]
        n += counts[b]
    done = 0
    for b in range(len(counts)):
        counts[b] = (n - done) // (len(counts) - b)
        if b > 0:
            borders[b] = every[done] if done < n else np.inf
        for i in range(counts[b]):
            rows[b, i] = every[done + i]
        done += counts[b]


def _ranked(k: int, n: int, rows: FloatArray, counts: IntArray) -> float:
    """Return the k-th smallest score; levels are high, so that the way from the top is short."""
    if k > n:
        return np.inf
    b, above = len(counts), n - k + 1
    while above > 0:
        b -= 1
        above -= counts[b]
    return float(rows[b, -above])
