from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.entrypoints.console.wording import (
    NBSP,
    age_text,
    percent_text,
    score_text,
    signed_text,
    span_text,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class TestScoreText:
    @pytest.mark.parametrize(
        ("score", "expected"),
        [
            (0.934, "0.93"),
            (0.5, "0.50"),
            (0.0042, "0.0042"),
            (0.00031, "0.00031"),
            (0.9991, "0.9991"),
            (0.0, "0.00"),
            (1.0, "1.00"),
            (None, "unknown"),
        ],
    )
    def test_writes_as_many_decimals_as_the_tail_needs(self, score, expected):
        assert score_text(score) == expected

    @given(score=st.floats(min_value=2e-6, max_value=1 - 2e-6))
    def test_never_reads_as_certain_when_it_is_not(self, score):
        assert 0 < float(score_text(score)) < 1


def test_an_unknown_share_is_a_word_and_never_a_zero():
    assert percent_text(None) == "unknown"
    assert percent_text(0.0) == f"0.0{NBSP}%"


def test_a_negative_number_has_a_real_minus():
    assert signed_text(-0.13) == "\u22120.13"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (86_400, "1 d")],
)
def test_a_span_is_rounded_down_to_its_largest_unit(seconds, expected):
    assert span_text(seconds).replace(NBSP, " ") == expected


def test_an_instant_to_come_is_not_shown_as_past():
    assert age_text(NOON + timedelta(minutes=5), now=NOON) == f"in 5{NBSP}min"
