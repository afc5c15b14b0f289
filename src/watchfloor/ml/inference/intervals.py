"""The intervals behind a logged prediction, read from the calibration it was made with."""

from dataclasses import dataclass

from watchfloor.ml.inference import serving
from watchfloor.ml.models import ScoredPrediction
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class LevelInterval:
    """Where the event rate of predictions like this one lies, at one level in percent."""

    level: int
    lower: float
    upper: float


def intervals_of(*, tenant: Tenant, row: ScoredPrediction) -> tuple[LevelInterval, ...]:
    """
    Return the intervals at 90, 95 and 99 %.

    None where nothing was known about the score, or where the bytes of what was known are gone
    or damaged; what was stored with the prediction at 95 % stays there.
    """
    calibration = serving.find_calibration(tenant=tenant, sha256=row.calibration_hash)
    if row.score is None or calibration is None:
        return ()
    known = calibration.interval(row.score)
    return (
        LevelInterval(90, known.lower90, known.upper90),
        LevelInterval(95, known.lower, known.upper),
        LevelInterval(99, known.lower99, known.upper99),
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """The Venn-Abers pair of a score: one of the two is a perfectly calibrated probability."""

    p0: float
    p1: float

    @property
    def width(self) -> float:
        """How far the probability is not known, in [0, 1]."""
        return self.p1 - self.p0


def pair_of(*, tenant: Tenant, row: ScoredPrediction) -> Pair | None:
    """
    Return the Venn-Abers pair of a logged prediction.

    None where nothing was known of its score, or what was known can no longer be read.
    """
    calibration = serving.find_calibration(tenant=tenant, sha256=row.calibration_hash)
    if row.score is None or calibration is None or calibration.venn_abers is None:
        return None
    return Pair(*calibration.pair(row.score))
