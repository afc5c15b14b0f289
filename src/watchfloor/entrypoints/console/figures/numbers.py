"""The numbers of a figure, once: as text for people, and as plain values for a spreadsheet."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from watchfloor.entrypoints.console.figures.figure import FigureTable

# A cell that begins with one of these is run as a formula by a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for programs, its heading and its wording for people."""

    key: str
    heading: str
    text: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Numbers:
    """
    The rows of one figure; each row has a value for each column, None where it is unknown.

    The first column names the row.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    def table(self) -> FigureTable:
        """Return the rows as text, in the language in force."""
        return FigureTable(
            headers=tuple(column.heading for column in self.columns),
            rows=tuple(
                tuple(column.text(value) for column, value in zip(self.columns, row, strict=True))
                for row in self.rows
            ),
        )

    def csv(self) -> str:
        """
        Return the rows as CSV (RFC 4180), in no language: points, whole digits, ISO dates.

        >>> told = (Column("site", "Site", str), Column("share", "Share", str))
        >>> Numbers(told, (("=1+1", 0.125), ("North", None))).csv()
        "site,share\\r\\n'=1+1,0.125\\r\\nNorth,\\r\\n"
        """
        told = io.StringIO()
        writer = csv.writer(told, lineterminator="\r\n")
        writer.writerow([column.key for column in self.columns])
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return told.getvalue()


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | float):
        return value
    words = str(value)
    return f"'{words}" if words.startswith(FORMULA) else words
