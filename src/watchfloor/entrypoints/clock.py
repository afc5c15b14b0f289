"""The time of the operation, read by doors alone; everything inward takes it as an argument."""

import time
from datetime import UTC, datetime

from watchfloor.ledger import clock
from watchfloor.ledger.models import ClockRow

# A changed clock is seen everywhere within this many seconds.
FRESH_S = 1.0

_row: ClockRow | None = None
_read_at = float("-inf")
_held: datetime | None = None


def now() -> datetime:
    """Return the time of the operation at this instant, aware UTC."""
    global _row, _read_at  # one row a process, read once a second
    if _held is not None:
        return _held
    if time.monotonic() - _read_at > FRESH_S:
        _row = clock.read_clock()
        _read_at = time.monotonic()
    return clock.virtual_time(_row, real_now=real_now())


def speed() -> float:
    """Return how many seconds of the operation pass in one second of the machine."""
    now()
    return _row.speed if _row is not None else 1.0


def hold(at: datetime | None) -> None:
    """
    Let time stand at a moment, in this process alone; None lets it pass again.

    A recorded stream that comes in by a door of this process brings its own time with it, and
    the installation's clock row is no business of it.
    """
    global _held
    _held = at


def real_now() -> datetime:
    """Return the time of the machine, aware UTC; leases and sockets live by it."""
    return datetime.now(UTC)


def forget() -> None:
    """Read the clock row again at the next call; after it was set in this process."""
    global _read_at
    _read_at = float("-inf")
