"""What late outcomes do to online methods, and what the step for late outcomes mends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tools.measure.page import Measured, Section
from tools.measure.real_data.late import (
    STRETCH,
    WINDOW,
    Followed,
    Method,
    Static,
    Tracked,
    Windowed,
    follow,
    read_distances,
)
from tools.measure.real_data.martingale import ALARM_LEVEL, Watched, false_alarms, watch_stream
from tools.measure.real_data.pools import told_data_dir
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.adaptive import GAMMA
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.conformal.quantile_tracker import ETA

DELAYS, QUICK_DELAYS = (0, 500, 2000), (0, 500)
N_GUARDS, QUICK_GUARDS = 2000, 50
SEED = 20260302
FALSE_ALARM_LEVELS = (0.05, 0.01)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a method is told at the start: first rows, level, delay, and the range."""

    first: FloatArray
    percent: int
    late: int
    highest: float


STATIC, SLIDING, TEXTBOOK = "static", "sliding window", "ACI, textbook"
LATE_STEP, TRACKER = "ACI, late step", "tracker, late step"
METHODS: Mapping[str, Callable[[Setting], Method]] = {
    STATIC: lambda s: Static(s.first, percent=s.percent),
    SLIDING: lambda s: Windowed(s.first, percent=s.percent, delay=None),
    TEXTBOOK: lambda s: Windowed(s.first, percent=s.percent, delay=0),
    LATE_STEP: lambda s: Windowed(s.first, percent=s.percent, delay=s.late),
    TRACKER: lambda s: Tracked(s.first, percent=s.percent, delay=s.late, highest=s.highest),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one stream at one level and delay."""

    percent: int
    late: int
    stream: str
    method: str
    followed: Followed


def measure(*, quick: bool) -> Measured:
    """Follow every stream with every method."""
    streams = read_distances(told_data_dir())
    rows = rows_of(streams, delays=QUICK_DELAYS if quick else DELAYS)
    watched = {name: watch_stream(distances) for name, distances in streams.items()}
    n_guards = QUICK_GUARDS if quick else N_GUARDS
    alarms = {level: false_alarms(n_guards, level=level, seed=SEED) for level in FALSE_ALARM_LEVELS}
    return page_of(rows, watched, alarms, n_guards=n_guards)


def rows_of(streams: Mapping[str, FloatArray], *, delays: Sequence[int]) -> list[Row]:
    """Return every method on every stream, at every level and delay."""
    rows = []
    for percent in LEVELS:
        for late in delays:
            for name, distances in streams.items():
                told = Setting(distances[:WINDOW], percent, late, float(distances.max()))
                rest = distances[WINDOW:]
                rows += [
                    Row(percent, late, name, method, follow(make(told), rest, late=late))
                    for method, make in METHODS.items()
                ]
            print(f"  {percent} %, {late} late", flush=True)
    return rows


def page_of(
    rows: Sequence[Row],
    watched: Mapping[str, Watched],
    alarms: Mapping[float, float],
    *,
    n_guards: int,
) -> Measured:
    """Return the page."""
    levels = sorted({row.percent for row in rows})
    delays = sorted({row.late for row in rows})
    return Measured(
        name="late_labels",
        title="Coverage while the world changes, with late outcomes",
        what=(
            "Five recorded streams with a model that was fitted before their first row and never "
            "again. Each cell says: share of outcomes inside what was said / the same in the "
            f"worst {STRETCH} predictions in a row / share of predictions of which nothing was "
            "said (the whole line)."
        ),
        how=(
            f"The first {WINDOW:,} rows of a stream fill the window; what follows is predicted one "
            "by one, and each outcome is learned so many predictions later. The distance is "
            "|outcome - estimate|. *Static* keeps the quantile of the first rows. *Sliding "
            f"window* takes that of the last {WINDOW:,} known outcomes. *ACI* moves the level by "
            f"gamma = {GAMMA} at each outcome, without clipping; with the *late step* by at most "
            f"1 / (e (d + 1)) for d late predictions. The *tracker* moves the quantile by "
            f"{ETA} of the range, with the same rule; the range is that of the whole stream, which "
            "a live one has to be told. A set is held against the outcome as it was said."
        ),
        n=", ".join(f"{name} {len(row.followed.inside):,}" for name, row in _one_each(rows)),
        seed=f"{SEED} (the guards; the streams are followed without a draw)",
        versions=f"NumPy {np.__version__}",
        sections=[
            *(_section(rows, percent, late) for percent in levels for late in delays),
            _guard_section(watched, alarms, n_guards),
            Section("Reading it", _reading(rows)),
        ],
    )


def _reading(rows: Sequence[Row]) -> str:
    late = [row for row in rows if row.late]
    return "\n".join(
        (
            f"* Late outcomes, worst stretch: the late step is {_against(late, TEXTBOOK)} "
            f"than the textbook's, and {_against(late, SLIDING)} than that of the window alone.",
            f"* The whole line at 99 %: {_whole(late, LATE_STEP)} with the late step, "
            f"{_whole(late, TRACKER)} with the tracker. This is why the live monitor tracks the "
            "quantile at 99 % and moves the level at 90 and 95 %.",
            "* Nothing here promises a stretch. What is promised is the share over the whole "
            "stream, and it can be read off the first figure of each cell.",
        )
    )


def _against(rows: Sequence[Row], other: str) -> str:
    """Return in how many cells the late step's worst stretch is better, equal and worse."""
    worst = {(r.percent, r.late, r.stream, r.method): round(r.followed.worst, 2) for r in rows}
    cells = {key[:3] for key in worst}
    gaps = [worst[(*cell, LATE_STEP)] - worst[(*cell, other)] for cell in cells]
    better, worse = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    return f"better in {better}, equal in {len(gaps) - better - worse} and worse in {worse} cells"


def _whole(rows: Sequence[Row], method: str) -> str:
    shares = [r.followed.whole_share for r in rows if (r.percent, r.method) == (99, method)]
    return f"up to {max(shares):.0%} of predictions" if shares else "not followed"


def _one_each(rows: Sequence[Row]) -> list[tuple[str, Row]]:
    return list({row.stream: row for row in rows}.items())


def _section(rows: Sequence[Row], percent: int, late: int) -> Section:
    of_here = [row for row in rows if (row.percent, row.late) == (percent, late)]
    streams = dict.fromkeys(row.stream for row in of_here)
    methods = list(dict.fromkeys(row.method for row in of_here))
    cells = {(row.stream, row.method): _cell(row.followed) for row in of_here}
    return Section(
        f"{percent} %, outcomes {late:,} predictions late" if late else f"{percent} %, prompt",
        head=("stream", *methods),
        rows=[(stream, *(cells[stream, method] for method in methods)) for stream in streams],
    )


def _cell(followed: Followed) -> str:
    return f"{followed.coverage:.3f} / {followed.worst:.2f} / {followed.whole_share:.2f}"


def _guard_section(
    watched: Mapping[str, Watched], alarms: Mapping[float, float], n_guards: int
) -> Section:
    shares = ", ".join(f"{share:.2%} at {level:g}" for level, share in alarms.items())
    return Section(
        "The guard of the first rows",
        f"How many outcomes after the first {WINDOW:,} it took until a guard of those rows "
        f"alarmed, at a chance of {ALARM_LEVEL:g} to do so falsely. On {n_guards:,} streams of "
        f"5,000 uniform p-values it alarmed falsely in {shares}.",
        ("stream", "outcomes to the alarm", "of", "coverage by then, static 90 %"),
        [
            (
                name,
                f"{one.alarmed_after:,}" if one.alarmed_after else "none",
                f"{one.n:,}",
                _by(one),
            )
            for name, one in watched.items()
        ],
    )


def _by(watched: Watched) -> str:
    return "-" if watched.coverage_by_then is None else f"{watched.coverage_by_then:.3f}"
