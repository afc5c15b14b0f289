"""Drift scenarios in force: D0 (none), D3 (fraud changes its signals), D11 (a bad retrain)."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from watchfloor.entrypoints.simulator.config import WorldConfig
from watchfloor.entrypoints.simulator.records import DriftMark, Label
from watchfloor.entrypoints.simulator.substreams import unit

OPPOSITE = {"fraud": "honest", "honest": "fraud"}


def evolved_share(config: WorldConfig, day: int) -> float:
    """
    Return the share of frauds that use the later signals on a day: 0 before D3, 1 after its ramp.

    >>> from watchfloor.entrypoints.simulator.config import demo
    >>> evolved_share(demo(1, drift_day=90), 89), evolved_share(demo(1, drift_day=90), 90)
    (0.0, 1.0)
    """
    if config.drift_day is None or day < config.drift_day:
        return 0.0
    if config.drift_ramp_days == 0:
        return 1.0
    return min(1.0, (day - config.drift_day) / config.drift_ramp_days)


def drift_marks(config: WorldConfig, *, start: date) -> tuple[DriftMark, ...]:
    """Return one mark for each scenario of a config; without any, the one that says so."""
    marks = []
    if config.drift_day is not None:
        marks.append(_concept_mark(start + timedelta(days=config.drift_day)))
    if config.bad_retrain_day is not None:
        marks.append(_bad_retrain_mark(start + timedelta(days=config.bad_retrain_day)))
    return tuple(marks) or (_no_drift_mark(start),)


def corrupt_labels(labels: Sequence[Label], share: float, seed: int) -> tuple[Label, ...]:
    """
    Return the labels with a share of them turned around, for a retrain made bad on purpose.

    Each label has its own draw, so a larger share turns a superset and the order does not matter.

    >>> from datetime import UTC, datetime
    >>> known_at = datetime(2026, 1, 9, tzinfo=UTC)
    >>> one = Label(event_id="e1", label="fraud", source="audit", available_at=known_at)
    >>> [label.label for label in corrupt_labels([one], 1.0, seed=7)]
    ['honest']
    """
    return tuple(
        msgspec.structs.replace(label, label=OPPOSITE[label.label])
        if unit(seed, "corrupt", label.event_id, label.source) < share
        else label
        for label in labels
    )


def _no_drift_mark(start: date) -> DriftMark:
    return DriftMark(
        scenario="D0",
        kind="none",
        start=start,
        end=None,
        scope="all",
        expected="silence: at most one drift alarm per model in 180 days, no retrain",
    )


def _concept_mark(begins: date) -> DriftMark:
    return DriftMark(
        scenario="D3",
        kind="concept",
        start=begins,
        end=None,
        scope="A1, A2",
        expected="input monitors blind, performance alarm after the label delay, retrain justified",
    )


def _bad_retrain_mark(begins: date) -> DriftMark:
    return DriftMark(
        scenario="D11",
        kind="bad_retrain",
        start=begins,
        end=begins,
        scope="model",
        expected="activation refused, or rolled back within the watch",
    )
