"""
Which of many models stand out, and do they move together: e-values of their monitors.

E-values ask nothing of how models depend on each other: models of one site share its weather
and its reviewers, and what is said of them here holds all the same.
"""

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.drift.monitor import Monitor
from watchfloor.core.errors import InvalidInput

FALSE_SHARE = 0.10


def e_value_of(monitor: Monitor) -> float:
    """
    Return the evidence of one monitor as an e-value: at most 1 in the mean without a change.

    Each of its sums adds one bet an observation, so without a change its mean grows by at most
    one each time; divided by the observations since it began it stays below one. An alarm begins it
    anew.
    """
    return monitor.evidence / max(monitor.n, 1)


def e_bh(e_values: npt.ArrayLike, *, q: float = FALSE_SHARE) -> BoolArray:
    """
    Return which of many e-values stand out so that at most a share q of those is false.

    The k largest are named where the smallest of them reaches K / (q k) of all K.

    Args:
        e_values: shape (K,), at least 0, any order; infinite ones are certain.

    Raises:
        InvalidInput: an e-value is NaN or negative, or q is no share.

    Source:
        Wang and Ramdas (2022), "False Discovery Rate Control with E-values", JRSS B 84, 822-852;
        valid under any dependence.

    >>> e_bh([1.0, 40.0, 0.2, 25.0], q=0.1).tolist()
    [False, True, False, True]
    """
    values = _checked(e_values)
    if not 0 < q <= 1:
        raise InvalidInput(field="q", value=q, expected="a share in (0, 1]")
    ranked = np.sort(values)[::-1]
    enough = np.flatnonzero(ranked * q * np.arange(1, len(values) + 1) >= len(values))
    if not len(enough):
        return np.zeros(len(values), dtype=np.bool_)
    return np.asarray(values >= ranked[enough[-1]])


def together(e_values: npt.ArrayLike) -> float:
    """
    Return the e-value that all of them have moved by one cause; 0 of none.

    The mean of e-values is an e-value, however they depend on each other.

    >>> together([0.5, 3.5])
    2.0
    """
    values = _checked(e_values)
    return float(values.mean()) if len(values) else 0.0


def _checked(e_values: npt.ArrayLike) -> FloatArray:
    values = np.asarray(e_values, dtype=np.float64)
    fits = values >= 0
    if values.ndim != 1 or not fits.all():
        raise InvalidInput(
            field="e_values", value=values.tolist(), expected="numbers of at least 0"
        )
    return values
