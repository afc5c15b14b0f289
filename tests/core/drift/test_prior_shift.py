"""A rise of errors is told from a changed share of events, or is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.drift.prior_shift import ShareShift, explain_rise, told_of_share
from watchfloor.core.errors import InvalidInput

SHARE = st.floats(0.05, 0.95)


def world(*, share, n=20_000, seed=1, learned_at=0.5, meaning=1.0):
    """Scores of a model that learned where `learned_at` were events, and what came."""
    rng = np.random.default_rng(seed)
    values = (rng.random(n) < share).astype(float)
    signal = rng.normal(np.where(values > 0.5, meaning, -meaning), 1.5)
    # Bayes' rule for these two normal distributions, with the share of the past.
    odds = learned_at / (1 - learned_at) * np.exp(2 * signal / 1.5**2)
    return odds / (1 + odds), values


def explained(*, share_before, base_error, **options):
    scores, values = world(**options)
    return explain_rise(
        scores, values, threshold=0.5, share_before=share_before, base_error=base_error
    )


class TestScoresThatAreTold:
    @given(before=SHARE, since=SHARE)
    def test_are_right_in_the_mean_where_the_meaning_stayed(self, before, since):
        scores, values = world(share=since, learned_at=before)

        told = told_of_share(scores, before=before, since=since)

        # 20,000 outcomes: standard error 0.0035.
        assert told.mean() == pytest.approx(values.mean(), abs=0.015)

    @given(share=SHARE)
    def test_of_no_change_stay_as_they_are(self, share):
        scores = np.linspace(0.01, 0.99, 9)

        assert told_of_share(scores, before=share, since=share) == pytest.approx(scores)

    @given(before=SHARE, since=SHARE)
    def test_keep_their_order(self, before, since):
        told = told_of_share(np.linspace(0, 1, 30), before=before, since=since)

        assert (np.diff(told) >= 0).all()


class TestARise:
    def test_by_rarer_events_alone_is_a_prior_shift(self):
        # Learned where 70 % were events it errs in 20 %; where 10 % are, in more.
        found = explained(share=0.1, learned_at=0.7, share_before=0.7, base_error=0.2)

        assert found.errors > 0.3
        assert found.errors_if_told < 0.12
        assert found.is_prior_shift
        assert found.explained == 1

    def test_by_a_changed_meaning_is_none(self):
        found = explained(share=0.5, learned_at=0.5, meaning=-0.5, share_before=0.5, base_error=0.2)

        assert found.errors > 0.5
        assert not found.is_prior_shift

    def test_with_a_share_that_hardly_moved_is_none(self):
        shift = ShareShift(before=0.5, since=0.45, errors=0.4, errors_if_told=0.2, explained=1.0)

        assert not shift.is_prior_shift

    def test_that_is_none_is_not_explained(self):
        found = explained(share=0.5, share_before=0.5, base_error=0.9)

        assert found.explained == 0

    def test_of_nothing_is_refused(self):
        with pytest.raises(InvalidInput):
            explain_rise(
                np.array([]), np.array([]), threshold=0.5, share_before=0.5, base_error=0.1
            )
