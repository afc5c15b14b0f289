"""
What is certified of the false tickets at a proposed threshold, however many were tried before.

The bound is read from what the deciding calibration was fitted with, not from the outcomes the
simulation shows; the set behind it is frozen, so what is looked at later can neither help nor
void it. Up to the certified score the certificate rules: whatever the operator's threshold, the
tickets are those from the certified score on. Above it the curve of promises does. It tested
each promise of a fixed grid with its part of delta, and the regions it certified hold together
with probability 1 - delta, whichever is picked by looking.

A region inside a certified one is not certified for that: high scores may be the falser ones.
All false tickets of the smaller region lie in the larger, so its share of them is at most
eps times (tickets of the larger) / (tickets of the smaller).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import special

from watchfloor.core.conformal.certified import Certificate, first_rank
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.core.decision.simulation.tally import Share

MOST_ROWS = 1_000_000
RATIO_DELTA = 0.01
"""The chance that a share of tickets, counted in the history, is taken for too large anywhere."""

Above = Callable[[float], int]
"""How many predictions of the history lie at or above a score."""


class Refusal(StrEnum):
    """Why nothing can be promised at a threshold."""

    NO_CURVE = "no_curve"
    TOO_FEW = "too_few"
    TOO_MANY_FALSE = "too_many_false"

    @property
    def sentence(self) -> str:
        """One sentence for the operator who asks."""
        return _SENTENCES[self]


_SENTENCES = {
    Refusal.NO_CURVE: "No calibration decides now, or an old one that kept no curve of promises.",
    Refusal.TOO_FEW: "Too few outcomes are known at such scores to promise anything.",
    Refusal.TOO_MANY_FALSE: (
        "Too many of the known outcomes at such scores are false: more outcomes will not help, "
        "a higher threshold may."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """
    The promise about tickets that open from a threshold on.

    Args:
        threshold: tickets open at and above it: the certified score where that is higher.
        asked: the share of false tickets the tenant accepts.
        eps: with probability 1 - delta at most this share is false; None where nothing holds.
        delta: the chance that this certificate, or any bound of the curve, is broken.
        n: known outcomes behind it.
        refusal: why `asked` is not promised here; None where it is.
        missing: known outcomes at such scores that are still wanted for `asked`, if they turn
            out as those so far; None where it is promised, or where more would not help.
        promised_from: the lowest score from which `asked` is promised; None where nowhere.
    """

    threshold: float
    asked: float
    eps: float | None
    delta: float | None
    n: int
    refusal: Refusal | None
    missing: int | None
    promised_from: float | None

    @property
    def is_kept(self) -> bool:
        """Whether what the tenant asks for is promised at this threshold."""
        return self.refusal is None


def guarantee_at(
    curve: EpsCurve | None,
    *,
    certificate: Certificate | None,
    threshold: float,
    asked: float,
    seen: Share,
    above: Above,
) -> Guarantee:
    """
    Return what is promised of the tickets from a threshold on.

    Args:
        curve: of the deciding calibration; None without one.
        certificate: for tickets, of the deciding calibration; None without one.
        threshold: the higher of the operator's ticket threshold and the review threshold.
        asked: the share of false tickets the tenant accepts, in (0, 1).
        seen: false ones among known outcomes at and above the threshold, wherever they are
            from; it only tells how many more are wanted.
        above: counts predictions, known or not, at and above a score.

    Source:
        Angelopoulos et al. (2021), "Learn then Test": family-wise error over the whole grid.
        Massart (1990), "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", for
        the shares of tickets.

    >>> from watchfloor.core.conformal.eps_curve import ticket_curve
    >>> curve = ticket_curve([0.9] * 60 + [0.1] * 100, [1] * 60 + [0] * 100, delta=0.1)
    >>> told = {"certificate": None, "seen": Share(0, 60), "above": lambda at: 60}
    >>> guarantee_at(curve, threshold=0.8, asked=0.1, **told).refusal
    <Refusal.TOO_FEW: 'too_few'>
    >>> guarantee_at(curve, threshold=0.9, asked=0.1, **told).eps
    0.1
    """
    points = _certified(curve)
    lowest = [at for eps, at in points if eps <= asked]
    if certificate is not None and certificate.threshold is not None and certificate.eps <= asked:
        lowest.append(certificate.threshold)
        if threshold <= certificate.threshold:
            return _by_certificate(certificate, certificate.threshold, asked)
    eps = min((_inside(each, threshold, above, len(points)) for each in points), default=math.inf)
    refusal = None if eps <= asked else _refusal(curve, asked, seen)
    is_exact = any(at == threshold for _, at in points)
    return Guarantee(
        threshold=threshold,
        asked=asked,
        eps=eps if eps < 1 else None,
        delta=None if curve is None else curve.delta + (0.0 if is_exact else RATIO_DELTA),
        n=curve.n if curve is not None else 0,
        refusal=refusal,
        missing=_missing(curve, asked, seen) if refusal is Refusal.TOO_FEW else None,
        promised_from=min(lowest, default=None),
    )


def _by_certificate(certificate: Certificate, threshold: float, asked: float) -> Guarantee:
    return Guarantee(
        threshold=threshold,
        asked=asked,
        eps=certificate.eps,
        delta=certificate.delta,
        n=certificate.n,
        refusal=None,
        missing=None,
        promised_from=threshold,
    )


def _certified(curve: EpsCurve | None) -> list[tuple[float, float]]:
    """Return promise and score of each region that the curve certifies."""
    points = curve.points if curve is not None else ()
    return [(each.eps, each.threshold) for each in points if each.threshold is not None]


def _inside(region: tuple[float, float], threshold: float, above: Above, n_regions: int) -> float:
    """Return the promise of a region inside a certified one; infinity where it is not inside."""
    eps, lowest = region
    if threshold <= lowest:
        return eps if threshold == lowest else math.inf
    n = above(lowest)
    if n == 0:
        return math.inf
    # For all thresholds at once, as they are tried; and for all regions.
    slack = math.sqrt(math.log(n_regions / RATIO_DELTA) / (2 * n))
    left = above(threshold) / n - slack
    return eps / left if left > 0 else math.inf


def _refusal(curve: EpsCurve | None, asked: float, seen: Share) -> Refusal:
    if curve is None:
        return Refusal.NO_CURVE
    is_false = seen.value is not None and seen.value >= asked
    return Refusal.TOO_MANY_FALSE if is_false else Refusal.TOO_FEW


def _missing(curve: EpsCurve | None, asked: float, seen: Share) -> int | None:
    if curve is None:
        return None
    wanted = rows_wanted(seen.value or 0.0, eps=asked, delta=curve.delta_each)
    return None if wanted is None else max(1, wanted - seen.n)


def rows_wanted(false_share: float, *, eps: float, delta: float) -> int | None:
    """
    Return how many outcomes show a promise if that share of them is false; None if none do.

    Args:
        false_share: of the outcomes to come, in [0, 1].
        eps, delta: promise and its chance of failing, in (0, 1).

    >>> rows_wanted(0.0, eps=0.1, delta=0.1), rows_wanted(0.05, eps=0.1, delta=0.1)
    (22, 78)
    >>> rows_wanted(0.1, eps=0.1, delta=0.1) is None
    True
    """
    if not false_share < eps:
        return None
    fewest = first_rank(eps, delta)
    rows = np.unique(np.geomspace(fewest, MOST_ROWS, 4_000).astype(np.int64))
    shown = special.bdtr(np.ceil(false_share * rows), rows, eps) <= delta
    if not shown.any():
        return None
    first = int(np.argmax(shown))
    step = np.arange(rows[first - 1] + 1 if first else fewest, rows[first] + 1)
    exact = special.bdtr(np.ceil(false_share * step), step, eps) <= delta
    return int(step[int(np.argmax(exact))])


def days_to_wait(missing: int, *, known: int, days: int) -> int | None:
    """
    Return in how many days so many outcomes come in at the pace of some days; None at no pace.

    >>> days_to_wait(163, known=37, days=2), days_to_wait(1, known=0, days=30)
    (9, None)
    """
    return math.ceil(missing * days / known) if known else None
