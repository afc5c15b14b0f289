"""How numbers, spans and unknown values are written for people, in the language in force."""

import math
from datetime import UTC, datetime
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext

# A space that does not break, so that a number never loses its unit at the end of a line.
NBSP = "\u00a0"
MINUS = "\u2212"
SECONDS_OF = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def unknown() -> str:
    """Return the word for what could not be computed; never a zero, never a dash."""
    return gettext("unknown")


def number_text(value: float, *, decimals: int) -> str:
    """
    Return a number rounded to so many decimals.

    >>> number_text(100 * 0.714, decimals=1)
    '71.4'
    """
    # Django's own number_format cuts the digits of a float off, and would say 71.3 here.
    rounded = Decimal(f"{value:.{decimals}f}")
    return str(number_format(rounded, decimal_pos=decimals, use_l10n=True))


def score_text(score: float | None) -> str:
    """
    Return a score in [0, 1] with two decimals, and with more where two would read as 0 or 1.

    Rare events live in the tails: 0.0042 must not be shown as 0.00.

    >>> score_text(0.934), score_text(0.0042), score_text(0.99968)
    ('0.93', '0.0042', '0.99968')
    """
    if score is None:
        return unknown()
    return number_text(score, decimals=_decimals(score))


def _decimals(score: float) -> int:
    distance = min(score, 1 - score)
    if distance >= 0.01 or distance <= 0:
        return 2
    decimals = min(6, 1 - math.floor(math.log10(distance)))
    return decimals if round(score, decimals - 1) != round(score, decimals) else decimals - 1


def percent_text(share: float | None, *, decimals: int = 1) -> str:
    """
    Return a share in [0, 1] as a percentage.

    >>> percent_text(0.714).replace(NBSP, " "), percent_text(None)
    ('71.4 %', 'unknown')
    """
    if share is None:
        return unknown()
    return f"{number_text(100 * share, decimals=decimals)}{NBSP}%"


def count_text(n: int | None) -> str:
    """
    Return a count with its thousands apart.

    >>> count_text(3118204)
    '3,118,204'
    """
    if n is None:
        return unknown()
    return str(number_format(n, decimal_pos=0, use_l10n=True, force_grouping=True))


def signed_text(value: float, *, decimals: int = 2) -> str:
    """
    Return a number with its sign, a real minus included.

    >>> signed_text(0.314), signed_text(-0.13).replace(MINUS, "-")
    ('+0.31', '-0.13')
    """
    sign = "+" if value >= 0 else MINUS
    return f"{sign}{number_text(abs(value), decimals=decimals)}"


def span_text(seconds: float) -> str:
    """
    Return a span in its largest unit, rounded down as a clock would.

    >>> [span_text(s).replace(NBSP, " ") for s in (0.4, 75, 7300, 200000)]
    ['0 s', '1 min', '2 h', '2 d']
    """
    for unit, length in SECONDS_OF:
        if seconds >= length or unit == "s":
            return f"{int(seconds // length)}{NBSP}{unit_text(unit)}"
    raise AssertionError("the last unit always answers")


def unit_text(unit: str) -> str:
    """Return the short name of a unit of time."""
    names = {"s": gettext("s"), "min": gettext("min"), "h": gettext("h"), "d": gettext("d")}
    return names[unit]


def age_text(at: datetime, *, now: datetime) -> str:
    """
    Return how long ago something was, or how soon it will be.

    >>> now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> age_text(datetime(2026, 1, 1, 11, 57, tzinfo=UTC), now=now).replace(NBSP, " ")
    '3 min'
    >>> age_text(datetime(2026, 1, 1, 12, 5, tzinfo=UTC), now=now).replace(NBSP, " ")
    'in 5 min'
    """
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return gettext("in %(span)s") % {"span": span_text(-seconds)}
    return span_text(seconds)


def utc_text(at: datetime) -> str:
    """
    Return an instant in UTC for a machine to read.

    >>> utc_text(datetime(2026, 1, 1, 12, tzinfo=UTC))
    '2026-01-01T12:00:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
