"""Train a gradient-boosted classifier whose bytes are the same whenever its rows are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.errors import NotReady
from watchfloor.ml.versions.artifacts import Features, encode, to_bytes

GOLDEN_INPUTS = 256
# Below this many rows an isotonic fit follows noise; a sigmoid has two parameters.
ISOTONIC_FROM = 1000
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "cat_smooth": 30.0,
    "max_cat_to_onehot": 4,
    # One thread and both determinism switches: equal rows give equal bytes.
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
ROUNDS = 150


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """
    Labelled rows in the order of their events.

    Args:
        features: one mapping a row, names to number, text or None.
        labels: shape (n,), 0 or 1.
        weights: shape (n,), one over the propensity of being labelled.
    """

    features: Sequence[Features]
    labels: FloatArray
    weights: FloatArray

    def part(self, rows: Sequence[int]) -> "TrainingRows":
        """Return some of the rows."""
        chosen = np.asarray(rows, dtype=np.int64)
        return TrainingRows(
            features=[self.features[i] for i in chosen],
            labels=self.labels[chosen],
            weights=self.weights[chosen],
        )


def train(rows: TrainingRows, *, feature_names: Sequence[str], seed: int) -> bytes:
    """
    Return the artifact trained on `rows`.

    Every fifth row in time fits the map from the booster's margin to a probability and is
    not shown to the trees, whose overconfidence could not be seen on rows that caused it.
    The newest fifth will not do: of late events only the labels that come quickly are known,
    and those may be all of one class.

    Raises:
        NotReady: fewer than 50 rows, or only one class.
    """
    n = len(rows.labels)
    if n < 50 or len(np.unique(rows.labels)) < 2:
        raise NotReady(f"{n} labelled rows with {int(rows.labels.sum())} events cannot be trained")
    held = _held_for_the_map(rows.labels)
    categories = _categories(rows.features, feature_names)
    matrix = encode(rows.features, features=feature_names, categories=categories)
    booster = lightgbm.train(
        {**PARAMETERS, "seed": seed},
        lightgbm.Dataset(
            matrix[~held],
            rows.labels[~held],
            weight=rows.weights[~held],
            feature_name=[f"f{i}" for i in range(len(feature_names))],
            categorical_feature=[feature_names.index(name) for name in categories],
        ),
        num_boost_round=ROUNDS,
    )
    margin = np.asarray(booster.predict(matrix[held], raw_score=True, num_threads=1))
    return to_bytes(
        booster_text=booster.model_to_string(),
        features=feature_names,
        categories=categories,
        knots=_fit_knots(margin, rows.labels[held], rows.weights[held]),
        golden=rows.features[-GOLDEN_INPUTS:],
    )


def _held_for_the_map(labels: FloatArray) -> BoolArray:
    """Return which rows fit the map: every fifth in time, more of them if a class is missing."""
    for step in (5, 3, 2):
        held: BoolArray = np.arange(len(labels)) % step == step - 1
        if len(np.unique(labels[held])) == 2 and len(np.unique(labels[~held])) == 2:
            return held
    raise NotReady("events and non-events do not both occur in each half of the training rows")


def _categories(features: Sequence[Features], names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return text features with their values numbered in alphabetical order."""
    found: dict[str, set[str]] = {}
    for row in features:
        for name in names:
            if isinstance(row.get(name), str):
                found.setdefault(name, set()).add(row[name])
    return {
        name: {value: code for code, value in enumerate(sorted(values))}
        for name, values in sorted(found.items())
    }


def _fit_knots(
    margin: FloatArray, labels: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the piecewise linear map from margin to probability as its two axes."""
    if len(margin) >= ISOTONIC_FROM:
        fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        fit.fit(margin, labels, sample_weight=weights)
        return fit.X_thresholds_.astype(np.float64), fit.y_thresholds_.astype(np.float64)
    sigmoid = LogisticRegression(C=1e3).fit(margin[:, None], labels, sample_weight=weights)
    x = np.linspace(-12.0, 12.0, 481)
    slope = max(float(sigmoid.coef_[0, 0]), 1e-3)
    return x, 1 / (1 + np.exp(-(slope * x + float(sigmoid.intercept_[0]))))
