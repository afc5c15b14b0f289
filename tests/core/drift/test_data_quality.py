"""Broken data is found before a model is blamed, and silence is a finding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from watchfloor.core.drift.data_quality import (
    QualityCheck,
    check_constant,
    check_missing,
    check_range,
    check_unseen,
    check_volume,
)
from watchfloor.core.drift.severity import Severity
from watchfloor.core.errors import InvalidInput


class TestVolume:
    @given(n=st.integers(0, 300), usual=st.lists(st.integers(0, 200), min_size=3, max_size=6))
    def test_has_the_tails_of_a_negative_binomial(self, n, usual):
        center = max(np.mean(usual), 0.5)
        spread = max(np.var(usual, ddof=1), center, (0.15 * center) ** 2) * (1 + 1 / len(usual))
        count = stats.nbinom(center**2 / (spread - center), center / spread)
        rarer_tail = min(count.cdf(n), count.sf(n - 1))

        for rarest in (rarer_tail * 0.999, rarer_tail * 1.001 + 1e-300):
            assert (check_volume(n, usual, rarest=rarest) is None) == (rarest < rarer_tail)

    @pytest.mark.parametrize(
        ("n", "usual", "found"),
        [
            (0, [40, 46, 43, 39], True),
            (41, [40, 46, 43, 39], False),
            (30, [40, 46, 43, 39], False),
            (400, [40, 46, 43, 39], True),
            (0, [3, 2, 4, 3], False),
            (0, [12, 9, 14, 11], True),
            (500, [900, 1100, 300, 1400], False),
            (0, [0, 0, 0, 0], False),
            (30, [0, 0, 0, 0], True),
            (0, [900, 900], False),
        ],
        ids=[
            *("silence", "as usual", "a quiet day", "a flood", "silence of a quiet hour"),
            *("silence of a small site", "restless", "dead hour", "dead hour alive", "too short"),
        ],
    )
    def test_is_held_against_the_same_span_of_earlier_weeks(self, n, usual, found):
        assert (check_volume(n, usual) is not None) == found

    def test_says_what_was_usual(self):
        finding = check_volume(0, [40, 46, 43, 39], subject="check-ins")

        assert finding.check is QualityCheck.VOLUME
        assert finding.severity is Severity.HIGH
        assert (finding.observed, finding.expected) == (0.0, 42.0)
        assert finding.sentence == "No check-ins where 42.0 are usual."

    def test_keeps_its_false_alarms_rare(self):
        rng = np.random.default_rng(2)
        # Days of 200 events whose rate itself varies by 10 %.
        weeks = rng.poisson(200 * rng.normal(1, 0.1, (4000, 5)).clip(0.5))

        found = sum(check_volume(int(w[0]), w[1:].tolist()) is not None for w in weeks)

        # 2e-4 on both sides of 4000 is 0.8; five or more in one run of a thousand.
        assert found <= 5

    @pytest.mark.parametrize(("n", "usual"), [(-1, [1, 2, 3]), (1, [1, -2, 3])])
    def test_refuses_counts_below_zero(self, n, usual):
        with pytest.raises(InvalidInput):
            check_volume(n, usual)


class TestShares:
    @pytest.mark.parametrize(
        ("n_missing", "n", "usual", "found"),
        [
            (60, 100, 0.2, True),
            (30, 100, 0.2, False),
            (3, 5, 0.2, False),
            (0, 0, 0.2, False),
            (0, 500, 0.3, True),
            (0, 500, 0.04, False),
            (500, 500, 1.0, False),
        ],
        ids=["many", "some more", "too few values", "none", "never now", "margin", "always was"],
    )
    def test_of_missing_values_are_held_against_the_usual_one(self, n_missing, n, usual, found):
        finding = check_missing("face_score", n_missing=n_missing, n=n, usual_share=usual)

        assert (finding is not None) == found

    def test_of_unseen_and_outside_values_are_held_against_a_margin(self):
        assert check_unseen("provider", n_unseen=4, n=100) is None
        assert check_unseen("provider", n_unseen=20, n=100).check is QualityCheck.UNSEEN_CATEGORY
        assert check_range("accuracy_m", n_outside=0, n=0) is None
        assert check_range("accuracy_m", n_outside=20, n=100).observed == 0.2

    def test_refuse_more_than_there_are(self):
        with pytest.raises(InvalidInput):
            check_missing("face_score", n_missing=3, n=2, usual_share=0)


class TestConstant:
    @pytest.mark.parametrize(
        ("n_distinct", "n", "usual_distinct", "found"),
        [(1, 500, 90, True), (2, 500, 90, False), (1, 500, 1, False), (1, 9, 90, False)],
        ids=["constant", "two values", "always was", "too few values"],
    )
    def test_is_found_where_values_used_to_differ(self, n_distinct, n, usual_distinct, found):
        finding = check_constant(
            "accuracy_m", n_distinct=n_distinct, n=n, usual_distinct=usual_distinct
        )

        assert (finding is not None) == found
