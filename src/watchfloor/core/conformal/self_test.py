"""
Whether a calibration set would have kept its own promises: its older half against its newer.

Every promise rests on rows to come being like the rows of the set. That is tried where it can
be: what follows from the older half of the rows, by time, is counted on the newer half.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.certified import Certificate, certify, certify_clear
from watchfloor.core.conformal.mondrian import bin_quantiles
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.conformal.probability_bins import bin_of, merged_edges
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of
from watchfloor.core.conformal.sampling import (
    Sampling,
    checked_sampling,
    equal_chance,
    evenly_seen_top,
)
from watchfloor.core.errors import InvalidInput

ALPHA = 0.01
"""Chance that a set whose rows are alike fails any of its checks."""


@dataclass(frozen=True, slots=True)
class Check:
    """
    One promise of the older half, counted on the newer half.

    Args:
        promise: `coverage`, `ticket` or `clear`.
        level: of a coverage, in percent; None for a certificate.
        from_score: where the score bin or the certified region begins; for `clear` where it ends.
        n: rows of the newer half that the promise speaks about.
        kept: how many of them kept it.
        fewest: the fewest that may keep it, at the chance each check is allowed.
        p_value: chance of so few, or fewer, if the rows are alike.
    """

    promise: str
    level: int | None
    from_score: float
    n: int
    kept: int
    fewest: int
    p_value: float

    @property
    def passed(self) -> bool:
        """Whether the newer half kept the promise within its exact band."""
        return self.kept >= self.fewest


@dataclass(frozen=True, slots=True)
class SelfTest:
    """
    What came of trying the older half of a set on the newer.

    Args:
        n_older, n_newer: rows of the halves.
        checks: in the order in which they were made; empty where too few rows promise anything.
        alpha: chance to fail any check if the rows are alike (Bonferroni over the checks).
    """

    n_older: int
    n_newer: int
    checks: tuple[Check, ...]
    alpha: float = ALPHA

    @property
    def passed(self) -> bool | None:
        """True or False; None where nothing could be checked."""
        return all(check.passed for check in self.checks) if self.checks else None

    def to_record(self) -> dict[str, Any]:
        """Return plain JSON values: counts, the band's edge, and the checks that failed."""
        return {
            "passed": self.passed,
            "alpha": self.alpha,
            "n_older": self.n_older,
            "n_newer": self.n_newer,
            "n_checks": len(self.checks),
            "checks": [_check_record(check) for check in self.checks],
        }


def try_on_newer_half(
    scores: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    eps_ticket: float,
    eps_clear: float,
    delta: float,
    sampling: Sampling | None = None,
) -> SelfTest:
    """
    Calibrate on the older half of the rows and count on the newer half what was promised.

    Promise: if the rows are exchangeable, a coverage check fails any of them with probability
    at most alpha. A certificate is allowed to be broken with delta itself, and its check fails
    only where the newer half shows that it was.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), oldest first.
        outcomes: 1 for an event, 0 for a clean one, shape (n,).
        eps_ticket, eps_clear, delta: as of the calibration that is to be tried.
        sampling: how the rows came to be known; None for rows that were all looked at.

    Raises:
        InvalidInput: a row, share or sampling that does not fit; it is named.

    Source:
        Vovk (2012), "Conditional validity of inductive conformal predictors", ACML: the
        coverage of a k-th smallest of n is Beta(k, n + 1 - k), and so a count is beta-binomial.

    >>> rng = np.random.default_rng(1)
    >>> rate = rng.random(400)
    >>> try_on_newer_half(rate, rng.random(400) < rate, eps_ticket=0.2, eps_clear=0.05,
    ...                   delta=0.1).passed
    True
    """
    p, y = checked_pairs(scores, outcomes)
    how = checked_sampling(sampling, n=len(p))
    alike = equal_chance(how, bin_of(p, merged_edges(p)))
    drafts = [
        *_coverage(p[alike], y[alike]),
        *_ticket(p, y, how, eps=eps_ticket, delta=delta),
        *_clear(p, y, how, eps=eps_clear, delta=delta),
    ]
    each = ALPHA / len(drafts) if drafts else ALPHA
    older = len(p) - len(p) // 2
    return SelfTest(older, len(p) // 2, tuple(draft.judged(each) for draft in drafts))


def beta_binomial_tail(n: int, *, a: int, b: int) -> FloatArray:
    """
    Return P(X <= c) for c = 0 ... n, where X counts n trials whose rate is Beta(a, b).

    Raises:
        InvalidInput: a negative n, or an a or b below 1.

    >>> beta_binomial_tail(2, a=1, b=1).round(6)
    array([0.333333, 0.666667, 1.      ])
    """
    if n < 0 or min(a, b) < 1:
        raise InvalidInput(field="n, a, b", value=(n, a, b), expected="n from 0, a and b from 1")
    c = np.arange(n + 1)
    log_choose = special.gammaln(n + 1) - special.gammaln(c + 1) - special.gammaln(n - c + 1)
    log_mass = log_choose + special.betaln(c + a, n - c + b) - special.betaln(a, b)
    tail: FloatArray = np.minimum(np.cumsum(np.exp(log_mass)), 1.0)
    return tail


@dataclass(frozen=True, slots=True)
class _Draft:
    """A check before it is known how many there are: `tail[c]` is P(at most c keep it)."""

    promise: str
    level: int | None
    from_score: float
    kept: int
    tail: FloatArray

    def judged(self, alpha: float) -> Check:
        return Check(
            promise=self.promise,
            level=self.level,
            from_score=self.from_score,
            n=len(self.tail) - 1,
            kept=self.kept,
            # The first count whose tail is above alpha; fewer than it happen with alpha at most.
            fewest=int(np.searchsorted(self.tail, alpha, side="right")),
            p_value=float(self.tail[self.kept]),
        )


def _halves(p: FloatArray, y: IntArray) -> tuple[FloatArray, IntArray, FloatArray, IntArray]:
    cut = len(p) - len(p) // 2
    return p[:cut], y[:cut], p[cut:], y[cut:]


def _coverage(p: FloatArray, y: IntArray) -> list[_Draft]:
    """One check for each level and score bin in which the older half can promise it."""
    old_p, old_y, new_p, new_y = _halves(p, y)
    edges = merged_edges(old_p)
    quantiles = bin_quantiles(old_p, old_y, edges=edges)
    rows = np.bincount(bin_of(old_p, edges), minlength=len(edges) + 1).tolist()
    where, residuals = bin_of(new_p, edges), np.abs(new_p - new_y)
    drafts = []
    for at, (n, of_bin) in enumerate(zip(rows, quantiles, strict=True)):
        fresh = residuals[where == at]
        for percent, quantile in zip(LEVELS, of_bin, strict=True):
            k = conformal_rank(n, level_of(percent))
            if k <= n and len(fresh):
                drafts.append(
                    _Draft(
                        "coverage",
                        percent,
                        edges[at - 1] if at else 0.0,
                        int((fresh <= quantile).sum()),
                        beta_binomial_tail(len(fresh), a=k, b=n + 1 - k),
                    )
                )
    return drafts


def _ticket(
    p: FloatArray, y: IntArray, sampling: Sampling, *, eps: float, delta: float
) -> list[_Draft]:
    seen = evenly_seen_top(p, sampling)
    old_p, old_y, new_p, new_y = _halves(p[seen], y[seen])
    found = certify(old_p, old_y, eps=eps, delta=delta)
    if found.threshold is None:
        return []
    return _promised(found, "ticket", new_y[new_p >= found.threshold])


def _clear(
    p: FloatArray, y: IntArray, sampling: Sampling, *, eps: float, delta: float
) -> list[_Draft]:
    if not sampling.quiet_is_known:
        return []
    alike = equal_chance(sampling, np.zeros(len(p), dtype=np.int64))
    old_p, old_y, new_p, new_y = _halves(p[alike], y[alike])
    found = certify_clear(old_p, old_y, eps=eps, delta=delta)
    if found.threshold is None:
        return []
    return _promised(found, "clear", 1 - new_y[new_p <= found.threshold])


def _promised(found: Certificate, promise: str, kept: IntArray) -> list[_Draft]:
    if not len(kept) or found.threshold is None:
        return []
    n = len(kept)
    tail = special.bdtr(np.arange(n + 1, dtype=np.float64), n, 1.0 - found.eps)
    return [_Draft(promise, None, found.threshold, int(kept.sum()), tail)]


def _check_record(check: Check) -> dict[str, Any]:
    return {
        "promise": check.promise,
        "level": check.level,
        "from_score": check.from_score,
        "n": check.n,
        "kept": check.kept,
        "fewest": check.fewest,
        "p_value": check.p_value,
        "passed": check.passed,
    }
