"""
How often a model must be expected to err, from its scores alone, before any label is in.

A calibrated score says how likely its event is, so it says how likely the answer at the
threshold is wrong. It sees what moves scores, and is blind to a world in which the same
scores have come to mean something else: it warns early, and labels decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.core.state_bytes import floats_of, read_state, state_bytes

FORM = "watchfloor-error-map-1"
MIN_LABELS = 200


@dataclass(frozen=True, slots=True)
class ErrorMap:
    """
    The rate of events by score, never falling; straight between its points.

    Args:
        scores: ascending, in [0, 1].
        rates: the rate at each, in [0, 1].
    """

    scores: tuple[float, ...]
    rates: tuple[float, ...]

    def expected_errors(self, scores: FloatArray, *, threshold: float) -> FloatArray:
        """
        Return how likely each answer is wrong, shape (n,), in [0, 1].

        >>> ErrorMap((0.0, 1.0), (0.0, 1.0)).expected_errors(np.array([0.2, 0.9]), threshold=0.5)
        array([0.2, 0.1])
        """
        rate = np.interp(scores, self.scores, self.rates)
        return np.asarray(np.where(scores >= threshold, 1 - rate, rate))

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        return state_bytes(self, form=FORM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "ErrorMap":
        """
        Return the map that `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not those of a map.
        """
        return read_state(data, cls, form=FORM)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {"scores": self.scores, "rates": self.rates}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ErrorMap":
        """Return the map of a stored record."""
        return cls(floats_of(record["scores"]), floats_of(record["rates"]))


def fit_error_map(
    scores: FloatArray, events: FloatArray, *, labels: FloatArray, min_labels: int = MIN_LABELS
) -> ErrorMap:
    """
    Return the map of matured labels: of days on which nearly every outcome is known.

    Args:
        scores: distinct scores, ascending, shape (k,).
        events: how many labelled predictions of each score were events.
        labels: how many were labelled at all; scores without any are left out.
        min_labels: fewer say nothing.

    Raises:
        InvalidInput: more events than labels, or scores out of order.
        NotReady: too few labels.

    Source:
        Barlow et al. (1972), "Statistical Inference under Order Restrictions": isotonic
        regression by pooling adjacent violators.
    """
    if (events > labels).any() or (np.diff(scores) <= 0).any():
        raise InvalidInput(field="events", value=len(scores), expected="at most one a label")
    if labels.sum() < min_labels:
        raise NotReady(f"expected error: {int(labels.sum())} labels, needed {min_labels}")
    used = labels > 0
    at, n = scores[used], labels[used]
    rates = optimize.isotonic_regression(events[used] / n, weights=n).x
    # Of a flat stretch only both ends are needed.
    keep = np.ones(len(rates), dtype=np.bool_)
    keep[1:-1] = (rates[1:-1] != rates[:-2]) | (rates[1:-1] != rates[2:])
    return ErrorMap(tuple(at[keep].tolist()), tuple(np.clip(rates[keep], 0, 1).tolist()))
