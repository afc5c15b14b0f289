"""Whether intervals hold what they promise, counted on outcomes that came later."""

import numpy as np
import numpy.typing as npt

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.conformal.quantile import LEVELS, level_of


def empirical_coverage(
    calibration: Calibration, scores: npt.ArrayLike, outcomes: npt.ArrayLike, level: int
) -> float | None:
    """
    Return the share of outcomes inside their outcome intervals.

    Report it beside the number of outcomes, overall and among high scores.

    Args:
        calibration: in force when the scores were given.
        scores: quantised probabilities in [0, 1], shape (n,).
        outcomes: 0 or 1, shape (n,); unknown ones stay out.
        level: 90, 95 or 99, in percent.

    Returns:
        A share in [0, 1]; None without outcomes.

    Raises:
        InvalidInput: a score, outcome or level does not fit.

    >>> from watchfloor.core.conformal.calibration import fit_calibration
    >>> unknown = fit_calibration([], [], eps_ticket=0.1, eps_clear=0.01, delta=0.1)
    >>> empirical_coverage(unknown, [0.2, 0.9], [1, 0], 90)
    1.0
    """
    level_of(level)
    p, y = checked_pairs(scores, outcomes)
    if len(p) == 0:
        return None
    quantile_of_bin = np.array([each.quantiles[LEVELS.index(level)] for each in calibration.bins])
    quantile = quantile_of_bin[bin_of(p, calibration.edges)]
    # The whole range contains both outcomes, so cutting to [0, 1] changes no answer.
    return float(np.mean((p - quantile <= y) & (y <= p + quantile)))
