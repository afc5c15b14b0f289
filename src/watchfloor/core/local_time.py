"""The tenant's own days and hours: a day has 23, 24 or 25 of them."""

import math
from datetime import UTC, date, datetime, time, timedelta, tzinfo


def local_day(at: datetime, zone: tzinfo) -> date:
    """
    Return the date on the tenant's wall at an instant.

    Args:
        at: aware.

    >>> from zoneinfo import ZoneInfo
    >>> local_day(datetime(2026, 1, 5, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    datetime.date(2026, 1, 6)
    """
    return at.astimezone(zone).date()


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """
    Return the first instant of a local day and of the next, in UTC: half-open bounds.

    >>> from zoneinfo import ZoneInfo
    >>> start, end = day_bounds(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    >>> start.isoformat(), (end - start) / timedelta(hours=1)
    ('2026-03-28T23:00:00+00:00', 23.0)
    """
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    # fold=0, the default, names the earlier instant where the clock shows midnight twice, and
    # the end of the gap where it never shows it: both are the first instant of the day.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def hour_of_week(at: datetime, zone: tzinfo) -> int:
    """
    Return the local hour of the week in [0, 168); Monday 00:00 begins it.

    >>> from zoneinfo import ZoneInfo
    >>> hour_of_week(datetime(2026, 1, 5, 5, 59, tzinfo=UTC), ZoneInfo("Asia/Kolkata"))
    11
    """
    wall = at.astimezone(zone)
    return wall.weekday() * 24 + wall.hour


def cyclic(value: float, *, period: float) -> tuple[float, float]:
    """
    Return sine and cosine of a value on its circle, so that 23:00 and 00:00 are neighbours.

    >>> [round(part, 3) for part in cyclic(6, period=24)]
    [1.0, 0.0]
    """
    angle = 2 * math.pi * value / period
    return math.sin(angle), math.cos(angle)
