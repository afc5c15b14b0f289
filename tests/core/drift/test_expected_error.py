"""Scores say how often a model must be expected to err, once labels have taught what they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from watchfloor.core.drift.expected_error import ErrorMap, fit_error_map
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput, NotReady

POINTS = np.linspace(0, 1, 21)


class TestTheMap:
    @given(
        counts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=21, max_size=21)
    )
    def test_is_the_isotonic_regression(self, counts):
        events, others = np.array(counts, dtype=float).T
        labels = events + others
        if not labels.sum():
            return

        found = fit_error_map(POINTS, events, labels=labels, min_labels=1)

        used = labels > 0
        same = IsotonicRegression().fit(
            POINTS[used], events[used] / labels[used], sample_weight=labels[used]
        )
        at = POINTS[used]
        assert np.interp(at, found.scores, found.rates) == pytest.approx(same.predict(at), abs=1e-9)

    def test_expects_the_other_side_of_the_threshold_to_be_wrong(self):
        error_map = ErrorMap((0.0, 0.5, 1.0), (0.1, 0.1, 0.9))

        expected = error_map.expected_errors(np.array([0.2, 0.5, 1.0]), threshold=0.5)

        assert expected.tolist() == pytest.approx([0.1, 0.9, 0.1])

    def test_expects_as_many_errors_as_there_are_on_average(self):
        rng = np.random.default_rng(20260303)
        scores = rng.beta(1, 3, 60_000)
        truth = scores**2  # badly calibrated on purpose
        place = np.minimum((scores * 20).round().astype(int), 20)
        happened = rng.random(60_000) < truth
        half = np.arange(60_000) < 30_000
        counted = [
            np.bincount(place[half], weights=w, minlength=21) for w in (happened[half], None)
        ]
        error_map = fit_error_map(POINTS, counted[0], labels=counted[1].astype(float))

        expected = error_map.expected_errors(POINTS[place[~half]], threshold=0.4).mean()

        wrong = (POINTS[place[~half]] >= 0.4) != happened[~half]
        # The error of either mean over 30,000 is below 0.0025: four of both are 0.015.
        assert expected == pytest.approx(wrong.mean(), abs=0.015)

    def test_comes_back_from_its_bytes(self):
        error_map = ErrorMap((0.0, 1 / 3), (0.1, 0.7))

        assert ErrorMap.from_bytes(error_map.to_bytes()) == error_map
        with pytest.raises(ArtifactCorrupt):
            ErrorMap.from_bytes(b"{}")

    def test_needs_labels(self):
        with pytest.raises(NotReady, match="needed 200"):
            fit_error_map(POINTS, np.ones(21), labels=np.ones(21))

    def test_refuses_more_events_than_labels(self):
        with pytest.raises(InvalidInput):
            fit_error_map(POINTS, np.full(21, 20.0), labels=np.full(21, 10.0))
