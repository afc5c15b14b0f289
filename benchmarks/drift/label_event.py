"""
What one known outcome costs a monitor, beside river's ADWIN on the same errors.

Ours takes the outcomes of a night at once, as the product does; ADWIN takes them one by one,
which is the only way it has. Both are fed the same stream without a change. river is in the
peers' environment (`make peers`), so this one runs there:

    python -m benchmarks.drift.label_event [--quick]
"""

import sys
from datetime import UTC, datetime, timedelta

import numpy as np
from river.drift import ADWIN

from benchmarks.tell import run
from benchmarks.uncertainty.results import Comparison, Part, Target
from benchmarks.uncertainty.timing import compared
from watchfloor.core import kernels
from watchfloor.core.drift.many_outcomes import observe_many
from watchfloor.core.drift.performance import baseline_of, start

SEED, OUTCOMES, ERROR = 20261127, 20_000, 0.056
WORDS = {kernels.Twin.PLAIN: "without numba", kernels.Twin.COMPILED: "compiled"}


def measure(*, quick: bool) -> Part:
    """Feed both with the outcomes of some weeks."""
    found = {twin: _compared(twin, rounds=3 if quick else 7) for twin in kernels.twins()}
    best = found.get(kernels.Twin.COMPILED, found[kernels.Twin.PLAIN])
    return Part(
        heading="One known outcome",
        words=f"{OUTCOMES:,} outcomes, {ERROR:.1%} of them errors, for a night of a busy model.",
        comparisons=tuple(found.values()),
        targets=[
            Target("label event beside ADWIN", "one known outcome, beside ADWIN", 10.0, best.ratio)
        ],
    )


def _compared(twin: kernels.Twin, *, rounds: int) -> Comparison:
    rng = np.random.default_rng(SEED)
    losses = (rng.random(OUTCOMES) < ERROR).astype(np.float64)
    one_by_one = losses.tolist()
    began = datetime(2026, 3, 2, tzinfo=UTC)
    ats = [began + timedelta(minutes=i) for i in range(OUTCOMES)]
    before = (rng.random(9_000) < ERROR).astype(np.float64)
    monitor = start(baseline_of(before, np.arange(9_000) // 300), labels_per_day=300)

    def adwin() -> None:
        detector = ADWIN()
        for x in one_by_one:
            detector.update(x)

    return compared(
        f"one outcome, {WORDS[twin]}",
        lambda: observe_many(monitor, losses, ats, twin=twin),
        "river's ADWIN",
        adwin,
        units=(OUTCOMES, OUTCOMES),
        rounds=rounds,
    )


if __name__ == "__main__":
    run((sys.modules[__name__],), name="benchmarks.drift.label_event", about=__doc__)
