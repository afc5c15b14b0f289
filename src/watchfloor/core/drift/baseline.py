"""What a model's errors were when it was trusted, and how far its days differ by themselves."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.core.state_bytes import floats_of

Z_99 = 2.326
"""One-sided 99 % quantile of the normal distribution, to the digits of the published rule."""

CLUSTERED_FROM = 2.0
DAILY_SLOPES = (0.25, 0.5, 1.0, 1.5, 2.0)
LARGEST_Z = 4.0
MIN_LABELS = 200
MIN_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """
    The errors of a model over its baseline days, as upper confidence bounds.

    Args:
        mu0: mean error in [0, 1].
        n0: known outcomes.
        phi: variance of the daily means over what independent errors would give.
        m: bound that the mean of single errors exceeds with 1 % chance.
        n_days: local days with outcomes.
        daily_mean: mean of the daily means.
        daily_sd: standard deviation of the daily means.
        daily_m: bound for the mean of days, as `m` for the mean of errors.
        daily_growth: logarithm of what a bet of each of `DAILY_SLOPES` made of these days in the
            mean. Of normal days that is half the slope's square at most; where single days are
            far worse than the others it is more, and is taken off each bet, or those days
            alarm by themselves. Empty in what was stored before: taken as of normal days.
    """

    mu0: float
    n0: int
    phi: float
    m: float
    n_days: int
    daily_mean: float
    daily_sd: float
    daily_m: float
    daily_growth: tuple[float, ...] = ()

    @property
    def is_clustered(self) -> bool:
        """True where days carry the evidence and single errors would flood with alarms."""
        return self.phi >= CLUSTERED_FROM

    @property
    def n_effective(self) -> float:
        """Independent errors that the baseline is worth."""
        return self.n0 / max(self.phi, 1.0)

    @property
    def labels_per_day(self) -> float:
        """Known outcomes on a day of the baseline."""
        return self.n0 / self.n_days

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        record = asdict(self)
        if not self.daily_growth:
            del record["daily_growth"]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Baseline":
        """Return the baseline of a stored record."""
        return cls(
            n0=int(record["n0"]),
            n_days=int(record["n_days"]),
            daily_growth=floats_of(record.get("daily_growth", ())),
            **{name: float.fromhex(record[name]) for name in _FLOATS},
        )


_FLOATS = ("mu0", "phi", "m", "daily_mean", "daily_sd", "daily_m")


def baseline_of(
    errors: FloatArray,
    day_of: npt.ArrayLike,
    *,
    share: float = 1.0,
    tolerance: float = 0.0,
    min_labels: int = MIN_LABELS,
    min_days: int = MIN_DAYS,
) -> Baseline:
    """
    Return the baseline of a model from errors it made while it was trusted.

    The bounds, not the means, are what later errors are held against: against the plain mean
    of 500 labels a detector with a budget of one false alarm a year makes ten.

    Args:
        errors: one loss in [0, 1] for each known outcome, shape (n,); 0 and 1 for errors.
        day_of: the tenant's local day of each, as ordinals, shape (n,), any order.
        share: of the events of a day that these are, in (0, 1]; what days have in common shows
            less in a sample of them, so phi is taken for the whole.
        tolerance: loss that is accepted on top, in shares.
        min_labels: fewer outcomes say nothing.
        min_days: fewer days say nothing of how days differ.

    Raises:
        InvalidInput: a loss is NaN or outside [0, 1], the shapes differ, or no such share.
        NotReady: too few outcomes or days.

    >>> baseline = baseline_of(np.array([0.0, 0, 0, 1] * 75), np.repeat(np.arange(15), 20))
    >>> baseline.mu0, round(baseline.m, 4), baseline.is_clustered
    (0.25, 0.3082, False)
    """
    losses, days = _checked(errors, np.asarray(day_of))
    if not 0 < share <= 1:
        raise InvalidInput(field="share", value=share, expected="a share in (0, 1]")
    n0, n_days = len(losses), len(np.unique(days))
    if n0 < min_labels or n_days < min_days:
        raise NotReady(
            f"baseline: {n0} known outcomes on {n_days} days, "
            f"needed {min_labels} outcomes on {min_days} days"
        )
    counts, means = _daily(losses, days)
    mu0 = float(losses.mean())
    variance = float(losses.var())
    within = variance * float(np.mean(1 / counts))
    daily_sd = float(means.std(ddof=1))
    sample_phi = daily_sd**2 / within if within > 0 else 1.0
    phi = _of_the_whole(sample_phi, n_days, share)
    daily_mean = float(means.mean())
    daily_m = daily_mean + Z_99 * daily_sd / math.sqrt(n_days) + tolerance
    return Baseline(
        mu0=mu0,
        n0=n0,
        phi=phi,
        m=_upper(mu0, variance * max(sample_phi, 1.0) / n0, n0) + tolerance,
        n_days=n_days,
        daily_mean=daily_mean,
        daily_sd=daily_sd,
        daily_m=daily_m,
        daily_growth=_growth(means, daily_m, daily_sd),
    )


def _checked(errors: FloatArray, days: npt.NDArray[Any]) -> tuple[FloatArray, npt.NDArray[Any]]:
    losses = np.asarray(errors, dtype=np.float64)
    if losses.ndim != 1 or losses.shape != days.shape:
        raise InvalidInput(
            field="day_of", value=days.shape, expected=f"one day an error: {losses.shape}"
        )
    fits = (losses >= 0) & (losses <= 1)
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(
            field=f"errors[{first}]", value=float(losses[first]), expected="a loss in [0, 1]"
        )
    return losses, days


def _of_the_whole(phi: float, n_days: int, share: float) -> float:
    """
    Return phi of all events of a day from that of a share of them.

    What days have in common grows with the events of a day. Only what chance hardly makes,
    at 5 %, is carried over: else every fifth model with independent errors were called
    clustered.
    """
    by_chance = float(special.chdtri(n_days - 1, 0.05)) / (n_days - 1)
    return 1 + (phi - 1) / share if phi > by_chance else phi


def _daily(losses: FloatArray, days: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    _, place = np.unique(days, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    return counts, np.bincount(place, weights=losses) / counts


def _growth(means: FloatArray, bound: float, sd: float) -> tuple[float, ...]:
    if sd <= 0:
        return ()
    z = np.minimum((means - bound) / sd, LARGEST_Z)
    return tuple(float(np.log(np.mean(np.exp(slope * z)))) for slope in DAILY_SLOPES)


def _upper(mu0: float, variance_of_mean: float, n0: int) -> float:
    """
    Return the 99 % bound, never below what no error at all would leave open.

    Without errors the normal bound is zero; (1 - m)^n0 = 0.01 is the exact one.
    """
    none_seen = -math.expm1(math.log(0.01) / n0)
    return max(mu0 + Z_99 * math.sqrt(variance_of_mean), none_seen)
