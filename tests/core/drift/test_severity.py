"""Severities have an order, and a drop has the severity of its size."""

import itertools
import random

import pytest

from watchfloor.core.drift.severity import DropLevels, Severity, at_most, severity_of_drop

ASCENDING = ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


class TestTheOrder:
    def test_is_by_weight_and_not_by_spelling(self):
        shuffled = random.Random(7).sample(list(Severity), 5)

        assert [severity.value for severity in sorted(shuffled)] == ASCENDING

    @pytest.mark.parametrize(("low", "high"), list(itertools.combinations(Severity, 2)))
    def test_holds_for_every_comparison(self, low, high):
        assert low < high
        assert low <= high
        assert high > low
        assert high >= low
        assert not low > high
        assert not high <= low

    def test_refuses_a_word_that_is_no_severity(self):
        with pytest.raises(ValueError, match="urgent"):
            Severity.HIGH > "urgent"  # noqa: B015

    def test_takes_a_stored_word(self):
        assert Severity.HIGH >= "MEDIUM"
        assert Severity.HIGH > "LOW"

    def test_is_capped(self):
        assert at_most(Severity.CRITICAL, Severity.HIGH) is Severity.HIGH
        assert at_most(Severity.LOW, Severity.HIGH) is Severity.LOW


@pytest.mark.parametrize(
    ("drop", "drop_low", "expected"),
    [
        (0.30, 0.12, Severity.CRITICAL),
        (0.30, 0.10, Severity.HIGH),
        (0.20, 0.15, Severity.HIGH),
        (0.10, 0.01, Severity.HIGH),
        (0.05, 0.01, Severity.MEDIUM),
        (0.049, 0.01, Severity.LOW),
        (-0.10, -0.2, Severity.LOW),
    ],
    ids=["certain", "uncertain", "at the border", "ten", "five", "below five", "a gain"],
)
def test_a_drop_has_the_severity_of_its_size(drop, drop_low, expected):
    assert severity_of_drop(drop, drop_low=drop_low) is expected


def test_the_levels_may_be_turned():
    strict = DropLevels(medium=0.01, high=0.02, critical=0.03)

    assert severity_of_drop(0.04, drop_low=0.025, levels=strict) is Severity.CRITICAL
