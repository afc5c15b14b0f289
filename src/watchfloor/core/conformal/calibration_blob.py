"""
A calibration as one immutable value: what every worker loads once, named by its digest.

Canonical JSON with every float in hexadecimal: equal calibrations are equal bytes.
"""

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rfc8785

from watchfloor.core.conformal.calibration_parts import (
    CalibrationBin,
    bin_record,
    certificate_record,
    curve_record,
    float_of,
    hex_of,
    positives_record,
    read_bin,
    read_certificate,
    read_curve,
    read_positives,
    read_widths,
    widths_record,
)
from watchfloor.core.conformal.certified import Certificate
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.core.conformal.mondrian import outcome_interval
from watchfloor.core.conformal.positives_cleared import PositivesCleared
from watchfloor.core.conformal.probability_bins import ProbabilityInterval
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.conformal.venn_abers import VennAbers
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput

FORMAT_1 = "watchfloor-calibration-1"
"""Bins and certificates alone; still read, and written again as it was."""

FORMAT = "watchfloor-calibration-2"
"""With the Venn-Abers table, the effective number of rows, and what else was fitted."""

OutcomeBounds = tuple[float, float, float, float, float, float]
"""Lower and upper bound of each outcome interval, in the order of `LEVELS`."""

# No quantiles stand below 0 and from here on, NaN included: one look-up refuses what is outside.
_ABOVE_ONE = math.nextafter(1.0, 2.0)

NOTHING_KNOWN = VennAbers()

_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    InvalidInput,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """
    What the known outcomes of one model version say about its scores.

    Args:
        edges: borders between the bins, ascending; one fewer than bins.
        bins: the score bins, low scores first.
        ticket: certificate for automatic tickets, at and above its threshold.
        clear: certificate for automatic clearing, at and below its threshold.
        n: known outcomes.
        n_positive: how many were events.
        ece: expected calibration error of the scores; None without outcomes.
        base_rate: share of events; None without outcomes.
        n_effective: rows of equal weight that say as much; None where it was not kept.
        venn_abers: the pair of every score; None where it was not kept.
        positives_cleared: below which score clearing hides at most a share of all events; None
            where that was not kept.
        tickets_at, clearing_at: what other promises would certify; None where not kept.
        marginal: half-widths of outcome intervals whose promise is over all predictions
            together, in the order of `LEVELS`; None where not kept.
        marginal_pac: the same, held by this very set with probability 1 - delta.
        form: layout of the bytes it is written in.
    """

    edges: tuple[float, ...]
    bins: tuple[CalibrationBin, ...]
    ticket: Certificate
    clear: Certificate
    n: int
    n_positive: int
    ece: float | None
    base_rate: float | None
    n_effective: float | None = None
    venn_abers: VennAbers | None = None
    positives_cleared: PositivesCleared | None = None
    tickets_at: EpsCurve | None = None
    clearing_at: EpsCurve | None = None
    marginal: tuple[float, ...] | None = None
    marginal_pac: tuple[float, ...] | None = None
    form: str = FORMAT
    digest: str = field(init=False, compare=False)
    _intervals: tuple[ProbabilityInterval, ...] = field(init=False, repr=False, compare=False)
    _borders: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _quantiles: tuple[tuple[float, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.bins) != len(self.edges) + 1:
            raise InvalidInput(
                field="bins", value=len(self.bins), expected=f"{len(self.edges) + 1} bins"
            )
        object.__setattr__(self, "_intervals", tuple(each.interval for each in self.bins))
        object.__setattr__(self, "_borders", (0.0, *self.edges, _ABOVE_ONE))
        object.__setattr__(self, "_quantiles", ((), *(each.quantiles for each in self.bins), ()))
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).hexdigest())

    @property
    def certified_from(self) -> float | None:
        """Automatic tickets are certified at and above this score; None where none are."""
        return self.ticket.threshold

    @property
    def clear_below(self) -> float | None:
        """Automatic clearing is certified at and below this score; None where none is."""
        return self.clear.threshold

    @property
    def calibration_score(self) -> float | None:
        """1 - ECE: 1 where scores are the event rates they claim; None without outcomes."""
        return None if self.ece is None else 1 - self.ece

    def interval(self, score: float) -> ProbabilityInterval:
        """
        Return where the event rate of predictions like this one lies.

        Raises:
            InvalidInput: the score is NaN or outside [0, 1].
        """
        return self._intervals[self._bin(score)]

    def outcome_bounds(self, score: float, level: int) -> tuple[float, float]:
        """
        Return the interval that contains the outcome itself with the given coverage.

        Args:
            score: quantised probability in [0, 1].
            level: 90, 95 or 99, in percent; kept within each score bin.

        Raises:
            InvalidInput: the score or the level does not fit.
        """
        level_of(level)
        return outcome_interval(score, self.bins[self._bin(score)].quantiles[LEVELS.index(level)])

    def outcome_bounds_all(self, score: float) -> OutcomeBounds:
        """
        Return the outcome intervals at 90, 95 and 99 %, for the path of one prediction.

        Returns:
            Lower and upper bound at 90 %, then at 95 and 99 %.

        Raises:
            InvalidInput: the score is NaN or outside [0, 1].
        """
        # Written out: calls and nested tuples would cost more than all the rest.
        try:
            q90, q95, q99 = self._quantiles[bisect_right(self._borders, score)]
        except ValueError:
            raise InvalidInput(field="score", value=score, expected="a number in [0, 1]") from None
        return (
            score - q90 if score > q90 else 0.0,
            score + q90 if score + q90 < 1.0 else 1.0,
            score - q95 if score > q95 else 0.0,
            score + q95 if score + q95 < 1.0 else 1.0,
            score - q99 if score > q99 else 0.0,
            score + q99 if score + q99 < 1.0 else 1.0,
        )

    def pair(self, score: float) -> tuple[float, float]:
        """
        Return the Venn-Abers pair p0 <= p1: one of the two is a calibrated probability.

        (0, 1), which says nothing, where the pair was not kept.

        Raises:
            InvalidInput: the score is NaN or outside [0, 1].
        """
        return (self.venn_abers or NOTHING_KNOWN).pair(score)

    def bins_with(self, level: int) -> int:
        """
        Return in how many score bins an outcome interval of a level is promised.

        Raises:
            InvalidInput: not one of 90, 95, 99.
        """
        level_of(level)
        at = LEVELS.index(level)
        return sum(each.quantiles[at] < math.inf for each in self.bins)

    def to_bytes(self) -> bytes:
        """
        Return canonical JSON: equal calibrations give equal bytes on every machine.

        Source:
            RFC 8785, JSON Canonicalization Scheme.
        """
        record: dict[str, Any] = {
            "format": self.form,
            "edges": [edge.hex() for edge in self.edges],
            "bins": [bin_record(each) for each in self.bins],
            "ticket": certificate_record(self.ticket),
            "clear": certificate_record(self.clear),
            "n": self.n,
            "n_positive": self.n_positive,
            "ece": hex_of(self.ece),
            "base_rate": hex_of(self.base_rate),
        }
        return rfc8785.dumps(record | self._later_parts())

    def _later_parts(self) -> dict[str, Any]:
        """Return what format 1 did not have; a part that was not fitted is left out."""
        parts = {
            "n_effective": hex_of(self.n_effective),
            "venn_abers": self.venn_abers.to_record() if self.venn_abers else None,
            "positives_cleared": (
                positives_record(self.positives_cleared) if self.positives_cleared else None
            ),
            "tickets_at": curve_record(self.tickets_at) if self.tickets_at else None,
            "clearing_at": curve_record(self.clearing_at) if self.clearing_at else None,
            "marginal": widths_record(self.marginal) if self.marginal else None,
            "marginal_pac": widths_record(self.marginal_pac) if self.marginal_pac else None,
        }
        return {name: part for name, part in parts.items() if part is not None}

    @classmethod
    def from_bytes(cls, data: bytes) -> "Calibration":
        """
        Read what `to_bytes` wrote, in either format.

        Raises:
            ArtifactCorrupt: the bytes are not exactly what a calibration writes.
        """
        try:
            read = _read(json.loads(data))
        except _UNREADABLE as wrong:
            raise ArtifactCorrupt(f"calibration cannot be read: {wrong!r}") from wrong
        if read.to_bytes() != data:
            raise ArtifactCorrupt("calibration bytes are not canonical")
        return read

    def _bin(self, score: float) -> int:
        if not 0.0 <= score <= 1.0:
            raise InvalidInput(field="score", value=score, expected="a number in [0, 1]")
        return bisect_right(self.edges, score)


def _read(record: dict[str, Any]) -> Calibration:
    form = record["format"]
    if form not in (FORMAT_1, FORMAT):
        raise ValueError(f"format {form!r}")
    return Calibration(
        form=form,
        edges=tuple(map(float.fromhex, record["edges"])),
        bins=tuple(map(read_bin, record["bins"])),
        ticket=read_certificate(record["ticket"]),
        clear=read_certificate(record["clear"]),
        n=record["n"],
        n_positive=record["n_positive"],
        ece=float_of(record["ece"]),
        base_rate=float_of(record["base_rate"]),
        n_effective=float_of(record.get("n_effective")),
        **{name: read(record[name]) for name, read in _LATER_PARTS.items() if name in record},
    )


_LATER_PARTS: dict[str, Callable[[Any], Any]] = {
    "venn_abers": VennAbers.from_record,
    "positives_cleared": read_positives,
    "tickets_at": read_curve,
    "clearing_at": read_curve,
    "marginal": read_widths,
    "marginal_pac": read_widths,
}
