"""Scores with their known outcomes, checked once before anything is fitted to them."""

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.errors import InvalidInput


def checked_pairs(scores: npt.ArrayLike, outcomes: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """
    Return scores and outcomes as columns of equal length.

    Args:
        scores: probabilities in [0, 1], shape (n,), any order.
        outcomes: 1 for an event, 0 for a clean one, shape (n,); what is unknown stays out.

    Raises:
        InvalidInput: unequal lengths, a score that is NaN or no probability, an outcome other
            than 0 and 1; the first one is named and none is dropped.

    >>> checked_pairs([0.1, 0.9], [0, 1])
    (array([0.1, 0.9]), array([0, 1]))
    """
    p = np.asarray(scores, dtype=np.float64)
    y = np.asarray(outcomes, dtype=np.float64)
    if p.ndim != 1 or p.shape != y.shape:
        raise InvalidInput(
            field="outcomes",
            value=f"shape {y.shape} beside scores of shape {p.shape}",
            expected="one outcome for each score",
        )
    p = checked_scores(p)
    _refuse("outcomes", y, (y == 0) | (y == 1), "0 or 1")
    return p, y.astype(np.int64)


def checked_scores(scores: npt.ArrayLike) -> FloatArray:
    """
    Return scores as a column.

    Raises:
        InvalidInput: a score that is NaN or no probability; the first one is named.

    >>> checked_scores([])
    array([], dtype=float64)
    """
    p = np.asarray(scores, dtype=np.float64)
    if p.ndim != 1:
        raise InvalidInput(field="scores", value=f"shape {p.shape}", expected="one column")
    _refuse("scores", p, (p >= 0) & (p <= 1), "a number in [0, 1]")
    return p


def _refuse(name: str, values: FloatArray, fits: npt.NDArray[np.bool_], expected: str) -> None:
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(field=f"{name}[{first}]", value=float(values[first]), expected=expected)
