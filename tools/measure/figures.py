"""The arithmetic behind the pages: quantiles, rates and shares of what was counted."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence


def quantile(values: Sequence[float], level: float) -> float:
    """
    Return the smallest value that at least a share `level` of all lies at or below.

    Raises:
        ValueError: no values, or a level outside (0, 1].

    >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.0
    """
    if not values or not 0 < level <= 1:
        raise ValueError(f"no quantile {level} of {len(values)} values")
    # The small deduction undoes the rounding of products such as 0.07 * 100.
    rank = math.ceil(level * len(values) - 1e-9)
    return sorted(values)[max(rank, 1) - 1]


def median(values: Sequence[float]) -> float:
    """
    Return the middle value, or the mean of the two middle ones.

    >>> median([3.0, 1.0, 2.0, 10.0])
    2.5
    """
    if not values:
        raise ValueError("no median of nothing")
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def per_second(n: int, seconds: float) -> float:
    """
    Return a rate.

    Raises:
        ValueError: the time is not positive: something was not measured.
    """
    if seconds <= 0:
        raise ValueError(f"{n} in {seconds} s is no rate")
    return n / seconds


def shares(counts: Mapping[str, int]) -> list[tuple[str, float]]:
    """
    Return each name with its share of all, the largest first; names of equal share by alphabet.

    >>> shares({"parse": 1, "sql": 3})
    [('sql', 0.75), ('parse', 0.25)]
    """
    total = sum(counts.values())
    if not total:
        return []
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(name, n / total) for name, n in ordered if n]


def gathered(parts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Return counts of several runs added up."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def said(value: float | None, digits: int = 3) -> str:
    """
    Return a number with so many significant digits and no exponent; a dash for none.

    >>> said(12345.6), said(0.04567), said(None)
    ('12,300', '0.0457', '-')
    """
    if value is None:
        return "-"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(places, 0)}f}"


def percent(share: float) -> str:
    """
    Return a share in per cent.

    >>> percent(0.1234)
    '12.3 %'
    """
    return f"{100 * share:.1f} %"
