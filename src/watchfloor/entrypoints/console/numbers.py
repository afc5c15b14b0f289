"""An estimate of a number as a page shows it: the estimate, its intervals, what they promise."""

from dataclasses import dataclass

from django.utils.translation import gettext

from watchfloor.core.conformal.numeric import NumericInterval
from watchfloor.core.decision.reason import Reason
from watchfloor.entrypoints.console.wording import NBSP, number_text
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.models import NumericEstimate, ScoredPrediction
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """
    One estimate in words.

    Args:
        estimate: with its unit, and sigma where there is one.
        outcome: the number it turned out to be; empty while it is not known.
        bounds: level and interval, three rows; none without a calibration.
        promise: what the intervals may be held to, or why there are none.
    """

    estimate: str
    outcome: str
    bounds: tuple[tuple[str, str], ...]
    promise: str


def number_of(*, tenant: Tenant, prediction: ScoredPrediction) -> ShownNumber | None:
    """Return the estimate of a prediction in words; None where a score was made."""
    rows = numeric_calibration.estimates_of(tenant=tenant, predictions=[prediction])
    if prediction.id not in rows:
        return None
    row = rows[prediction.id]
    found = numeric_calibration.intervals_of(tenant=tenant, row=row)
    shown = [each for each in found if each.kind is found[0].kind]
    estimate = quantity_text(row.estimate, row.unit)
    if row.sigma is not None:
        estimate += " ± " + quantity_text(row.sigma, row.unit)
    return ShownNumber(
        estimate=estimate,
        outcome="" if row.outcome is None else quantity_text(row.outcome, row.unit),
        bounds=tuple(
            (f"{each.level}{NBSP}%", _bounds_words(each, unit=row.unit)) for each in shown
        ),
        promise=shown[0].kind.promise if shown else _why_none(prediction, row),
    )


def _why_none(prediction: ScoredPrediction, row: NumericEstimate) -> str:
    if row.calibration_sha256 or prediction.failing_clause == Reason.CALIBRATION_UNREADABLE:
        return gettext("The calibration of this version is gone or damaged.")
    return gettext("This version has no calibration yet.")


def _bounds_words(interval: NumericInterval, *, unit: str) -> str:
    if not interval.is_certifiable:
        return gettext("not certifiable: too few outcomes are known")
    low, high = decimal_text(interval.lower), quantity_text(interval.upper, unit)
    return gettext("%(low)s to %(high)s") % {"low": low, "high": high}


def quantity_text(value: float, unit: str) -> str:
    """
    Return a number with its unit.

    >>> quantity_text(34.249, "h").replace(NBSP, " ")
    '34.2 h'
    """
    return f"{decimal_text(value)}{NBSP}{unit}"


def decimal_text(value: float) -> str:
    """
    Return a number with one decimal, two where it is small.

    >>> decimal_text(34.249), decimal_text(0.123)
    ('34.2', '0.12')
    """
    return number_text(value, decimals=1 if abs(value) >= 1 else 2)
