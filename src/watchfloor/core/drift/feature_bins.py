"""
The bins a feature is counted in: frozen with a model version, so that any two days compare.

Numbers have bins of equal share of what the version was trained on; a value that is common
by itself stands alone, so that a constant which comes alive is seen at once. Words are
counted by name. What is missing has a bin of its own, for missing more often is drift too.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.errors import InvalidInput
from watchfloor.core.state_bytes import floats_of, read_state, state_bytes

FORM = "watchfloor-feature-bins-1"
N_BINS = 64
MOST_NAMES = 62


@dataclass(frozen=True, slots=True)
class NumericBins:
    """
    Bins of a number; the last one counts what is missing.

    Args:
        edges: ascending; bin i holds values above edge i - 1 and up to edge i.
        centers: mean of the frozen values in each bin, ascending, one more than edges.
    """

    edges: tuple[float, ...]
    centers: tuple[float, ...]

    @property
    def n_bins(self) -> int:
        """Bins in all, the one for missing included."""
        return len(self.edges) + 2

    def count(self, values: Sequence[Any]) -> IntArray:
        """
        Return how many values lie in each bin, shape (n_bins,).

        What is no finite number counts as missing.

        >>> freeze([3.0] * 10).count([2.0, 3.0, 4.0, None]).tolist()
        [1, 1, 1, 1]
        """
        numbers, known = _numbers(values)
        place = np.searchsorted(np.array(self.edges), numbers[known], side="left")
        counts = np.bincount(place, minlength=self.n_bins)
        counts[-1] = len(values) - int(known.sum())
        return counts.astype(np.int64)

    def labels(self) -> list[str]:
        """
        Return what each bin holds, for a table.

        >>> freeze([3.0] * 10).labels()
        ['under 3', '3', 'over 3', 'missing']
        """
        if not self.edges:
            return ["any number", "missing"]
        said = [f"{edge:.4g}" for edge in self.edges]
        inner = [high if low == high else f"{low} to {high}" for low, high in pairwise(said)]
        return [f"under {said[0]}", *inner, f"over {said[-1]}", "missing"]


@dataclass(frozen=True, slots=True)
class CategoryBins:
    """Bins of a word: each name, then all others, then what is missing."""

    names: tuple[str, ...]

    @property
    def n_bins(self) -> int:
        """Bins in all."""
        return len(self.names) + 2

    def count(self, values: Sequence[Any]) -> IntArray:
        """
        Return how many values lie in each bin, shape (n_bins,).

        >>> freeze(["gate", "door", "gate"]).count(["gate", "roof", None]).tolist()
        [0, 1, 1, 1]
        """
        found = Counter(None if value is None else str(value) for value in values)
        named = [found.pop(name, 0) for name in self.names]
        missing = found.pop(None, 0)
        return np.array([*named, sum(found.values()), missing], dtype=np.int64)

    def labels(self) -> list[str]:
        """Return what each bin holds, for a table."""
        return [*self.names, "other", "missing"]


Bins = NumericBins | CategoryBins


def freeze(values: Sequence[Any]) -> Bins:
    """
    Return the bins for a feature that had these values while its model was trained.

    Args:
        values: numbers, words and None, any order; one word among them makes it a category.

    Raises:
        InvalidInput: no value is known at all.
    """
    if any(isinstance(value, str) for value in values):
        common = Counter(str(value) for value in values if value is not None)
        # Of equally common names the alphabet chooses, so that equal rows give equal bins.
        ranked = sorted(common.items(), key=lambda item: (-item[1], item[0]))
        return CategoryBins(tuple(sorted(name for name, _ in ranked[:MOST_NAMES])))
    numbers, known = _numbers(values)
    if not known.any():
        raise InvalidInput(field="values", value=len(values), expected="one known value")
    return _numeric(np.sort(numbers[known]))


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """The bins of every feature of a model version; its bytes are stored with the version."""

    by_name: Mapping[str, Bins]

    @property
    def places(self) -> dict[str, slice]:
        """Where each feature's bins lie when the histograms stand one after another by name."""
        names = sorted(self.by_name)
        ends = list(accumulate(self.by_name[name].n_bins for name in names))
        return {
            name: slice(end - self.by_name[name].n_bins, end)
            for name, end in zip(names, ends, strict=True)
        }

    @property
    def centers(self) -> dict[str, FloatArray | None]:
        """What the bins of each feature stand for; None for words."""
        return {
            name: np.array(bins.centers) if isinstance(bins, NumericBins) else None
            for name, bins in self.by_name.items()
        }

    @property
    def n_bins(self) -> int:
        """All bins of all features."""
        return sum(bins.n_bins for bins in self.by_name.values())

    def count(self, rows: Sequence[Mapping[str, Any]]) -> IntArray:
        """
        Return the histograms of all features over rows, shape (n_bins,), as `places` says.

        A feature that a row lacks is missing.
        """
        counts = np.zeros(self.n_bins, dtype=np.int64)
        for name, place in self.places.items():
            counts[place] = self.by_name[name].count([row.get(name) for row in rows])
        return counts

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        return state_bytes(self, form=FORM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "FeatureBins":
        """
        Return the bins that `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not those of bins.
        """
        return read_state(data, cls, form=FORM)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {
            "features": {
                name: {"names": bins.names}
                if isinstance(bins, CategoryBins)
                else {"edges": bins.edges, "centers": bins.centers}
                for name, bins in sorted(self.by_name.items())
            }
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "FeatureBins":
        """Return the bins of a stored record."""
        return cls(
            {
                name: CategoryBins(tuple(one["names"]))
                if "names" in one
                else NumericBins(floats_of(one["edges"]), floats_of(one["centers"]))
                for name, one in record["features"].items()
            }
        )


def freeze_rows(rows: Sequence[Mapping[str, Any]], *, names: Iterable[str]) -> FeatureBins:
    """
    Return the bins of the features of rows; a feature without any known value gets none.

    >>> sorted(freeze_rows([{"a": 1.0, "b": None}], names=["a", "b"]).by_name)
    ['a']
    """
    columns = {name: [row.get(name) for row in rows] for name in names}
    return FeatureBins(
        {
            name: freeze(values)
            for name, values in sorted(columns.items())
            if any(value is not None for value in values)
        }
    )


def _numbers(values: Sequence[Any]) -> tuple[FloatArray, BoolArray]:
    """Return values as numbers and which of them are; words are none."""
    numbers = np.array(
        [float(v) if isinstance(v, int | float) else math.nan for v in values], dtype=np.float64
    )
    return numbers, np.isfinite(numbers)


def _numeric(ordered: FloatArray) -> NumericBins:
    """
    Cut at 63 quantiles, and on both sides of a value that several of them fall on.

    A value on k quantiles costs two edges where it had k, so there are never more than 64 bins.
    """
    ranks = (np.arange(1, N_BINS) * len(ordered)) // N_BINS
    cuts, times = np.unique(ordered[np.minimum(ranks, len(ordered) - 1)], return_counts=True)
    below = np.nextafter(cuts[times > 1], -np.inf)
    edges = np.unique(np.concatenate([cuts, below]))
    return NumericBins(tuple(edges.tolist()), tuple(_centers(ordered, edges).tolist()))


def _centers(ordered: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the mean of the values in each bin; where there is none, the nearest edge."""
    place = np.searchsorted(edges, ordered, side="left")
    n = np.bincount(place, minlength=len(edges) + 1)
    sums = np.bincount(place, weights=ordered, minlength=len(edges) + 1)
    nearest = np.append(edges, edges[-1])
    means = np.where(n > 0, sums / np.maximum(n, 1), nearest)
    # The mean of equal numbers may differ from them in the last digit, and cross its edge.
    low = np.append(-np.inf, edges)
    high = np.append(edges, np.inf)
    return np.asarray(np.clip(means, low, high))
