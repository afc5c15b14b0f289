"""
Everything a score needs to be acted on, fitted once and kept as one immutable blob.

A calibration belongs to one tenant, model version and definition of the outcome. It is fitted
on quantised scores whose outcomes are known, on rows the model was not trained on.
"""

import hashlib
import json
import math
from bisect import bisect_right
from dataclasses import asdict, astuple, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import rfc8785

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration_error import expected_calibration_error
from watchfloor.core.conformal.certified import Certificate, certify, certify_clear
from watchfloor.core.conformal.mondrian import bin_quantiles, outcome_interval
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.conformal.probability_bins import (
    ProbabilityInterval,
    bin_of,
    merged_edges,
    rate_interval,
)
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput

FORMAT = "watchfloor-calibration-1"

OutcomeBounds = tuple[float, float, float, float, float, float]
"""Lower and upper bound of each outcome interval, in the order of `LEVELS`."""

# No quantiles stand below 0 and from here on, NaN included: one look-up refuses what is outside.
_ABOVE_ONE = math.nextafter(1.0, 2.0)

_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    InvalidInput,
)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """
    One score bin: n known outcomes, k of them events, and what follows from them.

    `interval` holds the event rate; `quantiles` the outcome intervals' half-widths in the
    order of `LEVELS`, infinite where the bin is too small.
    """

    n: int
    k: int
    interval: ProbabilityInterval
    quantiles: tuple[float, ...]


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
    """

    edges: tuple[float, ...]
    bins: tuple[CalibrationBin, ...]
    ticket: Certificate
    clear: Certificate
    n: int
    n_positive: int
    ece: float | None
    base_rate: float | None
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

    def to_bytes(self) -> bytes:
        """
        Return canonical JSON: equal calibrations give equal bytes on every machine.

        Floats are written in hexadecimal, so that no digit is lost and infinity has a name.

        Source:
            RFC 8785, JSON Canonicalization Scheme.
        """
        return rfc8785.dumps(
            {
                "format": FORMAT,
                "edges": [edge.hex() for edge in self.edges],
                "bins": [_bin_record(each) for each in self.bins],
                "ticket": _certificate_record(self.ticket),
                "clear": _certificate_record(self.clear),
                "n": self.n,
                "n_positive": self.n_positive,
                "ece": _hex(self.ece),
                "base_rate": _hex(self.base_rate),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Calibration":
        """
        Read what `to_bytes` wrote.

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


def fit_calibration(
    scores: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    eps_ticket: float,
    eps_clear: float,
    delta: float,
) -> Calibration:
    """
    Fit intervals and certificates to known outcomes.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), any order.
        outcomes: 1 for an event, 0 for a clean one, shape (n,); unknown ones stay out.
        eps_ticket: promised share of clean ones among automatic tickets, in (0, 1).
        eps_clear: promised share of events among automatically cleared ones, in (0, 1).
        delta: chance that a promise fails, for each certificate, in (0, 1).

    Returns:
        A calibration; with too few rows it answers with the whole range and certifies nothing.

    Raises:
        InvalidInput: a score, outcome or share does not fit; it is named.

    >>> nothing_known = fit_calibration([], [], eps_ticket=0.1, eps_clear=0.01, delta=0.1)
    >>> nothing_known.interval(0.7).width, nothing_known.certified_from
    (1.0, None)
    """
    p, y = checked_pairs(scores, outcomes)
    # The same rows in another order must give the same bytes, sums of floats included.
    order = np.lexsort((y, p))
    p, y = p[order], y[order]
    edges = merged_edges(p)
    n, n_positive = len(p), int(y.sum())
    return Calibration(
        edges=edges,
        bins=_fit_bins(p, y, edges),
        ticket=certify(p, y, eps=eps_ticket, delta=delta),
        clear=certify_clear(p, y, eps=eps_clear, delta=delta),
        n=n,
        n_positive=n_positive,
        ece=expected_calibration_error(p, clean=1 - y, events=y),
        base_rate=n_positive / n if n else None,
    )


def _fit_bins(p: FloatArray, y: IntArray, edges: tuple[float, ...]) -> tuple[CalibrationBin, ...]:
    where = bin_of(p, edges)
    rows = np.bincount(where, minlength=len(edges) + 1).tolist()
    events = np.bincount(where[y == 1], minlength=len(edges) + 1).tolist()
    quantiles = bin_quantiles(p, y, edges=edges)
    return tuple(
        CalibrationBin(n=n, k=k, interval=rate_interval(k, n), quantiles=q)
        for n, k, q in zip(rows, events, quantiles, strict=True)
    )


def _bin_record(each: CalibrationBin) -> dict[str, Any]:
    return {
        "n": each.n,
        "k": each.k,
        "interval": [bound.hex() for bound in astuple(each.interval)],
        "quantiles": [quantile.hex() for quantile in each.quantiles],
    }


def _certificate_record(certificate: Certificate) -> dict[str, Any]:
    floats = {name: _hex(getattr(certificate, name)) for name in ("threshold", "eps", "delta")}
    return {**asdict(certificate), **floats}


def _hex(value: float | None) -> str | None:
    return None if value is None else float(value).hex()


def _float(text: str | None) -> float | None:
    return None if text is None else float.fromhex(text)


def _read(record: dict[str, Any]) -> Calibration:
    if record["format"] != FORMAT:
        raise ValueError(f"format {record['format']!r}")
    return Calibration(
        edges=tuple(map(float.fromhex, record["edges"])),
        bins=tuple(map(_read_bin, record["bins"])),
        ticket=_read_certificate(record["ticket"]),
        clear=_read_certificate(record["clear"]),
        n=record["n"],
        n_positive=record["n_positive"],
        ece=_float(record["ece"]),
        base_rate=_float(record["base_rate"]),
    )


def _read_bin(record: dict[str, Any]) -> CalibrationBin:
    return CalibrationBin(
        n=record["n"],
        k=record["k"],
        interval=ProbabilityInterval(*map(float.fromhex, record["interval"])),
        quantiles=tuple(map(float.fromhex, record["quantiles"])),
    )


def _read_certificate(record: dict[str, Any]) -> Certificate:
    return Certificate(
        threshold=_float(record["threshold"]),
        eps=float.fromhex(record["eps"]),
        delta=float.fromhex(record["delta"]),
        n=record["n"],
        n_certified=record["n_certified"],
        false_certified=record["false_certified"],
    )
