"""The time of the operation: real time seen through one row, so that any story can be replayed."""

from datetime import datetime

from watchfloor.core.errors import InvalidInput
from watchfloor.ledger.models import ClockRow


def read_clock() -> ClockRow | None:
    """Return the clock row, or None before its first setting: time is then real time."""
    return ClockRow.objects.filter(pk=1).first()


def virtual_time(row: ClockRow | None, *, real_now: datetime) -> datetime:
    """Return the time of the operation at a real instant."""
    if row is None:
        return real_now
    return row.virtual_anchor + (real_now - row.real_anchor) * row.speed


def set_clock(*, virtual_now: datetime, speed: float, real_now: datetime) -> None:
    """
    Let time go on from `virtual_now` at `speed` virtual seconds a second.

    Raises:
        InvalidInput: a speed that is negative or not a number.
    """
    if not speed >= 0:
        raise InvalidInput(field="speed", value=speed, expected="0 or more")
    ClockRow.objects.update_or_create(
        pk=1,
        defaults={"real_anchor": real_now, "virtual_anchor": virtual_now, "speed": speed},
    )
