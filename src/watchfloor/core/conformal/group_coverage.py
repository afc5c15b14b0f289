"""
One group of predictions held against its promise: band, verdict, and the luck of the set.

Three numbers stand beside each other and answer three questions. The band is where the true
coverage lies after so many outcomes. The promise is the level over calibration and prediction
together. The range of one set is what a calibration of this size may keep by the luck of its
rows alone: a promise over all sets is no promise for the one in force.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from scipy import special

from watchfloor.core.conformal.probability_bins import clopper_pearson
from watchfloor.core.conformal.quantile import conformal_rank, level_of
from watchfloor.core.errors import InvalidInput

BAND_LEVEL = Fraction(95, 100)
"""Confidence of the band of a realised coverage, and of the range of one set."""

TAIL = float((1 - BAND_LEVEL) / 2)
"""What the band leaves out on either side."""


class CoverageVerdict(StrEnum):
    """How a realised coverage stands to the promised one."""

    WITHIN = "within"
    BELOW = "below"
    ABOVE = "above"
    TOO_FEW = "too_few"


class Band(NamedTuple):
    """Both ends of an interval of a share, in [0, 1]."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class GroupCoverage:
    """
    How many outcomes of one group of predictions lay inside their outcome intervals.

    Args:
        level: promised, in percent.
        n: predictions with an interval whose outcome is known.
        covered: how many of the outcomes lay inside.
        n_unlabelled: predictions with an interval whose outcome nobody knows yet.
        set_range: where the coverage of a calibration of this size lies in 95 of 100
            calibrations, lowest and highest; None without outcomes.
    """

    level: int
    n: int
    covered: int
    n_unlabelled: int
    set_range: Band | None

    @property
    def promised(self) -> float:
        """The level as a share."""
        return self.level / 100

    @property
    def coverage(self) -> float | None:
        """The share of outcomes inside; None without outcomes."""
        return self.covered / self.n if self.n else None

    @property
    def band(self) -> Band:
        """The exact 95 % interval of the true coverage; [0, 1] without outcomes."""
        return Band(*clopper_pearson(self.covered, self.n, level=BAND_LEVEL))

    @property
    def verdict(self) -> CoverageVerdict:
        """
        How the band stands to the promise.

        A band that misses the promise says so at any n. One that contains it says WITHIN only
        from `fewest_to_judge` on: before that it could hardly have said anything else.
        """
        low, high = self.band
        if high < self.promised:
            return CoverageVerdict.BELOW
        if low > self.promised:
            return CoverageVerdict.ABOVE
        enough = self.n >= fewest_to_judge(self.level)
        return CoverageVerdict.WITHIN if enough else CoverageVerdict.TOO_FEW

    @property
    def may_be_luck_of_the_set(self) -> bool:
        """Whether a calibration of this size can fall so low although nothing has changed."""
        return self.set_range is not None and self.band[1] >= self.set_range[0]


def fewest_to_judge(level: int) -> int:
    """
    Return from how many outcomes on a full coverage could be told from the promised one.

    It is the smallest n with level^n <= 2.5 %: with fewer, the band contains the promise even
    if not one outcome was missed.

    >>> [fewest_to_judge(level) for level in (90, 95, 99)]
    [36, 72, 368]
    """
    return math.ceil(math.log(TAIL) / math.log(level_of(level)))


def coverage_of_one_set(n: int, *, level: int, share: float) -> float:
    """
    Return the coverage that all but a share of calibrations of this size keep or exceed.

    Once drawn, a set keeps one coverage for as long as nothing changes: the promised level is
    its mean over all the sets that might have been drawn.

    Args:
        n: calibration scores, at least 0.
        level: 90, 95 or 99, in percent.
        share: of the sets, in (0, 1); 0.05 asks for the worst one in twenty.

    Returns:
        The quantile of Beta(k, n + 1 - k), k = ceil((n + 1) level); 1 where n is too small to
        promise anything, since such an interval is the whole range.

    Raises:
        InvalidInput: the level or the share does not fit.

    Source:
        Vovk (2012), "Conditional Validity of Inductive Conformal Predictors", ACML 25,
        proposition 2a, for scores without ties; ties only raise the coverage.

    >>> [round(coverage_of_one_set(1000, level=level, share=0.05), 3) for level in (90, 95, 99)]
    [0.884, 0.938, 0.984]
    """
    if not 0 < share < 1:
        raise InvalidInput(field="share", value=share, expected="a number in (0, 1)")
    k = conformal_rank(n, level_of(level))
    return float(special.betaincinv(k, n + 1 - k, share)) if k <= n else 1.0
