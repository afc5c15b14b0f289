"""Estimates of numbers have intervals in their own unit, or say that none can be certified."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from watchfloor.core.conformal.grouped import grouped_quantile
from watchfloor.core.conformal.marginal import outcome_abs, outcome_abs_pac
from watchfloor.core.conformal.numeric import (
    FEWEST_PER_BIN,
    NumericCalibration,
    NumericKind,
)
from watchfloor.core.conformal.numeric_fit import (
    Difficulty,
    fit_numeric_calibration,
    sigma_terciles,
)
from watchfloor.core.conformal.numeric_self_test import beta_binomial_cdf, try_on_newer_half
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.conformal.weighted import weighted_quantiles
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput

VALUES = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), max_size=150)


def hours(n, *, seed=20260302):
    """Hours to close: estimates, what came, and a sigma that tells hard ones from easy ones."""
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.5, 8.0, size=n)
    estimate = rng.uniform(10, 100, size=n)
    return estimate + sigma * rng.normal(size=n), estimate, sigma


def fitted(n, **others):
    outcome, estimate, sigma = hours(n)
    known = Difficulty(sigma, floor=0.1, edges=sigma_terciles(sigma))
    return fit_numeric_calibration(
        outcome,
        estimate,
        unit="h",
        known_difficulty=others.pop("known_difficulty", known),
        **others,
    )


class TestFitNumericCalibration:
    @given(rows=VALUES)
    def test_has_the_half_widths_of_its_parts(self, rows):
        outcomes, estimates = [y for y, _ in rows], [p for _, p in rows]
        scores = np.abs(np.array(outcomes) - np.array(estimates))

        found = fit_numeric_calibration(outcomes, estimates, unit="h")

        at = [level_of(percent) for percent in LEVELS]
        assert found.absolute == tuple(outcome_abs(scores, level=level).quantile for level in at)
        assert found.pac == tuple(
            outcome_abs_pac(scores, level=level, delta=0.05).quantile for level in at
        )
        assert found.normalised == (math.inf,) * 3

    @pytest.mark.parametrize(("n", "levels"), [(8, ()), (9, (90,)), (98, (90, 95)), (99, LEVELS)])
    def test_certifies_the_levels_its_rows_are_enough_for(self, n, levels):
        found = fitted(n)

        assert found.certifiable_levels() == levels
        for level in LEVELS:
            interval = found.interval(50.0, level=level)
            assert interval.is_certifiable is (level in levels)

    def test_gives_each_range_of_sigma_its_own_half_width(self):
        found = fitted(3_000)

        easy, hard = (found.interval(50.0, level=90, sigma=sigma) for sigma in (1.0, 7.0))

        assert [each.n for each in found.bins] == [1_000, 1_000, 1_000]
        assert easy.kind is hard.kind is NumericKind.MONDRIAN
        assert hard.upper - hard.lower > 2 * (easy.upper - easy.lower)

    def test_borrows_the_half_widths_of_all_rows_where_a_range_has_few(self):
        found = fitted(3 * FEWEST_PER_BIN - 3)

        assert [each.is_own for each in found.bins] == [False] * 3
        assert {each.half_widths for each in found.bins} == {found.absolute}
        assert found.interval(50.0, level=90, sigma=7.0).kind is NumericKind.ABSOLUTE

    def test_counts_units_where_rows_of_a_unit_depend(self):
        outcome, estimate, _ = hours(4_000)
        engines = [f"engine {i % 40}" for i in range(4_000)]

        found = fit_numeric_calibration(outcome, estimate, unit="cycles", groups=engines)

        assert (found.n, found.n_groups, found.n_counted) == (4_000, 40, 40)
        assert found.certifiable_levels() == (90, 95)
        assert found.pac == (math.inf,) * 3
        scores = np.abs(outcome - estimate)
        assert found.absolute[0] == grouped_quantile(scores, engines, level=level_of(90)).quantile

    def test_keeps_ranges_of_few_units_from_promising_anything_of_their_own(self):
        engines = [f"engine {i % 40}" for i in range(4_000)]

        found = fitted(4_000, groups=engines)

        assert [(each.n, each.is_own) for each in found.bins] == [(40, False)] * 3
        assert found.interval(50.0, level=99, sigma=1.0).upper == math.inf

    def test_weighs_rows_that_had_a_small_chance_to_become_known(self):
        outcome, estimate, sigma = hours(1_000)
        chance = np.where(sigma > 4, 0.2, 1.0)

        found = fit_numeric_calibration(outcome, estimate, unit="h", propensities=chance)

        expected = weighted_quantiles(np.abs(outcome - estimate), 1 / chance, test_weight=5.0)
        assert found.absolute == tuple(each.quantile for each in expected)
        assert found.n_effective == expected[0].n_eff
        assert found.n_counted == int(expected[0].n_eff) < 1_000
        assert found.pac == (math.inf,) * 3
        assert found.self_test.passed is None

    def test_promises_nothing_below_a_hundred_effective_rows(self):
        outcome, estimate, _ = hours(200)
        chance = np.where(np.arange(200) < 5, 0.01, 1.0)

        found = fit_numeric_calibration(outcome, estimate, unit="h", propensities=chance)

        assert (found.certifiable_levels(), found.n_effective < 100) == ((), True)

    def test_of_rows_that_were_all_seen_is_that_without_propensities(self):
        outcome, estimate, _ = hours(200)

        seen = fit_numeric_calibration(outcome, estimate, unit="h", propensities=np.ones(200))

        assert seen == fit_numeric_calibration(outcome, estimate, unit="h")

    def test_promises_nothing_of_units_that_were_not_all_seen(self):
        outcome, estimate, _ = hours(400)
        engines = [f"engine {i % 100}" for i in range(400)]

        found = fit_numeric_calibration(
            outcome, estimate, unit="h", groups=engines, propensities=np.full(400, 0.5)
        )

        assert (found.certifiable_levels(), found.n_counted) == ((), 100)

    def test_of_nothing_promises_nothing(self):
        found = fit_numeric_calibration([], [], unit="h")

        assert (found.n, found.certifiable_levels(), found.self_test.passed) == (0, (), None)

    @pytest.mark.parametrize(
        ("others", "named"),
        [
            ({"unit": ""}, "unit: got"),
            ({"delta": 0.0}, "delta: got"),
            ({"groups": ["a"]}, "groups: got"),
            ({"propensities": [0.5]}, "propensities: got"),
            ({"propensities": [0.5, 0.0]}, r"propensities\[1\]: got"),
            ({"known_difficulty": Difficulty([1.0, 1.0], floor=0.0)}, "floor: got"),
            ({"known_difficulty": Difficulty([1.0], floor=0.1)}, "sigmas: got"),
            ({"known_difficulty": Difficulty([1.0, 2.0], floor=0.1, edges=(2, 1))}, "edges: got"),
        ],
    )
    def test_refuses_what_does_not_fit_by_name(self, others, named):
        with pytest.raises(InvalidInput, match=named):
            fit_numeric_calibration([1.0, 2.0], [1.0, 2.0], **{"unit": "h", **others})

    def test_covers_inside_each_range_of_sigma_what_it_promises(self):
        outcome, estimate, sigma = hours(40_000)
        edges = sigma_terciles(sigma[:3_000])
        known = Difficulty(sigma[:3_000], floor=0.1, edges=edges)
        found = fit_numeric_calibration(
            outcome[:3_000], estimate[:3_000], unit="h", known_difficulty=known
        )

        for low, high in zip((0, *edges), (*edges, np.inf)):
            rows = np.flatnonzero((sigma[3_000:] >= low) & (sigma[3_000:] < high)) + 3_000
            inside = sum(
                interval.lower <= outcome[row] <= interval.upper
                for row in rows[:2_000]
                for interval in [found.interval(estimate[row], level=90, sigma=sigma[row])]
            )
            # Beta(901, 100) over 2,000 rows: standard deviation 0.0117, four of them 0.047.
            assert inside / 2_000 == pytest.approx(0.9, abs=0.047)


class TestInterval:
    @pytest.mark.parametrize("kind", list(NumericKind))
    def test_is_the_estimate_and_the_half_width_of_its_kind_either_way(self, kind):
        found = fitted(1_000)

        interval = found.interval(20.0, level=95, sigma=2.0, kind=kind)

        half_width = {
            NumericKind.ABSOLUTE: found.absolute[1],
            NumericKind.PAC: found.pac[1],
            NumericKind.NORMALISED: found.normalised[1] * 2.0,
            NumericKind.MONDRIAN: found.bins[0].half_widths[1],
        }[kind]
        assert (interval.lower, interval.upper) == (20.0 - half_width, 20.0 + half_width)
        assert (interval.level, interval.kind) == (95, kind)

    def test_of_a_tiny_sigma_is_that_of_the_floor(self):
        found = fitted(1_000)

        tiny, floor = (
            found.interval(20.0, level=90, sigma=sigma, kind=NumericKind.NORMALISED)
            for sigma in (0.0, 0.1)
        )

        assert tiny == floor

    @pytest.mark.parametrize(
        ("others", "named"),
        [
            ({"estimate": math.nan}, "estimate"),
            ({"level": 80}, "level"),
            ({"sigma": -1.0}, "sigma"),
            ({"sigma": math.inf}, "sigma"),
            ({"sigma": None, "kind": NumericKind.NORMALISED}, "sigma"),
            ({"sigma": None, "kind": NumericKind.MONDRIAN}, "sigma"),
        ],
    )
    def test_refuses_what_does_not_fit_by_name(self, others, named):
        asked = {"estimate": 20.0, "level": 90, "sigma": 1.0, **others}

        with pytest.raises(InvalidInput, match=named):
            fitted(400).interval(asked.pop("estimate"), **asked)

    def test_is_offered_in_the_kinds_that_there_are_the_shown_one_first(self):
        few, many, by_engine = fitted(60), fitted(900), fitted(300, groups=["a", "b", "c"] * 100)

        assert many.offered_kinds(2.0) == (
            NumericKind.MONDRIAN,
            NumericKind.ABSOLUTE,
            NumericKind.PAC,
            NumericKind.NORMALISED,
        )
        assert many.offered_kinds(None) == (NumericKind.ABSOLUTE, NumericKind.PAC)
        assert few.offered_kinds(2.0) == (NumericKind.ABSOLUTE, NumericKind.PAC)
        assert by_engine.offered_kinds(2.0) == (NumericKind.ABSOLUTE,)

    def test_without_sigmas_in_the_calibration_is_that_of_all_rows(self):
        found = fitted(400, known_difficulty=None)

        assert found.interval(20.0, level=90, sigma=3.0).kind is NumericKind.ABSOLUTE


class TestBytes:
    @pytest.mark.parametrize(
        ("n", "others"),
        [(0, {}), (12, {}), (400, {}), (400, {"propensities": np.linspace(0.1, 1, 400)})],
    )
    def test_round_trip_exactly(self, n, others):
        found = fitted(n, **others)

        again = NumericCalibration.from_bytes(found.to_bytes())

        assert again == found
        assert (again.to_bytes(), again.digest) == (found.to_bytes(), found.digest)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: data[:0],
            lambda data: data[:-1],
            lambda data: data.replace(b'"n":400', b'"n":401.0'),
            lambda data: data.replace(b"numeric-calibration-1", b"numeric-calibration-2"),
            lambda data: json.dumps(json.loads(data)).encode(),
        ],
        ids=["empty", "cut", "another number", "another format", "spaces"],
    )
    def test_refuse_what_no_calibration_wrote(self, damage):
        with pytest.raises(ArtifactCorrupt):
            NumericCalibration.from_bytes(damage(fitted(400).to_bytes()))

    def test_refuse_bins_that_do_not_fit_their_borders(self):
        with pytest.raises(InvalidInput, match="bins: got"):
            replace(fitted(400), bins=())


class TestSelfTest:
    def test_passes_rows_that_are_alike(self):
        rng = np.random.default_rng(20260302)

        found = try_on_newer_half(rng.exponential(size=600))

        assert found.passed is True
        assert [(each.level, each.n) for each in found.checks] == [(90, 300), (95, 300), (99, 300)]

    def test_fails_alike_rows_as_seldom_as_it_says(self):
        rng = np.random.default_rng(20260302)

        failed = sum(try_on_newer_half(rng.random(400)).passed is False for _ in range(600))

        # At most 0.01; 600 draws have a standard error of 0.0041, so 0.0263 is four above.
        assert failed / 600 <= 0.0263

    def test_fails_rows_whose_spread_doubled(self):
        rng = np.random.default_rng(20260302)
        scores = np.concatenate([rng.exponential(size=300), rng.exponential(2, size=300)])

        assert try_on_newer_half(scores).passed is False

    def test_cannot_tell_from_a_handful(self):
        assert try_on_newer_half(np.ones(10)).passed is None

    @given(n=st.integers(1, 80), a=st.integers(1, 60), b=st.integers(1, 20), data=st.data())
    def test_counts_by_the_beta_binomial(self, n, a, b, data):
        count = data.draw(st.integers(0, n))

        ours = beta_binomial_cdf(count, n, a=a, b=b)

        assert ours == pytest.approx(stats.betabinom.cdf(count, n, a, b), abs=1e-12)
