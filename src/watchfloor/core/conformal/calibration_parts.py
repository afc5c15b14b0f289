"""
The parts of a calibration as plain records: what is written is what is read, to the last bit.

Floats are written in hexadecimal, so that no digit is lost and infinity has a name.
"""

from dataclasses import asdict, astuple, dataclass
from typing import Any

from watchfloor.core.conformal.certified import Certificate
from watchfloor.core.conformal.eps_curve import EpsCurve, EpsPoint
from watchfloor.core.conformal.positives_cleared import PositivesCleared
from watchfloor.core.conformal.probability_bins import ProbabilityInterval


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """
    One score bin: n known outcomes, k of them events, and what follows from them.

    Three numbers a level: lower and upper end of the event rate in `interval`, and in
    `quantiles` the half-width of the outcome interval, in the order of `LEVELS`, infinite where
    the bin is too small.
    """

    n: int
    k: int
    interval: ProbabilityInterval
    quantiles: tuple[float, ...]


def hex_of(value: float | None) -> str | None:
    """
    Return a float as exact text.

    >>> hex_of(0.5), hex_of(None)
    ('0x1.0000000000000p-1', None)
    """
    return None if value is None else float(value).hex()


def float_of(text: str | None) -> float | None:
    """
    Return the float that `hex_of` wrote.

    >>> float_of("0x1.0p-1"), float_of(None)
    (0.5, None)
    """
    return None if text is None else float.fromhex(text)


def bin_record(each: CalibrationBin) -> dict[str, Any]:
    """Return a score bin as plain JSON values."""
    return {
        "n": each.n,
        "k": each.k,
        "interval": [bound.hex() for bound in astuple(each.interval)],
        "quantiles": [quantile.hex() for quantile in each.quantiles],
    }


def read_bin(record: dict[str, Any]) -> CalibrationBin:
    """Return the score bin of a record."""
    return CalibrationBin(
        n=record["n"],
        k=record["k"],
        interval=ProbabilityInterval(*map(float.fromhex, record["interval"])),
        quantiles=tuple(map(float.fromhex, record["quantiles"])),
    )


def certificate_record(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate as plain JSON values."""
    names = ("threshold", "eps", "delta", "first_tested")
    record = asdict(certificate) | {name: hex_of(getattr(certificate, name)) for name in names}
    # Sets that were stored before it was kept keep their bytes.
    return {k: v for k, v in record.items() if k != "first_tested" or v is not None}


def read_certificate(record: dict[str, Any]) -> Certificate:
    """Return the certificate of a record."""
    return Certificate(
        threshold=float_of(record["threshold"]),
        eps=float.fromhex(record["eps"]),
        delta=float.fromhex(record["delta"]),
        n=record["n"],
        n_certified=record["n_certified"],
        false_certified=record["false_certified"],
        first_tested=float_of(record.get("first_tested")),
    )


def curve_record(curve: EpsCurve) -> dict[str, Any]:
    """Return a curve of promises as plain JSON values."""
    return {
        "delta": curve.delta.hex(),
        "delta_each": curve.delta_each.hex(),
        "n": curve.n,
        "n_positive": curve.n_positive,
        "points": [_point_record(point) for point in curve.points],
    }


def read_curve(record: dict[str, Any]) -> EpsCurve:
    """Return the curve of a record."""
    return EpsCurve(
        points=tuple(_read_point(point) for point in record["points"]),
        delta=float.fromhex(record["delta"]),
        delta_each=float.fromhex(record["delta_each"]),
        n=record["n"],
        n_positive=record["n_positive"],
    )


def _point_record(point: EpsPoint) -> dict[str, Any]:
    exact = ("eps", "threshold", "share", "share_of_events")
    return {**asdict(point), **{name: hex_of(getattr(point, name)) for name in exact}}


def _read_point(record: dict[str, Any]) -> EpsPoint:
    return EpsPoint(
        eps=float.fromhex(record["eps"]),
        threshold=float_of(record["threshold"]),
        n_certified=record["n_certified"],
        false_certified=record["false_certified"],
        share=float.fromhex(record["share"]),
        share_of_events=float_of(record["share_of_events"]),
    )


def positives_record(cleared: PositivesCleared) -> dict[str, Any]:
    """Return the control of cleared events as plain JSON values."""
    return {**asdict(cleared), "limit": hex_of(cleared.limit), "beta": cleared.beta.hex()}


def read_positives(record: dict[str, Any]) -> PositivesCleared:
    """Return the control of a record."""
    return PositivesCleared(
        limit=float_of(record["limit"]),
        beta=float.fromhex(record["beta"]),
        n_positive=record["n_positive"],
        n_cleared=record["n_cleared"],
    )


def widths_record(widths: tuple[float, ...]) -> list[str]:
    """Return half-widths as exact texts."""
    return [width.hex() for width in widths]


def read_widths(record: list[str]) -> tuple[float, ...]:
    """Return the half-widths of a record."""
    return tuple(map(float.fromhex, record))
