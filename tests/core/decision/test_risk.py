"""Scores have a word for people."""

import math

import pytest

from watchfloor.core.decision.risk import RiskLevel, risk_level
from watchfloor.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.0, RiskLevel.MINIMAL),
        (0.1999, RiskLevel.MINIMAL),
        (0.2, RiskLevel.LOW),
        (0.3999, RiskLevel.LOW),
        (0.4, RiskLevel.MEDIUM),
        (0.6, RiskLevel.HIGH),
        (0.7999, RiskLevel.HIGH),
        (0.8, RiskLevel.CRITICAL),
        (1.0, RiskLevel.CRITICAL),
    ],
)
def test_each_band_begins_at_its_lower_end(score, expected):
    assert risk_level(score) is expected


@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_probability_has_no_band(wrong):
    with pytest.raises(InvalidInput, match="score"):
        risk_level(wrong)
