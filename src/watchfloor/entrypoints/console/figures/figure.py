"""What a finished figure is: a picture, the sentence it proves and the numbers behind it."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One row of a table: its name, and each further cell with its header."""

    name: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """The numbers of a figure as text; the first column names the row."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return each row by its name, its other cells beside their headers."""
        return tuple(
            NamedRow(row[0], tuple(zip(self.headers[1:], row[1:], strict=True)))
            for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One picture ready for a page.

    `kind` is the class the style sheet knows; `label` is read out instead of the drawing;
    `notes` explain the numbered marks, in their order; `legend` the drawn kinds, each by the
    class it is drawn with; `csv_href` is where its numbers can be fetched.
    """

    kind: str
    svg: str
    label: str
    caption: str
    table: FigureTable
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    csv_href: str = ""

    def with_csv(self, href: str) -> Self:
        """Return the figure with the address of its numbers."""
        return replace(self, csv_href=href)
