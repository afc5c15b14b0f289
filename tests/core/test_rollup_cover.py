"""A range of days is covered once, by as few pieces as weeks and months allow."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.rollup_cover import Span, cover, span_end, span_start

DAYS = st.dates(date(2018, 1, 1), date(2032, 12, 31))


def days_of(piece):
    n = (span_end(piece.first, piece.span) - piece.first).days
    return [piece.first + timedelta(days=k) for k in range(n)]


class TestACover:
    @given(first=DAYS, n=st.integers(0, 800))
    def test_holds_each_day_once_in_order(self, first, n):
        wanted = [first + timedelta(days=k) for k in range(n)]

        pieces = cover(first, first + timedelta(days=n - 1))

        assert [day for piece in pieces for day in days_of(piece)] == wanted

    @given(first=DAYS)
    def test_of_a_year_has_few_pieces(self, first):
        pieces = cover(first, first + timedelta(days=364))

        # Eleven or twelve months, and at each end at most four weeks and twelve days.
        assert len(pieces) <= 12 + 2 * 16

    def test_of_a_calendar_year_is_its_months(self):
        pieces = cover(date(2026, 1, 1), date(2026, 12, 31))

        assert [piece.span for piece in pieces] == [Span.MONTH] * 12

    def test_of_an_empty_range_is_empty(self):
        assert cover(date(2026, 3, 2), date(2026, 3, 1)) == []


class TestASpan:
    @given(day=DAYS, span=st.sampled_from(Span))
    def test_holds_the_day_it_was_found_by(self, day, span):
        start = span_start(day, span)

        assert start <= day < span_end(start, span)
        assert span_start(span_end(start, span), span) == span_end(start, span)
