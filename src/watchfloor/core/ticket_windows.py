"""The window in which one thing has at most one ticket."""

from datetime import UTC, datetime, timedelta

from watchfloor.core.errors import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def window_start(at: datetime, *, hours: float) -> datetime:
    """
    Return when the window of an event began: windows of one length lie end to end since 1970.

    The event's own time tells it, so a replay, a late event and another process agree. In UTC:
    a window is as long on the day the clocks change as on any other.

    Args:
        at: when the event happened, aware.
        hours: length of a window, more than 0.

    Raises:
        InvalidInput: the length is not more than 0.

    >>> window_start(datetime(2026, 3, 2, 23, 59, tzinfo=UTC), hours=24).isoformat()
    '2026-03-02T00:00:00+00:00'
    """
    if not hours > 0:  # NaN fails this too
        raise InvalidInput(field="hours", value=hours, expected="more than 0")
    length = timedelta(hours=hours)
    return EPOCH + (at - EPOCH) // length * length
