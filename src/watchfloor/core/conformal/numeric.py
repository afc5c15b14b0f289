"""
Everything an estimate of a number needs to be shown with what it is worth, as one blob.

Days to failure, hours to close, units sold: the outcome is a number in a unit, the prediction
an estimate in the same unit, and, where the model has one, a sigma that says how difficult this
case is. A calibration belongs to one tenant, model version and definition of the outcome.
"""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from watchfloor.core.conformal.numeric_self_test import NumericSelfTest
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.errors import InvalidInput
from watchfloor.core.state_bytes import floats_of, read_state, state_bytes

FORMAT = "watchfloor-numeric-calibration-1"

FEWEST_PER_BIN = 100
"""A bin of fewer rows, or units, borrows the half-widths of all rows."""

HalfWidths = tuple[float, float, float]
"""In the order of `LEVELS`; infinite where the level cannot be certified."""


class NumericKind(StrEnum):
    """How the width of an interval comes about."""

    ABSOLUTE = "absolute"
    PAC = "pac"
    NORMALISED = "normalised"
    MONDRIAN = "mondrian"

    @property
    def promise(self) -> str:
        """What an interval of this kind may be held to, in one sentence."""
        return _PROMISES[self]


_PROMISES = {
    NumericKind.ABSOLUTE: (
        "Over calibrations and predictions together, at least this share of intervals contains "
        "the outcome."
    ),
    NumericKind.PAC: (
        "With the stated confidence this very calibration contains at least this share of "
        "outcomes from now on."
    ),
    NumericKind.NORMALISED: (
        "As absolute, over all predictions; the width follows how difficult each one is taken "
        "to be."
    ),
    NumericKind.MONDRIAN: (
        "As absolute, but also among the predictions that are taken to be about as difficult."
    ),
}


@dataclass(frozen=True, slots=True)
class SigmaBin:
    """
    The rows of one range of sigma.

    Args:
        n: rows, or units where rows of a unit depend on one another.
        half_widths: of the bin itself, or of all rows where it is too small.
        is_own: False where they are borrowed; then nothing is promised inside the bin.
    """

    n: int
    half_widths: HalfWidths
    is_own: bool


@dataclass(frozen=True, slots=True)
class NumericInterval:
    """
    Where the outcome lies, in its own unit; infinite ends where the level cannot be certified.

    `kind` says which promise it keeps: that of all rows, or that of rows of like difficulty.
    """

    level: int
    lower: float
    upper: float
    kind: NumericKind

    @property
    def is_certifiable(self) -> bool:
        """Whether the interval says anything."""
        return math.isfinite(self.upper)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericCalibration:
    """
    What the known outcomes of one model version say about its estimates.

    Args:
        unit: of outcome and estimate, such as `h` or `cycles`.
        n: known outcomes.
        n_groups: units among whose rows they are; None where rows are independent.
        n_effective: equal rows they are worth, where they had unequal chances to become known;
            None where all were sure to.
        delta: chance that the PAC half-widths cover less than their level.
        absolute, pac, normalised: half-widths; `normalised` ones are multiplied by
            max(sigma, sigma_floor), and infinite where no sigma is known.
        sigma_floor: least sigma; None without sigmas.
        sigma_edges: borders between the bins of sigma, ascending; one fewer than bins.
        bins: low sigma first; none without sigmas.
        self_test: the older half of the rows tried on the newer half.
    """

    unit: str
    n: int
    n_groups: int | None
    n_effective: float | None
    delta: float
    absolute: HalfWidths
    pac: HalfWidths
    normalised: HalfWidths
    sigma_floor: float | None
    sigma_edges: tuple[float, ...]
    bins: tuple[SigmaBin, ...]
    self_test: NumericSelfTest
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        expected = len(self.sigma_edges) + 1 if self.sigma_floor is not None else 0
        if len(self.bins) != expected:
            raise InvalidInput(field="bins", value=len(self.bins), expected=f"{expected} bins")
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).hexdigest())

    @property
    def n_counted(self) -> int:
        """What the promise counts: rows, units where rows of a unit depend, or effective rows."""
        if self.n_groups is not None:
            return self.n_groups
        return self.n if self.n_effective is None else int(self.n_effective)

    def certifiable_levels(self) -> tuple[int, ...]:
        """Return the levels, in percent, at which an interval says anything."""
        return tuple(
            level
            for level, half_width in zip(LEVELS, self.absolute, strict=True)
            if math.isfinite(half_width)
        )

    def shown_kind(self, sigma: float | None) -> NumericKind:
        """Return the kind that is shown: of like difficulty where enough such rows are known."""
        if sigma is None or not self.bins or not self._bin(sigma).is_own:
            return NumericKind.ABSOLUTE
        return NumericKind.MONDRIAN

    def offered_kinds(self, sigma: float | None) -> tuple[NumericKind, ...]:
        """
        Return the kinds there are for a prediction, the shown one first.

        A normalised width of fewer than 100 rows is left out: one row moves it anywhere.
        """
        shown = self.shown_kind(sigma)
        others = [NumericKind.ABSOLUTE]
        if self.n_groups is None and self.n_effective is None:
            others.append(NumericKind.PAC)
        if sigma is not None and self.bins and self.n_counted >= FEWEST_PER_BIN:
            others.append(NumericKind.NORMALISED)
        return (shown, *(kind for kind in others if kind is not shown))

    def interval(
        self,
        estimate: float,
        *,
        level: int,
        sigma: float | None = None,
        kind: NumericKind | None = None,
    ) -> NumericInterval:
        """
        Return the interval that contains the outcome with the given coverage.

        Args:
            estimate: in the unit of the outcome, finite.
            level: 90, 95 or 99, in percent.
            sigma: difficulty of this case in the same unit, not negative; None if unknown.
            kind: which construction; None for the one that is shown.

        Raises:
            InvalidInput: an estimate, level or sigma that does not fit, or a kind that needs
                a sigma where there is none.
        """
        level_of(level)
        if not math.isfinite(estimate):
            raise InvalidInput(field="estimate", value=estimate, expected="a finite number")
        if sigma is not None and not 0 <= sigma < math.inf:
            raise InvalidInput(field="sigma", value=sigma, expected="a finite number from 0 on")
        kind = kind or self.shown_kind(sigma)
        reach = self._half_width(kind, sigma, LEVELS.index(level))
        return NumericInterval(level, estimate - reach, estimate + reach, kind)

    def to_record(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "unit": self.unit,
            "n": self.n,
            "n_groups": self.n_groups,
            "n_effective": self.n_effective,
            "delta": self.delta,
            "absolute": self.absolute,
            "pac": self.pac,
            "normalised": self.normalised,
            "sigma_floor": self.sigma_floor,
            "sigma_edges": self.sigma_edges,
            "bins": [
                {"n": each.n, "half_widths": each.half_widths, "is_own": each.is_own}
                for each in self.bins
            ],
            "self_test": self.self_test.to_record(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the calibration of a record whose floats are hexadecimal texts."""
        return cls(
            unit=record["unit"],
            n=record["n"],
            n_groups=record["n_groups"],
            n_effective=_float(record["n_effective"]),
            delta=float.fromhex(record["delta"]),
            absolute=_half_widths(record["absolute"]),
            pac=_half_widths(record["pac"]),
            normalised=_half_widths(record["normalised"]),
            sigma_floor=_float(record["sigma_floor"]),
            sigma_edges=floats_of(record["sigma_edges"]),
            bins=tuple(
                SigmaBin(each["n"], _half_widths(each["half_widths"]), each["is_own"])
                for each in record["bins"]
            ),
            self_test=NumericSelfTest.from_record(record["self_test"]),
        )

    def to_bytes(self) -> bytes:
        """
        Return canonical JSON: equal calibrations give equal bytes on every machine.

        Source:
            RFC 8785, JSON Canonicalization Scheme.
        """
        return state_bytes(self, form=FORMAT)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """
        Read what `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not exactly what a calibration writes.
        """
        return read_state(data, cls, form=FORMAT)

    def _half_width(self, kind: NumericKind, sigma: float | None, at: int) -> float:
        if kind is NumericKind.ABSOLUTE:
            return self.absolute[at]
        if kind is NumericKind.PAC:
            return self.pac[at]
        if sigma is None or self.sigma_floor is None:
            raise InvalidInput(field="sigma", value=sigma, expected=f"a sigma for kind {kind}")
        if kind is NumericKind.NORMALISED:
            return self.normalised[at] * max(sigma, self.sigma_floor)
        return self._bin(sigma).half_widths[at]

    def _bin(self, sigma: float) -> SigmaBin:
        return self.bins[bisect_right(self.sigma_edges, sigma)]


def _float(text: str | None) -> float | None:
    return None if text is None else float.fromhex(text)


def _half_widths(texts: list[str]) -> HalfWidths:
    narrow, middle, wide = floats_of(texts)
    return narrow, middle, wide
