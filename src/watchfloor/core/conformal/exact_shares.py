"""Shares as an operator typed them and weights as they are, without rounding."""

from fractions import Fraction

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput

_HALF = 26
_MANTISSA = 53


def share_of(value: float, *, field: str) -> Fraction:
    """
    Return a share in (0, 1) as the exact fraction its shortest decimal says.

    Raises:
        InvalidInput: not a number in (0, 1); `field` names it.

    >>> share_of(0.3, field="eps")
    Fraction(3, 10)
    """
    if not 0 < value < 1:  # NaN fails this too
        raise InvalidInput(field=field, value=value, expected="a number in (0, 1)")
    return Fraction(repr(float(value)))


def exact_sum(values: FloatArray) -> Fraction:
    """
    Return the sum of finite floats without any rounding.

    A float is a whole number times a power of two; whole numbers of one power are summed in
    two halves, so that no sum leaves 64 bits.

    >>> exact_sum(np.array([0.1] * 10)) == 10 * Fraction(0.1)
    True
    """
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, _MANTISSA).astype(np.int64)
    total = Fraction(0)
    for exponent in np.unique(exponents).tolist():
        of_power = whole[exponents == exponent]
        high, low = of_power >> _HALF, of_power & ((1 << _HALF) - 1)
        total += Fraction(2) ** (exponent - _MANTISSA) * (
            (int(high.sum()) << _HALF) + int(low.sum())
        )
    return total
