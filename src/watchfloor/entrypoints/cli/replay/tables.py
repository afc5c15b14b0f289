"""Read columns of a Parquet file, and draw the same sample of a stream every time."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from watchfloor.core.errors import NotFound, NotReady


def parquet_columns(path: Path, columns: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """
    Return columns of a Parquet file as lists, None where a value is missing.

    Raises:
        NotFound: there is no such file.
        NotReady: the extra that reads Parquet is not installed.
    """
    if not path.is_file():
        raise NotFound(f"{path} does not exist; --data-dir names the folder of the data sets")
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise NotReady(
            "reading Parquet needs the extra `replay`: pip install 'watchfloor[replay]'"
        ) from error
    table = parquet.read_table(path, columns=None if columns is None else list(columns))
    return {name: table.column(name).to_pylist() for name in table.column_names}


def drawn(units: Iterable[str], *, n: int | None) -> frozenset[str]:
    """
    Return `n` of some units, spread over the whole stream, or all of them for None.

    A hash of the name draws, so any process draws alike and a larger sample holds a smaller.

    >>> drawn(["a", "b", "c"], n=2) <= drawn(["a", "b", "c"], n=3)
    True
    """
    names = set(units)
    if n is None or n >= len(names):
        return frozenset(names)
    return frozenset(sorted(names, key=_rank)[:n])


def _rank(name: str) -> bytes:
    return hashlib.sha256(b"replay sample" + name.encode()).digest()


def sample_suffix(units: int | None) -> str:
    """Return what tells a sample's tenant from that of the whole stream."""
    return "" if units is None else f"-{units}"
