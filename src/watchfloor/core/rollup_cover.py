"""Which months, weeks and days make up a range of days: a year is twelve rows and not 365."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ONE_DAY = timedelta(days=1)


class Span(StrEnum):
    """How many days one stored histogram is the sum of."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Cover:
    """One piece of a range: a day, a week from its Monday, or a month from its first."""

    span: Span
    first: date


def span_start(day: date, span: Span) -> date:
    """
    Return the first day of the week or month that a day lies in.

    >>> span_start(date(2026, 3, 4), Span.WEEK), span_start(date(2026, 3, 4), Span.MONTH)
    (datetime.date(2026, 3, 2), datetime.date(2026, 3, 1))
    """
    if span is Span.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if span is Span.MONTH else day


def span_end(first: date, span: Span) -> date:
    """
    Return the day after the last one of a span that begins on `first`.

    >>> span_end(date(2024, 2, 1), Span.MONTH)
    datetime.date(2024, 3, 1)
    """
    if span is Span.MONTH:
        return (first + timedelta(days=31)).replace(day=1)
    return first + (timedelta(days=7) if span is Span.WEEK else ONE_DAY)


def cover(first: date, last: date) -> list[Cover]:
    """
    Return pieces that hold each day of a closed range once, by day; none for an empty range.

    >>> [f"{one.span} {one.first:%d %b}" for one in cover(date(2026, 3, 29), date(2026, 5, 1))]
    ['day 29 Mar', 'day 30 Mar', 'day 31 Mar', 'month 01 Apr', 'day 01 May']
    """
    months = list(_whole(first, last, Span.MONTH))
    if not months:
        return _by_weeks(first, last)
    after = span_end(months[-1].first, Span.MONTH)
    return [*_by_weeks(first, months[0].first - ONE_DAY), *months, *_by_weeks(after, last)]


def _by_weeks(first: date, last: date) -> list[Cover]:
    weeks = list(_whole(first, last, Span.WEEK))
    if not weeks:
        return list(_whole(first, last, Span.DAY))
    after = span_end(weeks[-1].first, Span.WEEK)
    before = weeks[0].first - ONE_DAY
    return [*_whole(first, before, Span.DAY), *weeks, *_whole(after, last, Span.DAY)]


def _whole(first: date, last: date, span: Span) -> Iterator[Cover]:
    """Yield the spans that lie wholly inside a range."""
    start = span_start(first, span)
    if start < first:
        start = span_end(start, span)
    while (end := span_end(start, span)) - ONE_DAY <= last:
        yield Cover(span, start)
        start = end
