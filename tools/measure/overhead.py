"""What interval and decision cost in the process, beside the writing of the row they are in."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tools.measure.figures import percent, quantile, said
from tools.measure.page import Measured, Section

SEED = 20260105
N, QUICK_N = 100_000, 5_000
CALIBRATION_N = 2_000
WRITE_BATCH = 500
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timed:
    """Microseconds of each call of one piece of work."""

    name: str
    micros: Sequence[float]


def measure(*, quick: bool) -> Measured:
    """Time each step, one event at a time."""
    n = QUICK_N if quick else N
    found, bare_us = _steps(n), _bare_us(n)
    for one in found:
        print(f"  {one.name}: p50 {quantile(one.micros, 0.5):.1f} us", flush=True)
    return page_of(found, bare_us=bare_us, n=n)


def _steps(n: int) -> list[Timed]:
    from watchfloor.core.conformal.calibration import fit_calibration
    from watchfloor.core.decision.policy import DecisionPolicy, Evidence, decide
    from watchfloor.core.score_grid import PROBABILITY

    rng = np.random.default_rng(SEED)
    known = PROBABILITY.quantise(rng.beta(0.6, 4.0, CALIBRATION_N))[1]
    happened = (rng.random(CALIBRATION_N) < known).astype(np.float64)
    calibration = fit_calibration(known, happened, eps_ticket=0.1, eps_clear=0.01, delta=0.1)
    policy = DecisionPolicy(automation_on=True, stage_on=True, clear_on=True, cap_left=n)
    raw = rng.beta(0.6, 4.0, n).tolist()
    scores = [PROBABILITY.quantise_one(score)[1] for score in raw]

    def evidence_of(score: float) -> Evidence:
        return Evidence(
            score=score,
            cannot_score=None,
            width=calibration.interval(score).width,
            certified_from=calibration.certified_from,
            clear_below=calibration.clear_below,
            calibration_n=calibration.n,
            calibration_n_positive=calibration.n_positive,
            calibrated_at=NOW,
            now=NOW,
            drift_alarm=False,
        )

    evidence = [evidence_of(score) for score in scores]

    def everything(score: float) -> object:
        return decide(evidence_of(PROBABILITY.quantise_one(score)[1]), policy)

    return [
        Timed("score put on the grid", _each(PROBABILITY.quantise_one, raw)),
        Timed("interval of the event rate", _each(calibration.interval, scores)),
        Timed("decision", _each(lambda known: decide(known, policy), evidence)),
        Timed("all three together", _each(everything, raw)),
    ]


def _each(work: Callable, values: Sequence) -> list[float]:
    """Return the microseconds of each call; the first hundred warm up and are left out."""
    for value in values[:100]:
        work(value)
    clock = time.perf_counter_ns
    micros = []
    for value in values:
        began = clock()
        work(value)
        micros.append((clock() - began) / 1000)
    return micros


def _bare_us(n: int) -> float:
    """Return the microseconds a row that `executemany` takes for the logged prediction."""
    import json
    import subprocess
    import sys
    import tempfile

    from tools.measure.page import ROOT
    from tools.measure.throughput import environment_of

    with tempfile.TemporaryDirectory() as home:
        from pathlib import Path

        done = subprocess.run(
            [sys.executable, "-m", "tools.measure.bare_prediction", str(n), str(WRITE_BATCH)],
            cwd=ROOT,
            env=environment_of(Path(home)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return float(json.loads(done.stdout.splitlines()[-1]))


def page_of(found: Sequence[Timed], *, bare_us: float, n: int) -> Measured:
    """Return the page."""
    rows = [
        (
            one.name,
            said(quantile(one.micros, 0.5)),
            said(quantile(one.micros, 0.99)),
            said(sum(one.micros) / len(one.micros)),
        )
        for one in found
    ]
    whole = sum(found[-1].micros) / len(found[-1].micros)
    return Measured(
        name="overhead",
        title="What interval and decision cost",
        what=(
            "Microseconds for one event, in the process: its score is put on the grid, the "
            "interval of the event rate is looked up, and the decision is taken. Beside it, in "
            "the same run, the bare writing of the row in which they are kept."
        ),
        how=(
            f"{n:,} scores drawn from a beta distribution (0.6, 4), a calibration fitted to "
            f"{CALIBRATION_N:,} such scores with outcomes that follow them, everything automatic "
            "switched on. Each call is timed alone, the timer's own cost (some tens of "
            "nanoseconds) included. The bare row is a "
            "prediction of the check-in log, written into an empty SQLite table with its "
            f"constraints and indexes by `executemany`, {WRITE_BATCH} rows a transaction."
        ),
        n=f"{n:,} events",
        seed=str(SEED),
        versions=f"NumPy {np.__version__}",
        sections=[
            Section("In the process", "", ("step", "p50, µs", "p99, µs", "mean, µs"), rows),
            Section(
                "Reading it",
                f"* The bare row took {said(bare_us)} µs. All three steps together take "
                f"{percent(whole / bare_us)} of that on average.\n"
                "* Judged is the ratio. Reading features from history and scoring with "
                "the trees are not in it; the page on throughput has the whole path.",
            ),
        ],
    )
