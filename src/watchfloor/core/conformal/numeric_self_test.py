"""Whether estimates that came later fell where the earlier ones say: older half against newer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import special

from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.conformal.quantile import LEVELS, level_of

ALPHA = 0.01
"""Chance that rows which are alike fail any of the checks."""


@dataclass(frozen=True, slots=True)
class LevelCheck:
    """
    One level of the older half, counted on the newer.

    Args:
        level: in percent.
        n: rows of the newer half.
        kept: how many of their outcomes lay inside.
        p_value: chance of so few, or fewer, if the rows are alike.
    """

    level: int
    n: int
    kept: int
    p_value: float


@dataclass(frozen=True, slots=True)
class NumericSelfTest:
    """
    What came of trying the older half on the newer: one check a level that could be promised.

    Rows of units are not tried: two halves of few units can tell nothing.
    """

    checks: tuple[LevelCheck, ...]

    @property
    def passed(self) -> bool | None:
        """True or False; None where nothing could be checked."""
        if not self.checks:
            return None
        return all(check.p_value > ALPHA / len(self.checks) for check in self.checks)

    def to_record(self) -> list[dict[str, Any]]:
        """Return the checks as plain values."""
        return [
            {"level": each.level, "n": each.n, "kept": each.kept, "p_value": each.p_value}
            for each in self.checks
        ]

    @classmethod
    def from_record(cls, record: list[Mapping[str, Any]]) -> Self:
        """Return the test of a record whose floats are hexadecimal texts."""
        return cls(
            tuple(
                LevelCheck(each["level"], each["n"], each["kept"], float.fromhex(each["p_value"]))
                for each in record
            )
        )


def try_on_newer_half(nonconformity: FloatArray) -> NumericSelfTest:
    """
    Count on the newer half what the older half promises at each level.

    Args:
        nonconformity: distances of outcome and estimate, shape (n,), finite, oldest first.

    Source:
        Vovk (2012), "Conditional Validity of Inductive Conformal Predictors", ACML 25: the
        coverage of the k-th smallest of n is Beta(k, n + 1 - k), so a count is beta-binomial.

    >>> drifting = np.concatenate([np.linspace(0, 1, 200), np.linspace(0, 3, 200)])
    >>> try_on_newer_half(drifting).passed
    False
    """
    older = len(nonconformity) - len(nonconformity) // 2
    newer = nonconformity[older:]
    checks = []
    for level in LEVELS:
        found = outcome_abs(nonconformity[:older], level=level_of(level))
        if found.k <= found.n and len(newer):
            kept = int((newer <= found.quantile).sum())
            p_value = beta_binomial_cdf(kept, len(newer), a=found.k, b=found.n + 1 - found.k)
            checks.append(LevelCheck(level, len(newer), kept, p_value))
    return NumericSelfTest(tuple(checks))


def beta_binomial_cdf(count: int, n: int, *, a: int, b: int) -> float:
    """
    Return P(X <= count) where X counts n trials whose common rate is Beta(a, b).

    >>> [round(beta_binomial_cdf(c, 2, a=1, b=1), 6) for c in (0, 1, 2)]
    [0.333333, 0.666667, 1.0]
    """
    c = np.arange(count + 1)
    log_choose = special.gammaln(n + 1) - special.gammaln(c + 1) - special.gammaln(n - c + 1)
    log_mass = log_choose + special.betaln(c + a, n - c + b) - special.betaln(a, b)
    return min(1.0, float(np.exp(log_mass).sum()))
