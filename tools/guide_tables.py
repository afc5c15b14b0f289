"""
Tables inside a guide that are computed, not typed: each stands between two marks of the page.

`make docs` writes them, and a test compares them.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from tools.markdown import table
from tools.reason_advice import ADVICE
from watchfloor.core.conformal.certified import first_rank
from watchfloor.core.conformal.group_coverage import coverage_of_one_set, fewest_to_judge
from watchfloor.core.conformal.probability_bins import clopper_pearson
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of
from watchfloor.core.decision.reason import Reason
from watchfloor.core.thresholds import SPECS

DOCS = Path(__file__).resolve().parents[1] / "docs"
MARKED = re.compile(r"(<!-- make docs: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
NARROW = SPECS["width_limit"].default
MOST_ROWS = 1000
SET_SIZES = (30, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
OF_CALIBRATION = (
    Reason.NO_CALIBRATION,
    Reason.CALIBRATION_TOO_SMALL,
    Reason.CALIBRATION_UNREADABLE,
    Reason.CALIBRATION_STALE,
    Reason.NOT_CERTIFIED,
    Reason.CERTIFICATE_LOOSER,
    Reason.PROBABILITY_NOT_KNOWN_WELL,
    Reason.EXCHANGEABILITY_LOST,
    Reason.DRIFT_ALARM,
)


def one_set() -> str:
    """Return what the worst one in twenty calibrations of a size keeps, at each level."""
    rows = [
        (f"{n:,}", *(_kept(coverage_of_one_set(n, level=level, share=0.05)) for level in LEVELS))
        for n in SET_SIZES
    ]
    head = ("outcomes in the set", *(f"{level} % promised" for level in LEVELS))
    return table(head, rows)


def _kept(share: float) -> str:
    return "whole range" if share == 1 else f"{100 * share:.1f} %"


def fewest() -> str:
    """Return how many outcomes each statement needs before it says anything, at each level."""
    rows = [
        ("an outcome interval that is not the whole range", *map(_fewest_rows, LEVELS)),
        ("a verdict that coverage is as promised", *map(fewest_to_judge, LEVELS)),
    ]
    head = ("outcomes needed for", *(f"{level} %" for level in LEVELS))
    return table(head, [[str(cell) for cell in row] for row in rows])


def _fewest_rows(level: int) -> int:
    return next(n for n in range(1, 1000) if conformal_rank(n, level_of(level)) <= n)


def narrow() -> str:
    """Return how many outcomes a score bin needs until its interval is narrow, by its rate."""
    rates = (Fraction(0), Fraction(1, 10), Fraction(3, 10), Fraction(1, 2))
    rows = [
        (f"{float(100 * rate):.0f} of 100 are events", str(_rows_until_narrow(rate)))
        for rate in rates
    ]
    return table(("in the bin", f"outcomes from which on the 95 % band is below {NARROW:g}"), rows)


def _rows_until_narrow(rate: Fraction) -> int:
    """Return from how many rows on the interval stays narrow, whichever way the rate rounds."""
    wide = (n for n in range(MOST_ROWS, 0, -1) if _width(rate, n) >= NARROW)
    return next(wide, 0) + 1


def _width(rate: Fraction, n: int) -> float:
    bounds = [
        clopper_pearson(k, n, level=level_of(95))
        for k in {math.floor(rate * n), math.ceil(rate * n)}
    ]
    return max(upper - lower for lower, upper in bounds)


def promises() -> str:
    """Return how many faultless outcomes at the top certify anything, by promise."""
    rows = [
        (f"{100 * eps:g} %", *(str(first_rank(eps, delta)) for delta in (0.1, 0.05)))
        for eps in (0.01, 0.02, 0.05, 0.1, 0.2)
    ]
    return table(("false at most", "delta 0.1", "delta 0.05"), rows)


def reasons() -> str:
    """Return meaning, deed and worry for each reason of the calibration kind."""
    rows = [
        (f"`{reason.value}`", reason.sentence, advice.do, advice.worry)
        for reason in OF_CALIBRATION
        for advice in (ADVICE[reason.value],)
    ]
    return table(("reason", "what it means", "what to do", "when to worry"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "one-set": one_set,
    "fewest": fewest,
    "narrow": narrow,
    "promises": promises,
    "reasons": reasons,
}
PAGES: Sequence[Path] = (DOCS / "how-to" / "reading-and-trusting-intervals.md",)


def filled(text: str) -> str:
    """
    Return a page with every marked table as it is computed now.

    >>> print(filled("<!-- make docs: fewest -->\\nold\\n<!-- end -->").splitlines()[3])
    | an outcome interval that is not the whole range | 9 | 19 | 99 |
    """
    return MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[4]}", text)


def stale() -> list[Path]:
    """Return the pages whose tables differ from what is computed."""
    return [page for page in PAGES if (text := page.read_text("utf-8")) != filled(text)]


def write() -> list[Path]:
    """Write the stale tables; return their pages."""
    pages = stale()
    for page in pages:
        page.write_text(filled(page.read_text("utf-8")), encoding="utf-8")
    return pages
