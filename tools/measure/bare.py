"""
Write rows that the ingest wrote once more, bare: executemany or COPY, nothing else.

They go into a copy of the database as it was before the run, in as many transactions as the
ingest had taken, so indexes, constraints and the number of commits are the same.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# In the order in which rows refer to each other.
TABLES = (
    "noc_ingest_key",
    "noc_activity_signal",
    "noc_site_network",
    "noc_fraud_prediction_log",
    "ml_score_delta",
    "noc_alert_event",
    "noc_ticket",
    "noc_ticket_evidence",
    "noc_review_item",
    "ledger_outbox",
)
# Few rows that later rows of other tables refer to: all go into the first transaction.
REFERRED_TO = frozenset({"noc_alert_event", "noc_ticket"})


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows of each table were written, and how long that took."""

    rows: dict[str, int]
    seconds: float


def ids_before(cursor: Any) -> dict[str, set[Any]]:
    """Return the keys of all rows of each table."""
    found = {}
    for name in TABLES:
        cursor.execute(f'SELECT id FROM "{name}"')
        found[name] = {row[0] for row in cursor.fetchall()}
    return found


def parts(rows: Sequence[Any], n: int) -> Iterator[Sequence[Any]]:
    """
    Yield n slices that differ by one at most.

    >>> [list(part) for part in parts([1, 2, 3, 4, 5], 2)]
    [[1, 2, 3], [4, 5]]
    """
    size, longer = divmod(len(rows), n)
    start = 0
    for i in range(n):
        end = start + size + (i < longer)
        yield rows[start:end]
        start = end


def _batches(name: str, rows: Sequence[Any], n: int) -> list[Sequence[Any]]:
    if name in REFERRED_TO:
        return [rows, *[()] * (n - 1)]
    return list(parts(rows, n))


def sqlite_again(
    *, source: str, target: str, before: dict[str, set[Any]], n_batches: int, pragmas: str
) -> Written:
    """Write the new rows of one file into another with executemany."""
    with sqlite3.connect(source) as from_:
        rows = {name: _new_rows(from_, name, before[name]) for name in TABLES}
    to = sqlite3.connect(target, isolation_level=None)
    to.executescript(pragmas)
    to.execute("PRAGMA foreign_keys=ON")
    batches = [_batches(name, rows[name], n_batches) for name in TABLES]
    began = time.perf_counter()
    for batch in zip(*batches, strict=True):
        to.execute("BEGIN IMMEDIATE")
        for name, part in zip(TABLES, batch, strict=True):
            if part:
                marks = ",".join("?" * len(part[0]))
                to.executemany(f'INSERT INTO "{name}" VALUES ({marks})', part)
        to.execute("COMMIT")
    seconds = time.perf_counter() - began
    to.close()
    return Written({name: len(rows[name]) for name in TABLES if rows[name]}, seconds)


def _new_rows(connection: sqlite3.Connection, name: str, before: set[Any]) -> list[tuple]:
    cursor = connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid')
    at = [column[0] for column in cursor.description].index("id")
    return [row for row in cursor if row[at] not in before]


def postgres_again(
    *, source: str, target: str, before: dict[str, set[Any]], n_batches: int
) -> Written:
    """Write the new rows of one database into another with COPY."""
    import psycopg

    with psycopg.connect(source) as from_:
        lines = {name: _new_lines(from_, name, before[name]) for name in TABLES}
    batches = [_batches(name, lines[name], n_batches) for name in TABLES]
    with psycopg.connect(target, autocommit=True) as to:
        began = time.perf_counter()
        for batch in zip(*batches, strict=True):
            with to.transaction(), to.cursor() as cursor:
                for name, part in zip(TABLES, batch, strict=True):
                    if part:
                        with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                            copy.write(b"".join(part))
        seconds = time.perf_counter() - began
    return Written({name: len(lines[name]) for name in TABLES if lines[name]}, seconds)


def _new_lines(connection: Any, name: str, before: set[Any]) -> list[bytes]:
    """Return new rows in COPY's own text, oldest first."""
    with connection.cursor() as cursor:
        key = "uuid[]" if any(hasattr(one, "hex") for one in before) else "bigint[]"
        cursor.execute(
            f"CREATE TEMP TABLE old_{name} AS SELECT unnest(%s::{key}) AS id", [list(before)]
        )
        with cursor.copy(
            f'COPY (SELECT t.* FROM "{name}" t LEFT JOIN old_{name} o USING (id) '
            f"WHERE o.id IS NULL ORDER BY t.ctid) TO STDOUT"
        ) as copy:
            return [line + b"\n" for line in b"".join(bytes(b) for b in copy).split(b"\n") if line]
