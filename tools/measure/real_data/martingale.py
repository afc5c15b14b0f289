"""The guard of a calibration set on real streams, and on streams that never change."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tools.measure.real_data.late import WINDOW, Static
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.betting import JUMP_RATES
from watchfloor.core.conformal.exchangeability import Arrival, observe, start
from watchfloor.core.score_grid import PROBABILITY

SEED = 20260302
ALARM_LEVEL = 0.01
N_P_VALUES = 5000
_NO_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Watched:
    """
    What the guard of a stream's first rows saw.

    Args:
        alarmed_after: outcomes until the alarm; None without one.
        n: outcomes there were.
        coverage_by_then: share inside the static 90 % set until then; None without an alarm.
    """

    alarmed_after: int | None
    n: int
    coverage_by_then: float | None


def watch_stream(distances: FloatArray, *, level: float = ALARM_LEVEL) -> Watched:
    """
    Guard the first thousand rows of a stream against those that follow.

    Args:
        distances: in any unit; they are put on the score grid as shares of the largest.
    """
    places = PROBABILITY.quantise(distances / distances.max())[0].tolist()
    rng = np.random.default_rng(SEED)
    ties = rng.random(len(places)).tolist()
    coming = [
        Arrival(place, 0, tie, _NO_MOMENT)
        for place, tie in zip(places[WINDOW:], ties[WINDOW:], strict=True)
    ]
    guard = observe(start([places[:WINDOW]], level=level), coming)
    if not guard.alarmed:
        return Watched(None, len(coming), None)
    said = Static(distances[:WINDOW], percent=90).say()
    by_then = distances[WINDOW : WINDOW + guard.n] <= said.quantile
    return Watched(guard.n, len(coming), float(by_then.mean()))


def false_alarms(n_guards: int, *, level: float, seed: int) -> float:
    """Return the share of guards that alarm on 5,000 uniform p-values; all are bet on at once."""
    rng = np.random.default_rng(seed)
    rates = np.array(JUMP_RATES)[:, None, None]
    stakes = np.full((len(JUMP_RATES), 3, n_guards), 1 / 3)
    log_wealth = np.zeros((len(JUMP_RATES), n_guards))
    alarmed = np.zeros(n_guards, dtype=np.bool_)
    for _ in range(N_P_VALUES):
        p = rng.random(n_guards)
        stakes = (1 - rates) * stakes + rates / 3
        stakes *= np.stack([1.5 - p, np.ones(n_guards), 0.5 + p])
        total = stakes.sum(axis=1)
        log_wealth += np.log(total)
        stakes /= total[:, None, :]
        alarmed |= np.exp(log_wealth).mean(axis=0) >= 1 / level
    return float(alarmed.mean())
