"""
Where the ingest thread is, looked at by a timer signal: a profile without slowing calls down.

A profiler that traces calls would make many small calls look dear. The signal is delivered to
the main thread between two bytecodes, so time inside a C call counts for its caller.
"""

import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

EVERY_S = 0.002
WAITING = "waiting for messages"
_WRITES = re.compile(r'^\s*(INSERT|UPDATE)\b[^"]*"(\w+)"')
_FROM = re.compile(r'\bFROM "(\w+)"')

# The innermost frame that one of these names wins; the rest of a path does not matter.
ROOMS: tuple[tuple[str, str, str], ...] = (
    ("mqtt/inbox.py", "take", WAITING),
    ("paho/mqtt/", "", "MQTT client: acknowledge"),
    ("core/signals.py", "", "parse"),
    ("core/strict_json.py", "", "parse"),
    ("core/reading_fields.py", "", "parse"),
    ("core/identity.py", "", "parse"),
    ("core/features/guard_checkin.py", "", "features"),
    ("noc/intake/activity_signals.py", "history_before", "history: rows to records"),
    ("noc/intake/activity_signals.py", "_before", "history: rows to records"),
    ("noc/intake/activity_signals.py", "_read", "history: rows to records"),
    ("noc/intake/checkin_context.py", "", "history: rest"),
    ("ml/versions/artifacts.py", "", "score and interval"),
    ("core/score_grid.py", "", "score and interval"),
    ("core/conformal/", "", "score and interval"),
    ("ml/calibration/conformal_predictor.py", "", "score and interval"),
    ("ml/inference/serving.py", "", "rows: what serves"),
    ("core/decision/", "", "decide"),
    ("noc/decision/decisions.py", "", "decide and act"),
    ("noc/decision/thresholds.py", "", "decide and act"),
    ("noc/desk/alert_correlation.py", "", "rows: alerts"),
    ("noc/desk/tickets.py", "", "rows: tickets"),
    ("noc/desk/review_queue.py", "", "rows: review items"),
    ("noc/intake/activity_signals.py", "", "rows: signals"),
    ("noc/intake/ingest_keys.py", "", "rows: ingest keys"),
    ("noc/intake/fraud_log.py", "", "rows: predictions"),
    ("ml/predictions/rollups.py", "", "rows: rollups"),
    ("ml/predictions/prediction_log.py", "", "rows: rollups"),
    ("ml/inference/shadow.py", "", "rows: shadow scores"),
    ("ledger/outbox.py", "", "rows: outbox"),
    ("tenants/", "", "rows: tenants, places and switches"),
    ("workflows/security_anomaly.py", "_signal_row", "rows: signals"),
    ("workflows/security_anomaly.py", "_prediction_row", "rows: predictions"),
    ("workflows/security_anomaly.py", "", "workflow"),
    ("entrypoints/mqtt/", "", "door: batches, counts"),
)
_COMMITS = {"_commit", "commit", "_savepoint_commit", "savepoint_commit"}


def statement_of(sql: str) -> str:
    """
    Return verb and table of a statement.

    >>> statement_of('INSERT INTO "noc_ticket" ("id") VALUES (%s)')
    'INSERT noc_ticket'
    >>> statement_of('SELECT "a"."x" FROM "noc_alert_event" AS "a"')
    'SELECT noc_alert_event'
    """
    verb = sql.split(None, 1)[0].upper() if sql.strip() else ""
    if verb in {"SELECT", "DELETE"} and (found := _FROM.search(sql)):
        return f"{verb} {found.group(1)}"
    if found := _WRITES.match(sql):
        return f"{verb} {found.group(2)}"
    return verb


def room_of(frame: FrameType | None) -> str:
    """Return which part of the work a stack belongs to, from the inside outwards."""
    while frame is not None:
        path, name = frame.f_code.co_filename.replace("\\", "/"), frame.f_code.co_name
        if name in _COMMITS and "django/db" in path:
            return "SQL: commit"
        for part, function, room in ROOMS:
            if part in path and (not function or name == function):
                return room
        frame = frame.f_back
    return "rest"


@dataclass(slots=True)
class Profile:
    """Samples by part of the work, and statements by verb and table with their wall time."""

    samples: Counter[str] = field(default_factory=Counter)
    statements: Counter[str] = field(default_factory=Counter)
    statement_s: Counter[str] = field(default_factory=Counter)
    _now: str | None = None

    def look(self, _number: int, frame: FrameType | None) -> None:
        """Take one sample; the handler of the timer's signal."""
        room = f"SQL: {self._now}" if self._now is not None else room_of(frame)
        self.samples[room] += 1

    def around_statement(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Count a statement and its time; Django calls this around each."""
        if threading.current_thread() is not threading.main_thread():
            return execute(sql, params, many, context)
        self._now = statement_of(sql)
        self.statements[self._now] += 1
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.statement_s[self._now] += time.perf_counter() - began
            self._now = None


@contextmanager
def sampled(profile: Profile, *, every_s: float = EVERY_S) -> Iterator[Profile]:
    """Sample the main thread while the block runs in it."""
    before = signal.signal(signal.SIGALRM, profile.look)
    # Libraries in C must not see interrupted calls.
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, every_s, every_s)
    try:
        yield profile
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
