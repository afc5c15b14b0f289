"""Counts of outcomes, and the rates they show with their exact intervals; unknown is not clean."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
from scipy import special

from watchfloor.core.arrays import BoolArray, IntArray
from watchfloor.core.conformal.probability_bins import clopper_pearson

LEVEL = Fraction(95, 100)
_TAIL = float((1 - LEVEL) / 2)


@dataclass(frozen=True, slots=True)
class Share:
    """
    k of n cases, with the exact 95 % interval of the share behind them.

    >>> Share(9, 10).value, round(Share(9, 10).lower, 3), Share(0, 0).value
    (0.9, 0.555, None)
    """

    k: int
    n: int

    @property
    def value(self) -> float | None:
        """The share; None where no case is known."""
        return self.k / self.n if self.n else None

    @property
    def lower(self) -> float:
        """Lower end by Clopper and Pearson; 0 where no case is known."""
        return clopper_pearson(self.k, self.n, level=LEVEL)[0]

    @property
    def upper(self) -> float:
        """Upper end by Clopper and Pearson; 1 where no case is known."""
        return clopper_pearson(self.k, self.n, level=LEVEL)[1]


@dataclass(frozen=True, slots=True)
class PerDay:
    """
    n cases in some days, with the exact 95 % interval of their mean a day.

    The interval takes cases for independent; where one thing brings many at once, days differ
    by more than it says.

    Source:
        Garwood (1936), Biometrika 28, 437-442: the interval of a Poisson mean, in its gamma form.

    >>> PerDay(20, 10).value, round(PerDay(20, 10).lower, 2), round(PerDay(20, 10).upper, 2)
    (2.0, 1.22, 3.09)
    """

    n: int
    days: int

    @property
    def value(self) -> float:
        """The mean a day."""
        return self.n / self.days

    @property
    def lower(self) -> float:
        """Lower end of the interval."""
        return float(special.gammaincinv(self.n, _TAIL)) / self.days if self.n else 0.0

    @property
    def upper(self) -> float:
        """Upper end of the interval."""
        return float(special.gammainccinv(self.n + 1, _TAIL)) / self.days


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Predictions that share one fate, by what became of them.

    Args:
        clean, event: known outcomes.
        unknown: no outcome yet, and never counted as clean.
    """

    clean: int = 0
    event: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, rows: BoolArray, *, clean: IntArray, event: IntArray, unknown: IntArray) -> Self:
        """Return the sum of some rows of counts."""
        return cls(*(int(np.dot(rows, each)) for each in (clean, event, unknown)))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.clean + other.clean, self.event + other.event, self.unknown + other.unknown
        )

    @property
    def known(self) -> int:
        """Predictions whose outcome is known."""
        return self.clean + self.event

    @property
    def n(self) -> int:
        """All of them."""
        return self.known + self.unknown

    @property
    def unlabelled(self) -> float | None:
        """Share without an outcome; None where there is nothing."""
        return self.unknown / self.n if self.n else None

    @property
    def true_share(self) -> Share:
        """Events among the known: precision, where these were acted on."""
        return Share(self.event, self.known)

    @property
    def false_share(self) -> Share:
        """Clean ones among the known: the false discovery rate, where these were acted on."""
        return Share(self.clean, self.known)
