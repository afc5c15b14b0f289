"""
The same numbers as crepes and MAPIE where those are right, and what they do where they are not.

They are no dependencies; where they are not installed these tests are skipped. Versions and how
to make their environment: `benchmarks/peers`.
"""

import math
from fractions import Fraction

import numpy as np
import pytest

from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.conformal.numeric import NumericKind
from watchfloor.core.conformal.numeric_fit import Difficulty, fit_numeric_calibration
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.errors import InvalidInput

# The peers warn where a set is too small, and pandas and others warn of themselves.
pytestmark = pytest.mark.filterwarnings("ignore")

SIZES = range(1, 4_000)


@pytest.fixture(scope="module")
def crepes():
    """crepes, a conformal regressor of residuals."""
    return pytest.importorskip("crepes")


@pytest.fixture(scope="module")
def mapie():
    """MAPIE's split conformal regressor around a model that returns its input."""
    regression = pytest.importorskip("mapie.regression")
    from sklearn.base import BaseEstimator, RegressorMixin

    class Same(RegressorMixin, BaseEstimator):
        def fit(self, x, y):
            self.fitted_ = True
            return self

        def predict(self, x):
            return np.asarray(x)[:, 0]

    def half_width(residuals, percent):
        zeros = np.zeros((len(residuals), 1))
        same = Same().fit(zeros, residuals)
        made = regression.SplitConformalRegressor(same, confidence_level=percent / 100)
        _, found = made.conformalize(zeros, residuals).predict_interval(np.zeros((1, 1)))
        return float(found[0, 1, 0])

    return half_width


def rows(n, seed=20260302):
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.5, 2.0, n)
    estimates = rng.normal(10, 3, n)
    return estimates + sigma * rng.normal(size=n), estimates, sigma


class TestCrepes:
    @pytest.mark.parametrize("percent", LEVELS)
    def test_has_our_rank_or_one_more_where_its_product_is_rounded_down(self, crepes, percent):
        level, wider, alike = level_of(percent), [], 0
        for n in SIZES:
            made = crepes.ConformalRegressor().fit(residuals=np.arange(1.0, n + 1))
            theirs = made.predict_int(np.zeros(1), confidence=percent / 100)[0, 1]
            ours = outcome_abs(np.arange(1.0, n + 1), level=level).quantile
            if theirs == ours:
                alike += 1
            else:
                wider.append((n, theirs, ours))

        # (1 - 0.9) (n + 1) is a little below the whole number it should be.
        assert alike > 0.85 * len(SIZES)
        for n, theirs, ours in wider:
            assert (n + 1) * (100 - percent) % 100 == 0
            assert theirs == (ours + 1 if ours < n else math.inf)
        if percent == 90:
            assert [n for n, _, _ in wider][:4] == [9, 19, 29, 39]

    def test_has_our_normalised_intervals(self, crepes):
        outcomes, estimates, sigmas = rows(500)
        made = crepes.ConformalRegressor().fit(residuals=outcomes - estimates, sigmas=sigmas)

        theirs = made.predict_int(np.array([20.0]), sigmas=np.array([1.3]), confidence=0.95)[0]

        known = fit_numeric_calibration(
            outcomes, estimates, unit="h", known_difficulty=Difficulty(sigmas, floor=1e-9)
        )
        ours = known.interval(20.0, level=95, sigma=1.3, kind=NumericKind.NORMALISED)
        assert (ours.lower, ours.upper) == pytest.approx(tuple(theirs), rel=1e-12)

    def test_has_our_intervals_within_ranges_of_sigma(self, crepes):
        outcomes, estimates, sigmas = rows(900)
        edges = (1.0, 1.5)
        bins = np.searchsorted(edges, sigmas, side="right")
        made = crepes.ConformalRegressor().fit(residuals=outcomes - estimates, bins=bins)

        theirs = made.predict_int(np.full(3, 20.0), bins=np.array([0, 1, 2]), confidence=0.95)

        known = fit_numeric_calibration(
            outcomes, estimates, unit="h", known_difficulty=Difficulty(sigmas, 0.1, edges)
        )
        ours = [
            known.interval(20.0, level=95, sigma=sigma, kind=NumericKind.MONDRIAN)
            for sigma in (0.7, 1.2, 1.7)
        ]
        assert [each.n for each in known.bins] == np.bincount(bins).tolist()
        assert [each.upper for each in ours] == pytest.approx(theirs[:, 1].tolist(), rel=1e-12)

    def test_takes_what_is_no_number_for_the_largest_where_we_refuse_it(self, crepes):
        holed = np.append(np.arange(1.0, 100.0), np.nan)

        crepes.ConformalRegressor().fit(residuals=holed)

        with pytest.raises(InvalidInput, match=r"nonconformity\[99\]"):
            outcome_abs(holed, level=level_of(90))


class TestMapie:
    @pytest.mark.parametrize("percent", LEVELS)
    def test_has_our_half_width_from_the_size_on_at_which_it_answers(self, mapie, percent):
        level = level_of(percent)
        least = math.ceil(1 / (1 - level))

        for n in [*range(least, least + 25), 500, 999, 1_000]:
            residuals = np.random.default_rng(n).exponential(size=n)
            ours = outcome_abs(residuals, level=level).quantile
            assert mapie(residuals, percent) == pytest.approx(ours, rel=1e-12), n

    @pytest.mark.parametrize(("n", "percent"), [(9, 90), (19, 95), (99, 99)])
    def test_refuses_the_smallest_size_that_is_enough(self, mapie, n, percent):
        residuals = np.arange(1.0, n + 1)

        with pytest.raises(ValueError, match="samples"):
            mapie(residuals, percent)

        assert outcome_abs(residuals, level=level_of(percent)).quantile == n


class TestNumpysQuantile:
    def test_promises_too_little_at_every_size(self):
        for percent in LEVELS:
            for n in range(100, 1_500, 7):
                scores = np.arange(1.0, n + 1)
                ours = outcome_abs(scores, level=Fraction(percent, 100)).quantile

                # Interpolated between n - 1 gaps, as if the row to predict were no row.
                assert np.quantile(scores, percent / 100) < ours
