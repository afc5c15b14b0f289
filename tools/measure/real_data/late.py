"""Online methods on real streams in time's order, with outcomes that are late."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tools.measure.real_data.pools import read_event_streams, read_number_streams
from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.conformal.adaptive import AdaptiveLevel, Issued, start_level
from watchfloor.core.conformal.quantile_tracker import QuantileTracker
from watchfloor.core.conformal.sliding_window import sliding_window

WINDOW = 1000
STRETCH = 500
ORDER = ("elec2", "neweather", "weather_temp", "elec_price", "fraud_time")


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """
    What one method said over a stream, prediction by prediction.

    Args:
        inside: whether the outcome was inside what was said with its prediction, shape (n,).
        whole: whether the whole line was said, shape (n,).
    """

    inside: BoolArray
    whole: BoolArray

    @property
    def coverage(self) -> float:
        """Share of outcomes inside."""
        return float(self.inside.mean())

    @property
    def worst(self) -> float:
        """Share inside in the worst stretch of 500 predictions in a row."""
        total = np.concatenate(([0], np.cumsum(self.inside)))
        return float((total[STRETCH:] - total[:-STRETCH]).min() / STRETCH)

    @property
    def whole_share(self) -> float:
        """Share of predictions of which nothing was said."""
        return float(self.whole.mean())


class Method(Protocol):
    """What follows a stream: it says a set, and later learns an outcome."""

    def say(self) -> Issued:
        """Return what to say with the next prediction."""
        ...

    def learn(self, issued: Issued, distance: float) -> None:
        """Take an outcome, with what had been said of it."""
        ...


def read_distances(data_dir: Path) -> dict[str, FloatArray]:
    """
    Return |outcome - estimate| of each recorded stream, in time's order.

    Raises:
        NotFound: the folder does not hold them.
    """
    events = {p.name: np.abs(p.outcomes - p.scores) for p in read_event_streams(data_dir)}
    numbers = {s.name: np.abs(s.outcomes - s.estimates) for s in read_number_streams(data_dir)}
    return {name: (events | numbers)[name] for name in ORDER}


def follow(method: Method, distances: FloatArray, *, late: int) -> Followed:
    """
    Predict through a stream; each outcome is learned `late` predictions after its own.

    Args:
        distances: nonconformity of the predictions that are followed, shape (n,).
        late: 0 where an outcome is known before the next prediction.
    """
    waiting: deque[tuple[Issued, float]] = deque()
    inside, whole = [], []
    for distance in distances.tolist():
        issued = method.say()
        inside.append(issued.contains(distance))
        whole.append(issued.is_whole_line)
        waiting.append((issued, distance))
        if len(waiting) > late:
            method.learn(*waiting.popleft())
    return Followed(np.array(inside, dtype=np.bool_), np.array(whole, dtype=np.bool_))


class Static:
    """The quantile of the first rows, for good."""

    def __init__(self, first: FloatArray, *, percent: int) -> None:
        self._issued = start_level(percent).issue(sorted(first.tolist()))

    def say(self) -> Issued:
        """Return the same as ever."""
        return self._issued

    def learn(self, issued: Issued, distance: float) -> None:
        """Take no notice."""


class Windowed:
    """A level over the last thousand known outcomes; `step` says how it learns."""

    def __init__(self, first: FloatArray, *, percent: int, delay: int | None) -> None:
        """Learn with the step for a delay, or with no step at all (None)."""
        self.level: AdaptiveLevel = start_level(percent)
        self._delay = delay
        self._window = sliding_window(WINDOW)
        self._window.follow(first)

    def say(self) -> Issued:
        """Return the quantile of the window at the level in force."""
        return self.level.issue(self._window)

    def learn(self, issued: Issued, distance: float) -> None:
        """Move the window, and the level where it has a step."""
        self._window.push(distance)
        if self._delay is not None:
            self.level = self.level.learn(issued, distance, delay=self._delay)


class Tracked:
    """The tracker, started at the quantile of the first rows."""

    def __init__(self, first: FloatArray, *, percent: int, delay: int, highest: float) -> None:
        quantile = start_level(percent).issue(sorted(first.tolist())).quantile
        self.tracker = QuantileTracker(percent, min(quantile, highest), highest)
        self._delay = delay

    def say(self) -> Issued:
        """Return the quantile in force."""
        return self.tracker.issue()

    def learn(self, issued: Issued, distance: float) -> None:
        """Move the quantile."""
        self.tracker = self.tracker.learn(issued, distance, delay=self._delay)
