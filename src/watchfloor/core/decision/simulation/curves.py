"""ROC and precision-recall curves of a history: every threshold in one pass over its cells."""

from dataclasses import dataclass

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.decision.simulation.history import History


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """
    Known outcomes at or above each score, scores descending, all of shape (k,).

    Args:
        thresholds: the distinct scores at which an outcome is known.
        events: known events at or above, the true positives.
        clean: known clean ones at or above, the false positives.
    """

    thresholds: FloatArray
    events: IntArray
    clean: IntArray

    @property
    def recall(self) -> FloatArray:
        """True positive rate; NaN without events."""
        return self._share_of_last(self.events)

    @property
    def false_positive_rate(self) -> FloatArray:
        """Clean ones at or above of all clean ones; NaN without clean ones."""
        return self._share_of_last(self.clean)

    @property
    def precision(self) -> FloatArray:
        """Events of all known at or above."""
        return self.events / (self.events + self.clean)

    def at(self, threshold: float) -> int:
        """Return how many of the points lie at or above a threshold."""
        return int(np.searchsorted(-self.thresholds, -threshold, side="right"))

    def _share_of_last(self, counts: IntArray) -> FloatArray:
        total = counts[-1] if len(counts) else 0
        return counts / total if total else np.full(len(counts), np.nan)


def curve(history: History) -> Curve:
    """
    Return the curve of a history's known outcomes, all calibrations together.

    Equal to `roc_curve` and `precision_recall_curve` of scikit-learn on the quantised scores,
    less the points those add at the ends.
    """
    scores, cell = np.unique(history.scores, return_inverse=True)
    events = np.bincount(cell, weights=history.event, minlength=len(scores))
    clean = np.bincount(cell, weights=history.clean, minlength=len(scores))
    known = (events + clean) > 0
    return Curve(
        scores[known][::-1],
        np.cumsum(events[known][::-1]).astype(np.int64),
        np.cumsum(clean[known][::-1]).astype(np.int64),
    )


def area_under_roc(found: Curve) -> float | None:
    """Return the area under the ROC curve; None unless both outcomes are known."""
    x, y = found.false_positive_rate, found.recall
    if not len(x) or np.isnan(x[-1]) or np.isnan(y[-1]):
        return None
    return float(np.trapezoid(np.concatenate([[0.0], y]), np.concatenate([[0.0], x])))


def average_precision(found: Curve) -> float | None:
    """Return the area under the precision-recall curve as a sum of steps; None without events."""
    if not len(found.events) or not found.events[-1]:
        return None
    return float(np.diff(found.recall, prepend=0.0) @ found.precision)
