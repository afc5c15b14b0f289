"""What a finished figure is: a picture, the sentence it proves and the numbers behind it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FigureTable:
    """The numbers of a figure as text; the first column names the row."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One picture ready for a page.

    `kind` is the class the style sheet knows; `label` is read out instead of the drawing;
    `notes` explain the numbered marks, in their order.
    """

    kind: str
    svg: str
    label: str
    caption: str
    table: FigureTable
    notes: tuple[str, ...] = ()
