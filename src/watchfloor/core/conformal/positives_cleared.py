"""
How many of the real events automatic clearing may hide.

"One cleared in a hundred is real" can still hide a quarter of all events where events are
rare; this is the promise that counts events.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchfloor.core.conformal.exact_shares import share_of
from watchfloor.core.conformal.outcomes import checked_pairs


@dataclass(frozen=True, slots=True)
class PositivesCleared:
    """
    Below which score clearing hides at most a share beta of all events.

    Args:
        limit: clearing keeps the promise strictly below this score; None where none does.
        beta: the promised share of all events, in (0, 1).
        n_positive: known events it was made from.
        n_cleared: how many of them lie below the limit.
    """

    limit: float | None
    beta: float
    n_positive: int
    n_cleared: int

    def allows(self, score: float) -> bool:
        """Whether a score may be cleared; a score that is not a number may not."""
        return self.limit is not None and score < self.limit


def control_positives_cleared(
    scores: npt.ArrayLike, outcomes: npt.ArrayLike, *, beta: float
) -> PositivesCleared:
    """
    Find the score below which at most a share beta of all events lies.

    Promise: over calibration and prediction together, a new event falls below the limit with
    probability at most beta. Minimum: n_positive >= 1 / beta - 1 known events (19 for 5 %);
    with fewer nothing may be cleared.

    Args:
        scores: probabilities in [0, 1], shape (n,), any order.
        outcomes: 1 for an event, 0 for a clean one, shape (n,); clean ones play no part.
        beta: promised share of all events that is cleared, in (0, 1).

    Raises:
        InvalidInput: a score, outcome or beta that does not fit; it is named.

    Source:
        Angelopoulos, Bates, Fisch, Lei & Schuster (2024), "Conformal Risk Control", ICLR,
        Theorem 1, with the loss "an event is cleared" over the events alone.

    >>> control_positives_cleared([i / 100 for i in range(39)], [1] * 39, beta=0.05).limit
    0.01
    >>> control_positives_cleared([0.5] * 18, [1] * 18, beta=0.05).limit is None
    True
    """
    share = share_of(beta, field="beta")
    p, y = checked_pairs(scores, outcomes)
    events = np.sort(p[y == 1])
    # Below the j-th event lie at most j - 1 of n; (j - 1 + 1) / (n + 1) must not exceed beta.
    j = (len(events) + 1) * share.numerator // share.denominator
    if j == 0:
        return PositivesCleared(None, beta, n_positive=len(events), n_cleared=0)
    limit = float(events[j - 1])
    below = int(np.searchsorted(events, limit, side="left"))
    return PositivesCleared(limit, beta, n_positive=len(events), n_cleared=below)
