"""How unlike its prediction an outcome is."""

import math

import numpy as np
import pytest

from watchfloor.core.conformal.nonconformity import absolute, normalised
from watchfloor.core.errors import InvalidInput


def test_absolute_is_the_distance_either_way():
    assert absolute([1.0, 5.0], [3.0, 3.0]).tolist() == [2.0, 2.0]


def test_normalised_counts_in_units_of_difficulty_down_to_the_floor():
    found = normalised([1.0, 5.0, 3.1], [3.0, 3.0, 3.0], [4.0, 1.0, 0.0], floor=0.5)

    assert found == pytest.approx([0.5, 2.0, 0.2])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([1.0, math.nan], [1.0, 1.0], [1.0, 1.0]), r"outcomes\[1\]"),
        (([1.0, 1.0], [1.0, math.inf], [1.0, 1.0]), r"estimates\[1\]"),
        (([1.0, 1.0], [1.0], [1.0, 1.0]), "estimates: got"),
        (([1.0, 1.0], [1.0, 1.0], [1.0]), "sigmas: got"),
        (([1.0, 1.0], [1.0, 1.0], [1.0, math.nan]), r"sigmas\[1\]"),
        (([1.0, 1.0], [1.0, 1.0], [1.0, -1.0]), r"sigmas\[1\]"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_name(arguments, named):
    with pytest.raises(InvalidInput, match=named):
        normalised(*arguments, floor=0.1)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.inf, math.nan])
def test_a_floor_that_is_none_is_refused(wrong):
    with pytest.raises(InvalidInput, match="floor"):
        normalised(np.ones(1), np.ones(1), np.ones(1), floor=wrong)
