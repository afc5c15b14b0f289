"""
The live monitor of coverage: what must be said of outcomes to hold the levels as the world is.

It follows a model through change: the level in force tells how far the calibration has been
left behind, and the share of misses what was kept so far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchfloor.core.conformal.adaptive import AdaptiveLevel, Issued, start_level
from watchfloor.core.conformal.quantile_tracker import QuantileTracker, start_tracker
from watchfloor.core.errors import InvalidInput
from watchfloor.core.state_bytes import floats_of, read_state, state_bytes

FORM = "watchfloor-live-coverage-1"
WINDOW = 1000


@dataclass(frozen=True, slots=True)
class LateOutcome:
    """
    An outcome that has come, beside what was said when it was predicted.

    Args:
        score: nonconformity of the outcome, |outcome - score| in [0, 1].
        issued: what was in force at the moment of the prediction, in the order of
            `LiveCoverage.issue`; None where nothing had been said: it fills the window only.
        delay: predictions made since then, a whole number.
    """

    score: float
    issued: tuple[Issued, ...] | None = None
    delay: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCoverage:
    """
    The state of one model's monitor: adaptive levels at 90 and 95 %, a tracker at 99 %.

    Promise: the share of misses tends to 10, 5 and 1 % on any stream, as each method states;
    no stretch of it is promised anything. Fewer than 9 and 19 outcomes give the whole range.

    Args:
        adaptive: the levels that take a quantile of the window.
        tracker: the level whose quantile is moved directly; a window of 1,000 is too short for
            99 % once the level moves.
        scores: nonconformity of the latest outcomes, newest last, at most `WINDOW`.
        delays: how many predictions the latest of them that something had been said of were
            late by, at most `WINDOW`.
    """

    adaptive: tuple[AdaptiveLevel, ...]
    tracker: QuantileTracker
    scores: tuple[float, ...] = ()
    delays: tuple[int, ...] = ()

    @property
    def delay(self) -> float:
        """How many predictions the outcomes of the window were late by, on average."""
        return sum(self.delays) / len(self.delays) if self.delays else 0.0

    @property
    def n(self) -> int:
        """Outcomes learned from; those that only filled the window are not counted."""
        return self.tracker.n

    @property
    def misses(self) -> tuple[int, ...]:
        """How many of them lay outside what was said, at 90, 95 and 99 %."""
        return (*(level.misses for level in self.adaptive), self.tracker.misses)

    def issue(self) -> tuple[Issued, ...]:
        """Return what to say with predictions from now on, at 90, 95 and 99 %."""
        ascending = sorted(self.scores)
        return (*(level.issue(ascending) for level in self.adaptive), self.tracker.issue())

    def learn(self, late: Sequence[LateOutcome]) -> "LiveCoverage":
        """
        Return the monitor once outcomes are known, in the order in which they came.

        Raises:
            InvalidInput: a nonconformity outside [0, 1], a negative delay, or sets of another
                number of levels.

        >>> said = start().issue()
        >>> start().learn([LateOutcome(0.25, said, 3)] * 9).issue()[0].quantile
        0.25
        """
        scores, delays, total = list(self.scores), list(self.delays), sum(self.delays)
        adaptive, tracker = self.adaptive, self.tracker
        for each in late:
            _refuse_unlike(each, n_levels=len(adaptive) + 1)
            scores.append(each.score)
            if each.issued is None:
                continue
            delays.append(each.delay)
            total += each.delay - (delays[-WINDOW - 1] if len(delays) > WINDOW else 0)
            delay = total / min(len(delays), WINDOW)
            adaptive = tuple(
                level.learn(issued, each.score, delay=delay)
                for level, issued in zip(adaptive, each.issued[:-1], strict=True)
            )
            tracker = tracker.learn(each.issued[-1], each.score, delay=delay)
        return LiveCoverage(
            adaptive=adaptive,
            tracker=tracker,
            scores=tuple(scores[-WINDOW:]),
            delays=tuple(delays[-WINDOW:]),
        )

    def to_bytes(self) -> bytes:
        """Return the state as canonical bytes."""
        return state_bytes(self, form=FORM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "LiveCoverage":
        """
        Return the state that `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not those of a monitor.
        """
        return read_state(data, cls, form=FORM)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {
            "adaptive": [level.to_record() for level in self.adaptive],
            "tracker": self.tracker.to_record(),
            "scores": self.scores,
            "delays": self.delays,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "LiveCoverage":
        """Return the monitor of a stored record."""
        return cls(
            adaptive=tuple(map(AdaptiveLevel.from_record, record["adaptive"])),
            tracker=QuantileTracker.from_record(record["tracker"]),
            scores=floats_of(record["scores"]),
            delays=tuple(map(int, record["delays"])),
        )


def start() -> LiveCoverage:
    """Return a monitor that has seen nothing: it says the whole range."""
    return LiveCoverage(
        adaptive=(start_level(90), start_level(95)), tracker=start_tracker(99, highest=1.0)
    )


def _refuse_unlike(late: LateOutcome, *, n_levels: int) -> None:
    if not 0 <= late.score <= 1:
        raise InvalidInput(field="score", value=late.score, expected="a number in [0, 1]")
    if late.issued is not None and len(late.issued) != n_levels:
        raise InvalidInput(
            field="issued", value=len(late.issued), expected=f"what was said at {n_levels} levels"
        )
    if late.delay < 0:
        raise InvalidInput(field="delay", value=late.delay, expected="a whole number from 0 on")
