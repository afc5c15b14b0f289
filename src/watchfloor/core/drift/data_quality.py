"""
Is the data itself in order: volume against the calendar, missing, unseen and out-of-range.

Deterministic and cheap; any finding here stops a retrain, for a model taught by broken data
is worse than an old one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import special

from watchfloor.core.drift.severity import Severity
from watchfloor.core.errors import InvalidInput

Z_99 = 2.5758
RAREST = 1e-4
FEWEST_USUAL = 3
OWN_SPREAD = 0.15  # three or four weeks tell too little of how far weeks differ
MARGIN = 0.05


class QualityCheck(StrEnum):
    """What was looked at; stored with the finding."""

    VOLUME = "volume"
    MISSING = "missing"
    UNSEEN_CATEGORY = "unseen_category"
    OUT_OF_RANGE = "out_of_range"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFinding:
    """
    Something is wrong with the data.

    Args:
        check: which check found it.
        subject: the stream or feature.
        observed: the count or share seen; `expected` is what was usual.
        sentence: for the operator.
    """

    check: QualityCheck
    subject: str
    observed: float
    expected: float
    severity: Severity
    sentence: str


def check_volume(
    n: int, usual: Sequence[int], *, subject: str = "events", rarest: float = RAREST
) -> QualityFinding | None:
    """
    Compare the events of a span with the same hours of earlier weeks; silence is a finding.

    Args:
        n: events in the span.
        usual: events in the same span of earlier weeks, holidays taken out; with fewer than
            three of them nothing can be said and None is returned.
        rarest: probability of a count on one side below which it is a finding, in (0, 1).

    Returns:
        None when the count is as usual: counts are taken as negative binomial with the mean
        and variance of `usual`, and to vary by 15 % of their mean at least.

    >>> check_volume(0, [40, 46, 43, 39]).sentence
    'No events where 42.0 are usual.'
    """
    if n < 0 or any(count < 0 for count in usual):
        raise InvalidInput(field="events", value=n, expected="counts of at least 0")
    if len(usual) < FEWEST_USUAL:
        return None
    mean = float(np.mean(usual))
    below, above = _tails(n, mean, float(np.var(usual, ddof=1)), len(usual))
    if min(below, above) >= rarest:
        return None
    seen = f"{n} {subject}" if n else f"No {subject}"
    return QualityFinding(
        check=QualityCheck.VOLUME,
        subject=subject,
        observed=float(n),
        expected=mean,
        severity=Severity.HIGH if n == 0 else Severity.MEDIUM,
        sentence=f"{seen} where {mean:.1f} are usual.",
    )


def check_missing(
    name: str, *, n_missing: int, n: int, usual_share: float, margin: float = MARGIN
) -> QualityFinding | None:
    """
    Compare the share of missing values with the usual one, in both directions.

    A value that used to be missing and now is always there has changed its meaning too.

    Args:
        n_missing: missing among n values; None is returned when n is 0.
        usual_share: share missing in the reference, in [0, 1].
        margin: change that is accepted, in shares, on top of chance.

    >>> check_missing("face_score", n_missing=60, n=100, usual_share=0.2).sentence
    'face_score: missing in 60.0 % of 100 values, usually in 20.0 %.'
    """
    low, high = _share_bounds(n_missing, n)
    if n == 0 or low - margin <= usual_share <= high + margin:
        return None
    return _share_finding(QualityCheck.MISSING, name, n_missing, n, usual_share)


def check_unseen(
    name: str, *, n_unseen: int, n: int, margin: float = MARGIN
) -> QualityFinding | None:
    """Find values of categories that training never saw, beyond a margin and chance."""
    low, _ = _share_bounds(n_unseen, n)
    if low <= margin:
        return None
    return _share_finding(QualityCheck.UNSEEN_CATEGORY, name, n_unseen, n, 0.0)


def check_range(
    name: str, *, n_outside: int, n: int, margin: float = MARGIN
) -> QualityFinding | None:
    """Find values outside the range of training, beyond a margin and chance."""
    low, _ = _share_bounds(n_outside, n)
    if low <= margin:
        return None
    return _share_finding(QualityCheck.OUT_OF_RANGE, name, n_outside, n, 0.0)


def check_constant(
    name: str, *, n_distinct: int, n: int, usual_distinct: int, fewest: int = 100
) -> QualityFinding | None:
    """
    Find a feature that has only one value where it used to have several.

    >>> check_constant("accuracy_m", n_distinct=1, n=500, usual_distinct=90).sentence
    'accuracy_m: the same in all 500 values.'
    """
    if n < fewest or n_distinct > 1 or usual_distinct <= 1:
        return None
    return QualityFinding(
        check=QualityCheck.CONSTANT,
        subject=name,
        observed=float(n_distinct),
        expected=float(usual_distinct),
        severity=Severity.MEDIUM,
        sentence=f"{name}: the same in all {n} values.",
    )


_SAID = {
    QualityCheck.MISSING: "missing",
    QualityCheck.UNSEEN_CATEGORY: "a category that training never saw",
    QualityCheck.OUT_OF_RANGE: "outside the range of training",
}


def _share_finding(
    check: QualityCheck, name: str, k: int, n: int, usual_share: float
) -> QualityFinding:
    share = k / n
    return QualityFinding(
        check=check,
        subject=name,
        observed=share,
        expected=usual_share,
        severity=Severity.MEDIUM,
        sentence=(
            f"{name}: {_SAID[check]} in {100 * share:.1f} % of {n} values, "
            f"usually in {100 * usual_share:.1f} %."
        ),
    )


def _tails(n: int, mean: float, variance: float, n_usual: int) -> tuple[float, float]:
    """Return the probabilities of a count as low, and of one as high, as n."""
    # The mean of a few weeks is itself uncertain: half an event keeps a dead hour from being
    # certain, and the variance of the mean is added to that of the count.
    center = max(mean, 0.5)
    spread = max(variance, center, (OWN_SPREAD * center) ** 2) * (1 + 1 / n_usual)
    size = center**2 / (spread - center)
    success = size / (size + center)
    # The negative binomial's tails as incomplete beta functions: far cheaper than its object.
    below = float(special.betainc(size, n + 1, success))
    above = float(special.betainc(n, size, 1 - success)) if n else 1.0
    return below, above


def _share_bounds(k: int, n: int) -> tuple[float, float]:
    """
    Return the 99 % interval of a share; [0, 1] when nothing was seen.

    Source:
        Wilson (1927), "Probable Inference", JASA 22, 209-212.
    """
    if not 0 <= k <= n:
        raise InvalidInput(field="count", value=(k, n), expected="at most the number of values")
    if n == 0:
        return 0.0, 1.0
    share, z2 = k / n, Z_99**2
    center = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_99 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return center - half, center + half
