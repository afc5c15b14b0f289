"""Bins of features are frozen once and count whatever comes later."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.drift.feature_bins import (
    CategoryBins,
    FeatureBins,
    NumericBins,
    freeze,
    freeze_rows,
)
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput

NUMBERS = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=300
)


class TestNumbers:
    @given(values=NUMBERS, later=NUMBERS)
    def test_are_all_counted_once(self, values, later):
        bins = freeze(values)

        counts = bins.count([*later, None])

        assert isinstance(bins, NumericBins)
        assert counts.sum() == len(later) + 1
        assert counts[-1] == 1
        assert bins.n_bins == len(counts) == len(bins.labels())
        assert bins.n_bins <= 65

    @given(values=NUMBERS)
    def test_have_centers_within_their_bins_in_order(self, values):
        bins = freeze(values)

        assert (np.diff(bins.centers) >= 0).all()
        assert len(bins.centers) == bins.n_bins - 1
        assert (np.array(bins.centers[1:]) >= np.array(bins.edges)).all()
        assert (np.array(bins.centers[:-1]) <= np.array(bins.edges)).all()

    def test_have_bins_of_equal_share(self):
        values = np.random.default_rng(1).normal(size=6400)

        counts = freeze(values.tolist()).count(values.tolist())

        # 6400 different values and 64 bins: quantiles at every hundredth, one off at the ends.
        assert set(counts[:-1].tolist()) <= {99, 100, 101}

    def test_stand_alone_where_one_value_is_common(self):
        bins = freeze([0.5] * 900 + list(range(1, 101)))

        assert bins.count([0.4999, 0.5, 0.5, 0.5001]).tolist()[:3] == [1, 2, 1]

    def test_of_a_constant_see_both_sides(self):
        assert freeze([2] * 50).count([1.0, 2, 3.0, math.nan, math.inf]).tolist() == [1, 1, 1, 2]

    def test_take_a_word_for_missing(self):
        assert freeze([1.0, 2.0]).count(["broken"]).tolist()[-1] == 1

    def test_take_truth_for_one_and_zero(self):
        counts = freeze([True, False] * 50).count([True, True, False])

        assert sorted(counts.tolist())[-2:] == [1, 2]

    def test_refuse_to_be_frozen_from_nothing(self):
        with pytest.raises(InvalidInput, match="one known value"):
            freeze([None, math.nan])


class TestWords:
    def test_are_counted_by_name(self):
        bins = freeze(["b", "a", None, "a"])

        assert isinstance(bins, CategoryBins)
        assert bins.labels() == ["a", "b", "other", "missing"]
        assert bins.count(["a", "c", None, "b", "b", 7]).tolist() == [1, 2, 2, 1]

    def test_keep_the_most_common_names(self):
        names = [f"n{i:03d}" for i in range(100)]

        bins = freeze(names + names[50:] * 2)

        assert bins.n_bins == 64
        assert set(names[50:]) <= set(bins.names)


class TestTheBinsOfAVersion:
    ROWS = ({"age": 3.0, "door": "north", "gone": None}, {"age": 4.5})

    def test_come_back_from_their_bytes(self):
        bins = freeze_rows(self.ROWS, names=["age", "door", "gone"])

        again = FeatureBins.from_bytes(bins.to_bytes())

        assert again == bins
        assert sorted(again.by_name) == ["age", "door"]

    def test_count_a_feature_that_a_row_lacks_as_missing(self):
        bins = freeze_rows(self.ROWS, names=["age", "door"])

        counts = bins.count(self.ROWS)

        assert counts[bins.places["door"]].tolist() == [1, 0, 1]

    def test_refuse_other_bytes(self):
        with pytest.raises(ArtifactCorrupt):
            FeatureBins.from_bytes(b'{"format":"other"}')
