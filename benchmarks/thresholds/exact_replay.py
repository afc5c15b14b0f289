"""
The exact replay of logged predictions, with caps and repeats, beside deciding them one by one.

Both take the same rows; the decisions that depend on no other prediction are compared in the
same run, and the run stops where one differs.
"""

from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.thresholds.what_if import PROPOSED
from benchmarks.uncertainty.results import Comparison, Part
from benchmarks.uncertainty.timing import compared
from watchfloor.core.decision.columns import EvidenceColumns, PolicyColumns, decide_columns
from watchfloor.core.decision.evidence import Evidence
from watchfloor.core.decision.policy import decide
from watchfloor.core.decision.simulation.replay import Limits, Stream, replay
from watchfloor.core.score_grid import PROBABILITY

SEED, ROWS, SITES = 20261127, 1_000_000, 50
BASE = 20_000
START = datetime(2026, 3, 2, tzinfo=UTC)
SURE = Evidence(
    score=None,
    now=START,
    width=0.1,
    certified_from=0.7,
    ticket_eps=0.1,
    ticket_delta=0.1,
    calibration_n=1_000,
    calibration_n_positive=60,
    calibrated_at=START - timedelta(days=1),
)


def measure(*, quick: bool) -> Part:
    """Replay a month of a busy tenant; a tenth of it for a try."""
    rng = np.random.default_rng(SEED)
    rows = _evidence(rng)
    _refuse_other_decisions(rows)
    stream = _stream(rng, EvidenceColumns.of(rows), ROWS // 10 if quick else ROWS)
    n = len(stream.evidence)
    return Part(
        heading="Exact replay",
        words="With the caps, the breaker and the repeats that each prediction meets.",
        comparisons=[_compared(stream, rows, n)],
    )


def _compared(stream: Stream, rows: list[Evidence], n: int) -> Comparison:
    return compared(
        f"{n:,} predictions in memory",
        lambda: replay(stream, PROPOSED, Limits()),
        "decide, one by one, less caps and repeats",
        lambda: [decide(row, PROPOSED) for row in rows],
        units=(n, len(rows)),
        rounds=3,
    )


def _evidence(rng: np.random.Generator) -> list[Evidence]:
    scores = PROBABILITY.quantise(rng.beta(0.4, 1.2, BASE))[1].tolist()
    values = {name: getattr(SURE, name) for name in SURE.__slots__}
    return [Evidence(**(values | {"score": score})) for score in scores]


def _refuse_other_decisions(rows: list[Evidence]) -> None:
    found = decide_columns(EvidenceColumns.of(rows), PolicyColumns.of(PROPOSED))
    if any(found.decision(k) != decide(row, PROPOSED) for k, row in enumerate(rows)):
        raise SystemExit("the twin decides otherwise than decide")


def _stream(rng: np.random.Generator, base: EvidenceColumns, n: int) -> Stream:
    evidence = base.part(rng.integers(0, len(base), n))
    seconds = np.sort(rng.uniform(0, 30 * 86_400, n))
    at = np.datetime64("2026-03-02T00:00:00", "us") + (seconds * 1e6).astype("timedelta64[us]")
    values = {name: getattr(evidence, name) for name in evidence.__slots__}
    return Stream(
        evidence=EvidenceColumns(**(values | {"now": at, "calibrated_at": at})),
        thing=rng.integers(0, n // 20, n),
        site=rng.integers(0, SITES, n),
        occurred_at=at,
        local_day=(seconds // 86_400).astype(np.int64),
        closes_at=at + np.timedelta64(6, "h"),
        confirmed=rng.random(n) < 0.9,
    )
