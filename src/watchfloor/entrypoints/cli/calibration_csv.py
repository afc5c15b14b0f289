"""Read calibration pairs from a CSV file: every value that does not fit is named by its line."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from uuid import UUID

from watchfloor.core.errors import InvalidInput
from watchfloor.workflows.calibration_load import FileDoesNotFit, FileRow, Misfit

NEEDED = ("prediction", "actual")
OPTIONAL = ("prediction_id", "propensity")

Advance = Callable[[int], None]
"""Told how many bytes of the file were read since it was told last."""


@dataclass(frozen=True, slots=True)
class _Column:
    """What the values of one column must be."""

    expected: str
    read: Callable[[str], float | UUID]


def read_file(path: Path, *, advance: Advance) -> list[FileRow]:
    """
    Return the lines of a file as rows.

    Raises:
        InvalidInput: no such file, no text in UTF-8, or columns that are missing or unknown.
        FileDoesNotFit: values that do not fit, all of them, each with its line and column.
    """
    try:
        with path.open("rb") as raw:
            # A byte-order mark is no part of the first name.
            file = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            return _rows(_reader(file), advance, raw.tell)
    except OSError as error:
        raise InvalidInput(
            field="file", value=str(path), expected=f"a readable file ({error.strerror})"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(field="file", value=str(path), expected="text in UTF-8") from error
    except csv.Error as error:
        raise InvalidInput(
            field="file", value=str(path), expected=f"a CSV file ({error})"
        ) from error


def _reader(file: TextIO) -> "csv.DictReader[str]":
    reader = csv.DictReader(file)
    names = [name.strip() for name in reader.fieldnames or []]
    known = {*NEEDED, *OPTIONAL}
    if not set(NEEDED) <= set(names) <= known or len(set(names)) != len(names):
        raise InvalidInput(
            field="columns",
            value=", ".join(names),
            expected=f"{', '.join(NEEDED)} and, if they are there, {', '.join(OPTIONAL)}",
        )
    reader.fieldnames = names
    return reader


def _rows(
    reader: "csv.DictReader[str]", advance: Advance, position: Callable[[], int]
) -> list[FileRow]:
    rows: list[FileRow] = []
    misfits: list[Misfit] = []
    read = 0
    for record in reader:
        found = list(_misfits(reader.line_num, record))
        misfits += found
        if not found:
            rows.append(_row(reader.line_num, record))
        if len(rows) % 1000 == 0:
            advance(position() - read)
            read = position()
    advance(position() - read)
    if misfits:
        raise FileDoesNotFit(misfits)
    return rows


def _misfits(line: int, record: Mapping[str | None, str | list[str] | None]) -> Iterator[Misfit]:
    if None in record:
        extra = ",".join(record[None] or [])
        yield Misfit(line, "(too many)", extra, "no more values than there are columns")
    for name, column in _COLUMNS.items():
        value = record.get(name, "")
        text = value.strip() if isinstance(value, str) else ""
        if not text and name in OPTIONAL:
            continue
        try:
            column.read(text)
        except ValueError:
            yield Misfit(line, name, text, column.expected)


def _row(line: int, record: Mapping[str | None, str | list[str] | None]) -> FileRow:
    texts = {
        name: value.strip() for name, value in record.items() if name and isinstance(value, str)
    }
    prediction_id, propensity = texts.get("prediction_id"), texts.get("propensity")
    return FileRow(
        line=line,
        prediction=_share(texts["prediction"]),
        actual=_event(texts["actual"]),
        prediction_id=UUID(prediction_id) if prediction_id else None,
        propensity=_chance(propensity) if propensity else 1.0,
    )


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:  # NaN fails this too
        raise ValueError(text)
    return value


def _event(text: str) -> float:
    value = float(text)
    if value not in (0.0, 1.0):
        raise ValueError(text)
    return value


def _chance(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1 or math.isnan(value):
        raise ValueError(text)
    return value


_COLUMNS: Mapping[str, _Column] = {
    "prediction": _Column("a number in [0, 1]", _share),
    "actual": _Column("0 or 1", _event),
    "prediction_id": _Column("the id of a prediction, a UUID", UUID),
    "propensity": _Column("a number in (0, 1]", _chance),
}
