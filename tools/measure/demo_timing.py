"""How long a newcomer waits for each part of the demonstration."""

import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.measure.figures import said
from tools.measure.installation import Installation, installation
from tools.measure.page import Measured, Section

LONGEST_S = 300.0
REPEATS = 2
POLL_S = 0.5

# What is waited for: words, the promise in seconds, and a question whose answer is the moment
# of the operation at which it happened. The demo's history has these too, so only what happened
# after its live time began counts; `:live` is that moment.
STEPS: Mapping[str, tuple[str, float | None, str]] = {
    "page": ("the first page answers", None, ""),
    "live": ("history is loaded, the live stream begins", 60.0, ""),
    "prediction": (
        "the first live prediction",
        60.0,
        "SELECT min(predicted_at) FROM noc_fraud_prediction_log WHERE predicted_at > :live",
    ),
    "ticket": (
        "the first live ticket that opened by itself",
        60.0,
        "SELECT min(opened_at) FROM noc_ticket"
        " WHERE opened_by = 'automation' AND opened_at > :live",
    ),
    "review": (
        "the first live item for review",
        60.0,
        "SELECT min(created_at) FROM noc_review_item WHERE created_at > :live",
    ),
    "drift": (
        "a live drift alert",
        180.0,
        "SELECT min(created_at) FROM noc_alert_event"
        " WHERE alert_type = 'ML_DRIFT_DETECTED' AND created_at > :live",
    ),
    "promotion": (
        "a retrained model is promoted",
        180.0,
        "SELECT min(started_at) FROM ml_rollback_watch WHERE started_at > :live",
    ),
    "watch": (
        "the watch after a live promotion ends",
        180.0,
        "SELECT min(decided_at) FROM ml_rollback_watch"
        " WHERE decided_at IS NOT NULL AND started_at > :live",
    ),
}
ASKED = {name: step[2] for name, step in STEPS.items() if step[2]}


@dataclass(frozen=True, slots=True)
class Demo:
    """After how many seconds each step was seen; a step that is missing was not."""

    seen_s: Mapping[str, float]
    in_history: Mapping[str, int]
    watch: str


def measure(*, quick: bool) -> Measured:
    """Start the demo some times, each time from nothing."""
    found = [_once() for _ in range(1 if quick else REPEATS)]
    return page_of(found)


def _once() -> Demo:
    with (
        tempfile.TemporaryDirectory() as home,
        installation(Path(home) / "data", "--demo") as started,
    ):
        seen = {"page": started.wait_ready()}
        live = _wait_live(started)
        history: dict[str, int] = {}
        watch = ""
        if live is not None:
            seen["live"] = started.seconds
            database = Path(home) / "data" / "watchfloor.sqlite3"
            history = _history(database, live)
            _watch_floor(started, database, live, seen)
            watch = _verdict(database, live)
        print("  " + ", ".join(f"{name} {at:.0f} s" for name, at in seen.items()), flush=True)
        return Demo(seen, history, watch)


def _wait_live(started: Installation) -> str | None:
    """Return the moment at which live time begins, as the database writes it."""
    while started.seconds < LONGEST_S and started.process.poll() is None:
        if at := started.find(r"demo\.live.*?at=.*?(\d{4}-\d\d-\d\dT[0-9:.+-]+)"):
            from datetime import UTC, datetime

            return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        time.sleep(0.1)
    return None


def _watch_floor(started: Installation, database: Path, live: str, seen: dict[str, float]) -> None:
    waiting = dict(ASKED)
    while waiting and started.seconds < LONGEST_S and started.process.poll() is None:
        for name in [n for n, sql in waiting.items() if _ask(database, sql, live) is not None]:
            seen[name] = started.seconds
            del waiting[name]
        time.sleep(POLL_S)


def _ask(database: Path, sql: str, live: str) -> object:
    # A reader of its own for each look: WAL lets it read beside the writer.
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10.0)
    try:
        row = connection.execute(sql, {"live": live}).fetchone()
        return row[0] if row else None
    finally:
        connection.close()


def _history(database: Path, live: str) -> dict[str, int]:
    return {
        "predictions": _count(database, "noc_fraud_prediction_log"),
        "automatic tickets": _count(database, "noc_ticket WHERE opened_by = 'automation'"),
        "drift alerts": _count(database, "noc_alert_event WHERE alert_type = 'ML_DRIFT_DETECTED'"),
        "promotions": _count(database, "ml_rollback_watch"),
    }


def _count(database: Path, what: str) -> int:
    return int(str(_ask(database, f"SELECT count(*) FROM {what}", "")))


def _verdict(database: Path, live: str) -> str:
    state = _ask(
        database,
        "SELECT state FROM ml_rollback_watch WHERE started_at > :live ORDER BY started_at LIMIT 1",
        live,
    )
    return str(state or "none began")


def page_of(found: Sequence[Demo]) -> Measured:
    """Return the page of some demonstrations."""
    rows = []
    for name, (words, promised, _) in STEPS.items():
        at = [one.seen_s.get(name) for one in found]
        rows.append(
            (
                words,
                *(said(s) if s is not None else "not seen" for s in at),
                _promise(promised, at),
            )
        )
    head = ("step", *(f"run {i}, s" for i in range(1, len(found) + 1)), "wanted")
    return Measured(
        name="demo_timing",
        title="How long the demonstration lets one wait",
        what=(
            "Seconds from `watchfloor up --demo` in an empty data directory to each thing a "
            "newcomer is promised to see. The packages are installed already."
        ),
        how=(
            "Started on free ports. The page is asked over HTTP, the live stream is told by the "
            f"log, everything else is read from the database every {POLL_S} s, which adds up to "
            "that much. Only what happens after the live stream began counts: the "
            "ninety days of history that are loaded first have tickets and, by their course, "
            f"alerts of their own. A run is given up after {LONGEST_S:.0f} s."
        ),
        n=f"{len(found)} starts",
        seed="1 (the demo's own world)",
        versions="",
        sections=[
            Section("Seconds from the start", "", head, rows),
            Section("Reading it", _reading(found)),
        ],
    )


def _promise(promised: float | None, at: Sequence[float | None]) -> str:
    if promised is None:
        return "-"
    kept = sum(seconds is not None and seconds <= promised for seconds in at)
    return f"{promised:.0f} s: kept in {kept} of {len(at)}"


def _reading(found: Sequence[Demo]) -> str:
    lines = []
    for number, one in enumerate(found, 1):
        loaded = ", ".join(f"{n} {name}" for name, n in one.in_history.items())
        lines.append(
            f"* Run {number}: in the database when live time began: {loaded or 'nothing'}; the "
            f"first live watch: {one.watch or 'not asked'}."
        )
    lines.append(
        "* Loading the history is work for one processor core, so that on a busy machine the "
        "first minute is longer; from then on one day passes in four seconds, whatever the "
        "machine, and drift, retrain and watch follow the days."
    )
    return "\n".join(lines)
