"""When known labels say enough for a first model: not before most older events are labelled."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.entrypoints.cli.replay.protocol import RecordedEvent, RecordedOutcome

FEWEST_OF_A_CLASS = 200
LABELLED_SHARE = 0.8


def first_sound_midnight(
    events: Sequence[RecordedEvent], outcomes: Sequence[RecordedOutcome], *, zone: ZoneInfo
) -> datetime:
    """
    Return the first local midnight with 200 known labels of each class and 80 % known at all.

    The labels that come first are often all of one class, and a model trained on them is worse
    than none: the share is taken over events older than the usual delay of a label.

    Args:
        events: at least one, ordered by `occurred_at`.
        outcomes: ordered by `known_at`, each about one of `events`.

    Returns:
        The midnight, UTC; the one after the last outcome where none is sound before it.
    """
    if not outcomes:
        return _midnight_after(events[-1].occurred_at, zone)
    occurred = {event.event_id: event.occurred_at.timestamp() for event in events}
    about = np.array([occurred[outcome.event_id] for outcome in outcomes])
    known = np.array([outcome.known_at.timestamp() for outcome in outcomes])
    positive = np.cumsum([outcome.value >= 0.5 for outcome in outcomes])
    happened = np.sort(np.array(list(occurred.values())))
    at = _midnight_after(outcomes[0].known_at, zone)
    while at.timestamp() <= known[-1]:
        n = int(np.searchsorted(known, at.timestamp(), side="right"))
        rarer = min(positive[n - 1], n - positive[n - 1])
        if rarer >= FEWEST_OF_A_CLASS and _share(about[:n], known[:n], happened, at) >= (
            LABELLED_SHARE
        ):
            return at
        at = _midnight_after(at, zone)
    return at


def _share(about: FloatArray, known: FloatArray, happened: FloatArray, at: datetime) -> float:
    """Return the labelled share of the events older than the median delay of known labels."""
    old_enough = at.timestamp() - float(np.median(known - about))
    n = int(np.searchsorted(happened, old_enough, side="right"))
    return float(np.sum(about <= old_enough)) / n if n else 0.0


def _midnight_after(at: datetime, zone: ZoneInfo) -> datetime:
    return day_bounds(local_day(at, zone) + timedelta(days=1), zone)[0]
