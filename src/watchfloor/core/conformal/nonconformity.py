"""How unlike its prediction one outcome is: absolute, or in units of the difficulty."""

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.quantile import refuse_non_finite
from watchfloor.core.errors import InvalidInput


def absolute(outcomes: npt.ArrayLike, estimates: npt.ArrayLike) -> FloatArray:
    """
    Return |outcome - estimate|, in the unit of the outcome.

    Args:
        outcomes: shape (n,), finite.
        estimates: shape (n,), finite, in the unit of the outcomes.

    Raises:
        InvalidInput: unequal lengths, or a value that is NaN or infinite; it is named.

    >>> absolute([3.0, 5.0], [4.0, 4.5])
    array([1. , 0.5])
    """
    y, p = np.asarray(outcomes, dtype=np.float64), np.asarray(estimates, dtype=np.float64)
    _refuse_unlike("estimates", p, y)
    refuse_non_finite(y, name="outcomes")
    refuse_non_finite(p, name="estimates")
    return np.abs(y - p)


def normalised(
    outcomes: npt.ArrayLike, estimates: npt.ArrayLike, sigmas: npt.ArrayLike, *, floor: float
) -> FloatArray:
    """
    Return |outcome - estimate| / max(sigma, floor), without a unit.

    Args:
        outcomes: shape (n,), finite.
        estimates: shape (n,), finite, in the unit of the outcomes.
        sigmas: how difficult each prediction is taken to be, shape (n,), not negative, in the
            unit of the outcomes; from the model, never from these outcomes.
        floor: least difficulty, above 0, in the same unit; one tiny sigma would otherwise make
            every interval huge.

    Raises:
        InvalidInput: what `absolute` refuses, a sigma that is no difficulty, or a floor of 0.

    Source:
        Papadopoulos, Gammerman & Vovk (2008), "Normalized nonconformity measures for
        regression Conformal Prediction", AIA.

    >>> normalised([3.0, 5.0], [4.0, 4.5], [2.0, 0.0], floor=0.1)
    array([0.5, 5. ])
    """
    distances = absolute(outcomes, estimates)
    return distances / difficulty(sigmas, floor=floor, like=distances)


def difficulty(sigmas: npt.ArrayLike, *, floor: float, like: FloatArray) -> FloatArray:
    """
    Return max(sigma, floor) for each row of `like`.

    Raises:
        InvalidInput: unequal lengths, a sigma that is NaN, infinite or negative, a floor of 0.

    >>> difficulty([2.0, 0.0], floor=0.1, like=np.zeros(2))
    array([2. , 0.1])
    """
    if not 0 < floor < np.inf:
        raise InvalidInput(field="floor", value=floor, expected="a finite number above 0")
    of_row = np.asarray(sigmas, dtype=np.float64)
    _refuse_unlike("sigmas", of_row, like)
    refuse_non_finite(of_row, name="sigmas")
    if (of_row < 0).any():
        first = int(np.argmax(of_row < 0))
        raise InvalidInput(
            field=f"sigmas[{first}]", value=float(of_row[first]), expected="a number from 0 on"
        )
    return np.maximum(of_row, floor)


def _refuse_unlike(name: str, values: FloatArray, like: FloatArray) -> None:
    if values.ndim != 1 or values.shape != like.shape:
        raise InvalidInput(
            field=name,
            value=f"shape {values.shape}",
            expected=f"one for each outcome, shape {like.shape}",
        )
