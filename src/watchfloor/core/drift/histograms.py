"""Histograms of days side by side, so that one calculation measures them all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class DayHistogram:
    """
    One histogram of the days of both sides, in the same bins.

    Args:
        reference: events by day and bin, shape (D, B).
        current: events by day and bin, shape (C, B).
        centers: the value that each bin stands for, ascending; bins beyond them count what
            is missing. None for words, which have no order.
    """

    reference: IntArray
    current: IntArray
    centers: FloatArray | None


@dataclass(frozen=True, slots=True)
class DayHistograms:
    """
    Many histograms of the same days, one beside the other.

    Args:
        reference: events by day and bin, shape (D, W): all bins of the first, of the second, ...
        current: as `reference`, shape (C, W).
        places: the columns of each, by name.
        centers: as in `DayHistogram`, by name.

    Raises:
        InvalidInput: a side is not by day and bin, has other bins, or negative counts.
    """

    reference: IntArray
    current: IntArray
    places: Mapping[str, slice]
    centers: Mapping[str, FloatArray | None]

    def __post_init__(self) -> None:
        width = max((place.stop for place in self.places.values()), default=0)
        for field, side in (("reference", self.reference), ("current", self.current)):
            if side.ndim != 2 or side.shape[1] != width:
                raise InvalidInput(
                    field=field, value=side.shape, expected=f"counts by day and {width} bins"
                )
            if side.min(initial=0) < 0:
                at = int((side < 0).any(axis=0).argmax())
                name = next(n for n, place in self.places.items() if at < place.stop)
                raise InvalidInput(
                    field=f"{field} of {name}", value=side.min(), expected="counts of at least 0"
                )

    @classmethod
    def of(cls, histograms: Mapping[str, DayHistogram]) -> Self:
        """
        Put histograms of the same days side by side.

        Raises:
            InvalidInput: they are not of the same days, or a side has other bins.
        """
        sides = [[np.asarray(s) for s in (h.reference, h.current)] for h in histograms.values()]
        for name, (reference, current) in zip(histograms, sides, strict=True):
            shapes = reference.shape, current.shape
            fits = reference.ndim == current.ndim == 2 and shapes[0][1] == shapes[1][1]
            if not fits or [len(s) for s in (reference, current)] != [len(s) for s in sides[0]]:
                raise InvalidInput(
                    field=name, value=shapes, expected="the same days, by day and equally many bins"
                )
        ends = list(accumulate(reference.shape[1] for reference, _ in sides))
        return cls(
            np.concatenate([reference for reference, _ in sides], axis=1),
            np.concatenate([current for _, current in sides], axis=1),
            {n: slice(b, e) for n, b, e in zip(histograms, [0, *ends], ends, strict=False)},
            {name: one.centers for name, one in histograms.items()},
        )

    def one(self, name: str) -> DayHistogram:
        """Return one of them by itself."""
        place = self.places[name]
        return DayHistogram(self.reference[:, place], self.current[:, place], self.centers[name])

    def batches(self) -> list["Batch"]:
        """Return all of them in a few batches of one kind and about one size."""
        alike: dict[tuple[bool, int], list[str]] = defaultdict(list)
        for name, place in self.places.items():
            is_words = self.centers[name] is None
            alike[is_words, (place.stop - place.start).bit_length()].append(name)
        return [self._batch(names) for names in alike.values()]

    def _batch(self, names: Sequence[str]) -> "Batch":
        starts = np.array([self.places[name].start for name in names])[:, None]
        widths = np.array([self.places[name].stop for name in names])[:, None] - starts
        centers = [self.centers[name] for name in names]
        known = [0 if each is None else len(each) for each in centers]
        bins = np.arange(widths.max())
        is_bin = bins < widths
        return Batch(
            names=names,
            columns=np.where(is_bin, starts + bins, -1),
            is_bin=is_bin,
            centers=None if centers[0] is None else _filled(centers, len(bins)),
            is_known=bins < np.array(known)[:, None],
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Histograms of one kind and about one size, filled up with empty bins.

    Args:
        names: shape (F,).
        columns: where their bins lie, shape (F, B); -1 for a filling.
        is_bin: which bins are none, shape (F, B).
        centers: what bins stand for, the last value repeated, shape (F, B); None for words.
        is_known: which bins have a center, shape (F, B); none of words.
    """

    names: Sequence[str]
    columns: IntArray
    is_bin: BoolArray
    centers: FloatArray | None
    is_known: BoolArray

    @property
    def ordered(self) -> bool:
        """Whether the bins have an order."""
        return self.centers is not None

    def of(self, counts: IntArray) -> IntArray:
        """Return the histograms of counts of shape (..., W), as shape (..., F, B)."""
        return np.asarray(counts[..., self.columns] * self.is_bin)


def _filled(centers: Sequence[FloatArray | None], n_bins: int) -> FloatArray:
    filled = np.zeros((len(centers), n_bins))
    for row, each in zip(filled, centers, strict=True):
        if each is not None and len(each):
            row[: len(each)] = each
            row[len(each) :] = each[-1]
    return filled
