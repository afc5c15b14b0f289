"""
A stream as files: events, truth, labels and drift apart, and a manifest with their digests.

Equal config, start and days give equal bytes, so a digest names a data set.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints.simulator.config import GENERATOR_VERSION, WorldConfig
from watchfloor.entrypoints.simulator.records import DriftMark, Label, SimulatedEvent, TruthRow
from watchfloor.entrypoints.simulator.stream import SimulatedStream

Form = Literal["csv", "jsonl"]
Record = SimulatedEvent | TruthRow | Label | DriftMark


def write(stream: SimulatedStream, directory: Path, *, form: Form = "csv") -> dict[str, str]:
    """
    Write events, truth, labels and drift, each to a file of its own, and `manifest.json`.

    Args:
        directory: made if it is missing; files of the same name are replaced.

    Returns:
        The SHA-256 of each data file in hexadecimal, by file name, as in the manifest.

    Raises:
        InvalidInput: the form is neither csv nor jsonl.
    """
    encode = FORMS.get(form)
    if encode is None:
        raise InvalidInput(field="form", value=form, expected="csv or jsonl")
    tables: Mapping[str, tuple[type[msgspec.Struct], Sequence[Record]]] = {
        "events": (SimulatedEvent, stream.events),
        "truth": (TruthRow, stream.truth.rows),
        "labels": (Label, stream.labels),
        "drift": (DriftMark, stream.drift),
    }
    directory.mkdir(parents=True, exist_ok=True)
    digests = {
        f"{name}.{form}": _stored(directory / f"{name}.{form}", encode(kind, rows))
        for name, (kind, rows) in tables.items()
    }
    _stored(directory / "manifest.json", _manifest(stream, digests))
    return digests


def config_json(config: WorldConfig) -> bytes:
    """Return a config as JSON with sorted keys: every number a world was made from."""
    return msgspec.json.encode(config, enc_hook=_plain, order="sorted")


def _manifest(stream: SimulatedStream, digests: Mapping[str, str]) -> bytes:
    facts = {
        "generator_version": GENERATOR_VERSION,
        # Streams of chance are numpy's, and it may change them with a new major version.
        "numpy": np.__version__,
        "start": stream.world.start,
        "config": msgspec.Raw(config_json(stream.world.config)),
        "sha256": digests,
        "events": len(stream.events),
    }
    return msgspec.json.format(msgspec.json.encode(facts, order="sorted")) + b"\n"


def _stored(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _as_jsonl(_kind: type[msgspec.Struct], rows: Iterable[Record]) -> bytes:
    return msgspec.json.Encoder().encode_lines(rows)


def _as_csv(kind: type[msgspec.Struct], rows: Iterable[Record]) -> bytes:
    """Return rows under a header; null is an empty cell, truth values are true and false."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(kind.__struct_fields__)
    writer.writerows([_cell(value) for value in msgspec.structs.astuple(row)] for row in rows)
    return text.getvalue().encode()


FORMS = {"csv": _as_csv, "jsonl": _as_jsonl}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _plain(value: Any) -> Any:
    """Tell the encoder how to write a read-only mapping."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no place in a config")
