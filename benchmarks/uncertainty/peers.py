"""The peers, each by the shortest public way to the same result."""

import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from crepes import ConformalRegressor
from deel.puncc.api.calibration import BaseCalibrator
from deel.puncc.api.nonconformity_scores import absolute_difference
from deel.puncc.api.prediction_sets import constant_interval
from mapie.regression import SplitConformalRegressor
from sklearn.base import BaseEstimator, RegressorMixin

from watchfloor.core.arrays import FloatArray, IntArray

CONFIDENCES = (0.9, 0.95, 0.99)
PACKAGES = ("crepes", "mapie", "puncc", "venn-abers", "river", "sortedcontainers", "numpy", "numba")


class GivenScore(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model that answers with the score it is given: MAPIE asks for one."""

    fitted_ = True

    def fit(self, _x: Any, _y: Any) -> "GivenScore":
        """Learn nothing."""
        return self

    def predict(self, x: FloatArray) -> FloatArray:
        """Return the only column."""
        return x[:, 0]


class Crepes:
    """ConformalRegressor: residuals in, intervals out."""

    name = "crepes"

    def __init__(self, scores: FloatArray, outcomes: FloatArray) -> None:
        self._fitted = ConformalRegressor().fit(outcomes - scores)

    def bounds(self, scores: FloatArray) -> list[FloatArray]:
        """Return [lower, upper] columns at each level, not cut to [0, 1]."""
        return [self._fitted.predict_int(scores, confidence=level) for level in CONFIDENCES]

    def cut_bounds(self, scores: FloatArray) -> list[FloatArray]:
        """Return the same cut to [0, 1], as the intervals of a probability are."""
        return [
            self._fitted.predict_int(scores, confidence=level, y_min=0.0, y_max=1.0)
            for level in CONFIDENCES
        ]

    def quantiles(self) -> list[float]:
        """Return the half-widths."""
        return [float(each[0, 1]) for each in self.bounds(np.zeros(1))]


class CrepesInBins:
    """The same with a half-width for each bin; the bins are given, and cost nothing here."""

    name = "crepes"

    def __init__(self, scores: FloatArray, outcomes: FloatArray, bins: IntArray) -> None:
        self._fitted = ConformalRegressor().fit(outcomes - scores, bins=bins)

    def bounds(self, scores: FloatArray, bins: IntArray) -> list[FloatArray]:
        """Return [lower, upper] columns at each level, not cut to [0, 1]."""
        return [
            self._fitted.predict_int(scores, bins=bins, confidence=level) for level in CONFIDENCES
        ]


class Mapie:
    """SplitConformalRegressor around a model that answers with its input."""

    name = "MAPIE"

    def __init__(self, scores: FloatArray, outcomes: FloatArray) -> None:
        self._fitted = SplitConformalRegressor(
            GivenScore(), confidence_level=list(CONFIDENCES), prefit=True
        ).conformalize(scores[:, np.newaxis], outcomes)

    def bounds(self, scores: FloatArray) -> Any:
        """Return lower and upper bounds at each level."""
        return self._fitted.predict_interval(scores[:, np.newaxis])

    def quantiles(self) -> list[float]:
        """Return the half-widths."""
        return [float(each) for each in self.bounds(np.zeros(1))[1][0, 1]]


class Puncc:
    """BaseCalibrator, which has no model around it."""

    name = "puncc"

    def __init__(self, scores: FloatArray, outcomes: FloatArray) -> None:
        self._fitted = BaseCalibrator(
            nonconf_score_func=absolute_difference, pred_set_func=constant_interval
        )
        self._fitted.fit(y_true=outcomes, y_pred=scores)

    def bounds(self, scores: FloatArray) -> list[Any]:
        """Return lower and upper bounds at each level."""
        return [self._fitted.calibrate(alpha=alpha, y_pred=scores) for alpha in (0.1, 0.05, 0.01)]

    def quantiles(self) -> list[float]:
        """Return the half-widths."""
        return [float(self._fitted.compute_quantile(alpha=alpha)) for alpha in (0.1, 0.05, 0.01)]


INTERVAL_PEERS: Sequence[type[Crepes] | type[Mapie] | type[Puncc]] = (Crepes, Mapie, Puncc)


def versions() -> str:
    """Return the peers with their versions."""
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def quietly() -> None:
    """Let peers keep their advice: it would be written a thousand times."""
    warnings.simplefilter("ignore")
