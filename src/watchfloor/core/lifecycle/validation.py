"""
May a challenger take over: it must not be worse than the champion on the very same events.

Losses are compared in pairs, so what makes a day hard for both models cancels. Too few rows
are no verdict: the challenger goes on in shadow, it is not promoted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput
from watchfloor.core.ml_config import MLConfig

Floors = Mapping[str, float]


class ValidationReason(StrEnum):
    """Why a challenger passed or not."""

    NOT_WORSE = "not_worse"
    TOO_FEW_ROWS = "too_few_rows"
    TOO_FEW_POSITIVES = "too_few_positives"
    NOT_SHOWN_EQUAL = "not_shown_equal"
    WORSE_ON_EVENTS = "worse_on_events"
    WORSE_ON_A_SLICE = "worse_on_a_slice"
    BELOW_FLOOR = "below_floor"

    @property
    def sentence(self) -> str:
        """One sentence for the operator who asks."""
        return _SENTENCES[self]


_SENTENCES = {
    ValidationReason.NOT_WORSE: "On the same events it is at most the margin worse.",
    ValidationReason.TOO_FEW_ROWS: "Too few events have known outcomes to compare on.",
    ValidationReason.TOO_FEW_POSITIVES: "Too few of the compared outcomes are events.",
    ValidationReason.NOT_SHOWN_EQUAL: "It may be worse by more than the margin.",
    ValidationReason.WORSE_ON_EVENTS: "It is worse on the events, the rare class.",
    ValidationReason.WORSE_ON_A_SLICE: "It is worse on one tenant, site or group.",
    ValidationReason.BELOW_FLOOR: "A metric lies below its floor, or is not known.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationVerdict:
    """
    The judgement of one challenger.

    Args:
        passed: it may be promoted.
        reason: the first thing that speaks against it, or NOT_WORSE.
        difference: mean loss of the challenger less that of the champion; negative is better.
        bound: upper end of its interval; below the margin the challenger is not worse.
        margin: loss that is accepted, in the unit of the losses.
        n: pairs compared; `n_positive` of them are events.
        subject: the slice or metric the reason speaks of; empty without one.
    """

    passed: bool
    reason: ValidationReason
    difference: float | None
    bound: float | None
    margin: float
    n: int
    n_positive: int
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean of paired differences and the ends of its interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelValidator:
    """
    The thresholds of a validation; `judge` applies them.

    Args:
        margin: loss the challenger may lose at most, in the unit of the losses.
        min_n: fewest pairs. With discordance p_d about 10.5 p_d / margin^2 pairs give 90 %
            power: 790 at 3 % and a margin of two points.
        min_positives: fewest events among them.
        positive_margin: loss on events alone beyond which the challenger is blocked; with
            scores it is how much lower events rank among clean ones, in shares.
        slice_margin: loss on a slice beyond which it is blocked.
        min_slice_n: slices with fewer pairs are not judged.
        z: half-width of the intervals in standard errors.
        floors: metrics the challenger must reach by itself.
    """

    margin: float = 0.02
    min_n: int = 300
    min_positives: int = 50
    positive_margin: float = 0.05
    slice_margin: float = 0.05
    min_slice_n: int = 50
    z: float = 1.96
    floors: tuple[tuple[str, float], ...] = ()

    def judge(
        self,
        *,
        champion_losses: FloatArray,
        challenger_losses: FloatArray,
        outcomes: npt.ArrayLike,
        blocks: npt.ArrayLike | None = None,
        slices: npt.ArrayLike | None = None,
        metrics: Mapping[str, float | None] | None = None,
        scores: tuple[FloatArray, FloatArray] | None = None,
    ) -> ValidationVerdict:
        """
        Judge a challenger by its losses and the champion's on the same events.

        Args:
            champion_losses: in [0, 1], shape (n,); 0 and 1 for errors, or squared errors.
            challenger_losses: of the same events in the same order.
            outcomes: 1 for an event, 0 for a clean one, shape (n,).
            blocks: what clusters the events, such as their day, shape (n,); widens the
                interval where losses of a block go together.
            slices: tenant, site or group of each event, shape (n,).
            metrics: of the challenger, for the floors; an unknown one (None) is below its
                floor.
            scores: of champion and challenger, each shape (n,). Probabilities need them: where
                events have become rarer, a champion that calls too much an event has the
                smaller squared error on events, and every sound challenger would be blocked.

        Raises:
            InvalidInput: a loss or outcome that does not fit, or shapes that differ.

        >>> losses = np.array([0.0, 0, 0, 1] * 100)
        >>> ModelValidator().judge(
        ...     champion_losses=losses, challenger_losses=losses, outcomes=losses
        ... ).reason.value
        'not_worse'
        """
        y = np.asarray(outcomes, dtype=np.float64)
        old, new = (
            _checked("champion", champion_losses, y),
            _checked("challenger", challenger_losses, y),
        )
        loss = new - old
        groups = None if blocks is None else np.asarray(blocks)
        overall = paired_difference(loss, blocks=groups, z=self.z) if len(loss) else None
        on_events = loss[y == 1]
        if scores is not None:
            on_events = placements(scores[0], y) - placements(scores[1], y)
        reason, subject = self._first_objection(loss, y, overall, on_events, slices, metrics or {})
        return ValidationVerdict(
            passed=reason is ValidationReason.NOT_WORSE,
            reason=reason,
            difference=None if overall is None else overall.mean,
            bound=_finite(overall.high) if overall else None,
            margin=self.margin,
            n=len(loss),
            n_positive=int(y.sum()),
            subject=subject,
        )

    def _first_objection(
        self,
        loss: FloatArray,
        y: FloatArray,
        overall: PairedDifference | None,
        on_events: FloatArray,
        slices: npt.ArrayLike | None,
        metrics: Mapping[str, float | None],
    ) -> tuple[ValidationReason, str]:
        if overall is None or len(loss) < self.min_n:
            return ValidationReason.TOO_FEW_ROWS, ""
        if y.sum() < self.min_positives:
            return ValidationReason.TOO_FEW_POSITIVES, ""
        if not overall.high < self.margin:
            return ValidationReason.NOT_SHOWN_EQUAL, ""
        if self._is_worse(on_events, self.positive_margin):
            return ValidationReason.WORSE_ON_EVENTS, ""
        if (worse := self._worse_slice(loss, slices)) is not None:
            return ValidationReason.WORSE_ON_A_SLICE, worse
        if (low := self._metric_below_floor(metrics)) is not None:
            return ValidationReason.BELOW_FLOOR, low
        return ValidationReason.NOT_WORSE, ""

    def _is_worse(self, loss: FloatArray, margin: float, *, among: int = 1) -> bool:
        """
        Return whether a part of the events lost more than a margin, and not by chance.

        Shown worse, where the whole must be shown not worse: no part is large enough to be
        shown equal. The interval allows for the number of parts looked at (Bonferroni): forty
        sites at 2.5 % each would block every second challenger that equals its champion.
        """
        z = -float(special.ndtri(special.ndtr(-self.z) / among))
        part = paired_difference(loss, z=z)
        return part.mean > margin and part.low > 0

    def _worse_slice(self, loss: FloatArray, slices: npt.ArrayLike | None) -> str | None:
        if slices is None:
            return None
        of = np.asarray(slices)
        names, sizes = np.unique(of, return_counts=True)
        judged = names[sizes >= self.min_slice_n]
        for name in judged:
            if self._is_worse(loss[of == name], self.slice_margin, among=len(judged)):
                return str(name)
        return None

    def _metric_below_floor(self, metrics: Mapping[str, float | None]) -> str | None:
        for name, floor in self.floors:
            reached = metrics.get(name)
            # Written so that NaN is below every floor.
            if reached is None or not reached >= floor:
                return name
        return None


def placements(scores: npt.ArrayLike, outcomes: npt.ArrayLike) -> FloatArray:
    """
    Return for each event the share of clean ones that score below it, ties counted half.

    Their mean is the ROC AUC, so two models are compared event by event by how they rank,
    whatever the level of their scores.

    Args:
        scores: shape (n,); `outcomes` 1 for an event, 0 for a clean one, shape (n,), both kinds.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988), "Comparing the Areas under Two or More
        Correlated ROC Curves", Biometrics 44, 837-845.

    >>> placements([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]).tolist()
    [1.0, 0.75]
    """
    values, y = np.asarray(scores, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
    clean, events = np.sort(values[y == 0]), values[y == 1]
    below = np.searchsorted(clean, events, side="left")
    not_above = np.searchsorted(clean, events, side="right")
    return np.asarray((below + not_above) / (2 * max(len(clean), 1)), dtype=np.float64)


def paired_difference(
    loss: FloatArray, *, blocks: npt.NDArray[Any] | None = None, z: float = 1.96
) -> PairedDifference:
    """
    Return the mean of paired differences with its normal interval.

    Args:
        loss: loss of one model less that of the other, event by event, shape (n,), n > 0.
        blocks: cluster of each event, shape (n,); None takes every event as its own.
        z: half-width in standard errors.

    Source:
        Cluster-robust variance of a mean: Cameron and Miller (2015), "A Practitioner's Guide
        to Cluster-Robust Inference", Journal of Human Resources 50, 317-372, equation 8.
    """
    n, mean = len(loss), float(loss.mean())
    _, place = np.unique(np.arange(n) if blocks is None else blocks, return_inverse=True)
    sums = np.bincount(place, weights=loss - mean).astype(np.float64)
    k = len(sums)
    if k < 2:
        return PairedDifference(mean, -math.inf, math.inf, n)
    error = math.sqrt(k / (k - 1) * float((sums**2).sum())) / n
    return PairedDifference(mean, mean - z * error, mean + z * error, n)


def floors_of(config: MLConfig, *, model_type: str) -> tuple[tuple[str, float], ...]:
    """
    Return the floors that ML_CONFIG sets for a type of model; none for other types.

    >>> floors_of(MLConfig(), model_type="fraud_detector")
    (('pr_auc', 0.7), ('precision_at_80_recall', 0.5))
    """
    if model_type == "fraud_detector":
        return (
            ("pr_auc", config.fraud_min_pr_auc),
            ("precision_at_80_recall", config.fraud_min_precision_at_80_recall),
        )
    if model_type == "conflict_predictor":
        return (
            ("accuracy", config.conflict_min_accuracy),
            ("precision", config.conflict_min_precision),
            ("recall", config.conflict_min_recall),
            ("roc_auc", config.conflict_min_roc_auc),
        )
    return ()


def _checked(name: str, losses: FloatArray, outcomes: FloatArray) -> FloatArray:
    values = np.asarray(losses, dtype=np.float64)
    if values.ndim != 1 or values.shape != outcomes.shape:
        raise InvalidInput(
            field=f"{name}_losses", value=values.shape, expected=f"one an outcome: {outcomes.shape}"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise InvalidInput(field=f"{name}_losses", value="a loss", expected="losses in [0, 1]")
    if not np.isin(outcomes, (0.0, 1.0)).all():
        raise InvalidInput(field="outcomes", value="an outcome", expected="0 or 1")
    return values


def _finite(value: float) -> float | None:
    """Return what JSON can hold: an interval without an end has none."""
    return value if math.isfinite(value) else None
