"""Coverage of engines that were not seen, where calibration counts engines and not their rows."""

from dataclasses import dataclass

import numpy as np

from tools.measure.real_data.numbers import Estimates
from watchfloor.core.conformal.numeric_fit import fit_numeric_calibration


@dataclass(frozen=True, slots=True)
class EngineSplit:
    """
    One random half of the engines calibrated, the other half counted.

    Args:
        certifiable: levels, in percent, that so many engines can promise.
        coverage: mean over the counted engines of the share of their rows inside, by level.
        half_widths: in cycles, by level; infinite where not certifiable.
        by_row: the same coverage had rows been counted as if they were independent.
    """

    certifiable: tuple[int, ...]
    coverage: tuple[float, ...]
    half_widths: tuple[float, ...]
    by_row: tuple[float, ...]


def split_engines(estimates: Estimates, rng: np.random.Generator) -> EngineSplit:
    """Calibrate on the rows of half of the engines and count the others."""
    groups = np.array(estimates.groups)
    engines = np.unique(groups)
    calibrating = rng.permutation(engines)[: len(engines) // 2]
    first = np.isin(groups, calibrating)
    columns = (estimates.outcomes[first], estimates.estimates[first])
    by_engine = fit_numeric_calibration(
        *columns, unit=estimates.unit, groups=groups[first].tolist()
    )
    by_row = fit_numeric_calibration(*columns, unit=estimates.unit)
    _, of_row, rows = np.unique(groups[~first], return_inverse=True, return_counts=True)
    weight = 1 / (rows[of_row] * len(rows))

    def covered(half_widths: tuple[float, ...]) -> tuple[float, ...]:
        fresh = estimates.distances[~first]
        return tuple(float(weight[fresh <= each].sum()) for each in half_widths)

    return EngineSplit(
        certifiable=by_engine.certifiable_levels(),
        coverage=covered(by_engine.absolute),
        half_widths=by_engine.absolute,
        by_row=covered(by_row.absolute),
    )
