"""
Have errors risen because events have become rarer or more common, and for no other reason?

A score that was learned where six of ten were events says too much where two of ten are. If the
scores, told of the new share and of nothing else, err no more than before, the rise is one of
the share: a new calibration or threshold mends it, and what the features mean has not changed.
"""

from dataclasses import dataclass

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput

SMALLEST_SHARE = 0.005
EXPLAINS_FROM = 0.5
# Odds that moved by less explain nothing that anybody would act on.
SMALLEST_ODDS_RATIO = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareShift:
    """
    What a changed share of events has to do with a rise of errors.

    Args:
        before: share of events among outcomes known before the rise; `since` that after it.
        errors: share of wrong answers since; `errors_if_told` what it were with scores that
            had been told of the new share.
        explained: part of the rise that is gone then; at most 1, negative if it makes it worse.
    """

    before: float
    since: float
    errors: float
    errors_if_told: float
    explained: float

    @property
    def is_prior_shift(self) -> bool:
        """Whether the share moved far enough, and explains at least half of the rise."""
        ratio = _odds(self.since) / _odds(self.before)
        moved = max(ratio, 1 / ratio) >= SMALLEST_ODDS_RATIO
        return moved and self.explained >= EXPLAINS_FROM


def told_of_share(scores: FloatArray, *, before: float, since: float) -> FloatArray:
    """
    Return what scores say once they know that the share of events has changed, shape (n,).

    Args:
        scores: probabilities that were right where `before` was the share of events.

    Source:
        Saerens, Latinne and Decaestecker (2002), "Adjusting the Outputs of a Classifier to New
        a Priori Probabilities", Neural Computation 14, 21-41.

    >>> told_of_share(np.array([0.5, 1.0]), before=0.5, since=0.2)
    array([0.2, 1. ])
    """
    weight = _odds(since) / _odds(before)
    return np.asarray(scores * weight / (scores * weight + (1 - scores)))


def explain_rise(
    scores: FloatArray,
    values: FloatArray,
    *,
    threshold: float,
    share_before: float,
    base_error: float,
) -> ShareShift:
    """
    Return what the share of events has to do with the errors of some labelled predictions.

    Args:
        scores: of predictions since the rise, shape (n,), n at least 1.
        values: their outcomes, 0 or 1.
        share_before: of events among outcomes known before.
        base_error: the error the model was trusted with.

    Raises:
        InvalidInput: no prediction, or shapes that differ.
    """
    if not len(scores) or scores.shape != values.shape:
        raise InvalidInput(field="values", value=values.shape, expected="one outcome a score")
    events = values >= 0.5
    since = float(events.mean())
    errors = float(((scores >= threshold) != events).mean())
    told = told_of_share(scores, before=share_before, since=since)
    errors_if_told = float(((told >= threshold) != events).mean())
    rise = errors - base_error
    return ShareShift(
        before=share_before,
        since=since,
        errors=errors,
        errors_if_told=errors_if_told,
        explained=min(1.0, (errors - errors_if_told) / rise) if rise > 0 else 0.0,
    )


def _odds(share: float) -> float:
    kept = min(max(share, SMALLEST_SHARE), 1 - SMALLEST_SHARE)
    return kept / (1 - kept)
