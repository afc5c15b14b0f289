"""How often a certificate breaks its promise, where the truth is known: the pool itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tools.measure.real_data.pools import Pool
from watchfloor.core.arrays import BoolArray
from watchfloor.core.conformal.certified import Certificate, certify, certify_clear

DELTA = 0.1
CONFIDENCE = 0.99

Certifier = Callable[..., Certificate]


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What came of one promise over many calibrations drawn from a pool.

    Args:
        eps: promised share of false ones.
        draws: calibrations, each as large as the pool and drawn from it with replacement.
        broken: how many had a false share above eps over the whole pool.
        certified: how many certified anything.
        recall: mean share of all events in the region; share: mean share of all rows.
        false_share: mean false share of those that certified anything; None for none.
    """

    pool: str
    eps: float
    draws: int
    broken: int
    certified: int
    recall: float
    share: float
    false_share: float | None

    @property
    def may_break(self) -> int:
        """The upper 99 % binomial bound of breaks at chance delta and this number of draws."""
        return most_breaks(self.draws)


def most_breaks(draws: int, *, delta: float = DELTA) -> int:
    """
    Return the fewest breaks that happen, or fewer, with 99 % if each has chance delta.

    >>> most_breaks(100)
    18
    """
    return int(stats.binom.ppf(CONFIDENCE, draws, delta))


def upper_bound(broken: int, draws: int) -> float:
    """
    Return the exact upper 99 % bound of the chance to break, after so many breaks.

    >>> round(upper_bound(0, 100), 4)
    0.045
    """
    return float(stats.beta.ppf(CONFIDENCE, broken + 1, draws - broken)) if broken < draws else 1.0


def ticket_promise(pool: Pool, *, eps: float, draws: int, rng: np.random.Generator) -> Kept:
    """Certify tickets on many draws from a pool and count what holds over all of it."""
    return _promise(
        pool,
        certify,
        lambda at: pool.scores >= at,
        1 - pool.outcomes,
        eps=eps,
        draws=draws,
        rng=rng,
    )


def clear_promise(pool: Pool, *, eps: float, draws: int, rng: np.random.Generator) -> Kept:
    """Certify clearing on many draws from a pool and count what holds over all of it."""
    return _promise(
        pool,
        certify_clear,
        lambda at: pool.scores <= at,
        pool.outcomes,
        eps=eps,
        draws=draws,
        rng=rng,
    )


def _promise(
    pool: Pool,
    certifier: Certifier,
    region: Callable[[float], BoolArray],
    false: np.ndarray,
    *,
    eps: float,
    draws: int,
    rng: np.random.Generator,
) -> Kept:
    n, n_events = len(pool.scores), int(pool.outcomes.sum())
    false_shares, recalls, shares = [], [], []
    for _ in range(draws):
        rows = rng.integers(0, n, size=n)
        found = certifier(pool.scores[rows], pool.outcomes[rows], eps=eps, delta=DELTA)
        if found.threshold is None:
            continue
        taken = region(found.threshold)
        false_shares.append(float(false[taken].mean()))
        recalls.append(float(pool.outcomes[taken].sum()) / n_events)
        shares.append(float(taken.mean()))
    return Kept(
        pool=pool.name,
        eps=eps,
        draws=draws,
        broken=sum(share > eps for share in false_shares),
        certified=len(false_shares),
        recall=sum(recalls) / draws,
        share=sum(shares) / draws,
        false_share=float(np.mean(false_shares)) if false_shares else None,
    )
