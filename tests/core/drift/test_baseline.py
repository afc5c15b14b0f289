"""A baseline is an upper bound on what the errors were, and knows how days cluster."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.drift.baseline import Baseline, baseline_of
from watchfloor.core.errors import InvalidInput, NotReady

DAYS = np.repeat(np.arange(20), 50)


def errors(rate, *, n=1000, seed=1):
    return (np.random.default_rng(seed).random(n) < rate).astype(float)


class TestBaseline:
    def test_is_the_mean_and_its_99_percent_bound(self):
        losses = np.tile([0.0, 0, 0, 0, 1], 200)

        baseline = baseline_of(losses, DAYS)

        # Every day has exactly ten errors: no spread between days, so phi counts as one.
        assert baseline.mu0 == pytest.approx(0.2)
        assert baseline.m == pytest.approx(0.2 + 2.326 * math.sqrt(0.2 * 0.8 / 1000))
        assert baseline.phi == pytest.approx(0, abs=1e-12)
        assert baseline.n_effective == 1000

    def test_finds_independent_errors_unclustered(self):
        rng = np.random.default_rng(4)
        phis = [baseline_of((rng.random(1000) < 0.1).astype(float), DAYS).phi for _ in range(300)]

        # phi is about chi2(19) / 19: mean 1, standard deviation 0.32, so 0.02 for the mean.
        assert np.mean(phis) == pytest.approx(1, abs=0.1)
        assert np.mean(np.array(phis) < 2) > 0.97

    def test_finds_clustered_days(self):
        rng = np.random.default_rng(5)
        rates = np.clip(rng.normal(0.25, 0.12, 20), 0, 1)
        losses = (rng.random(1000) < rates[DAYS]).astype(float)

        baseline = baseline_of(losses, DAYS)

        # 0.12^2 between days over 0.25 * 0.75 / 50 within them is 4.8 on average.
        assert baseline.is_clustered
        assert baseline.n_effective < 400
        assert baseline.daily_m == pytest.approx(
            baseline.daily_mean + 2.326 * baseline.daily_sd / math.sqrt(20)
        )

    def test_takes_phi_for_the_whole_from_a_sample_of_it(self):
        rng = np.random.default_rng(6)
        days = np.repeat(np.arange(60), 400)
        rates = np.clip(rng.normal(0.25, 0.05, 60), 0, 1)
        losses = (rng.random(len(days)) < rates[days]).astype(float)
        quarter = rng.random(len(days)) < 0.25

        whole = baseline_of(losses, days)
        sample = baseline_of(losses[quarter], days[quarter], share=0.25)

        # 0.05^2 / (0.1875 / 400) is 5.3 over independent errors. The sample's own phi is near
        # 2.3 with a standard deviation of 0.43 in 60 days: four times that for the whole.
        assert whole.phi == pytest.approx(6.3, abs=3.5)
        assert sample.phi == pytest.approx(whole.phi, abs=3.5)
        assert baseline_of(losses[quarter], days[quarter]).phi < 4

    def test_leaves_independent_errors_of_a_sample_unclustered(self):
        rng = np.random.default_rng(7)
        clustered = [
            baseline_of((rng.random(1000) < 0.1).astype(float), DAYS, share=0.25).is_clustered
            for _ in range(300)
        ]

        # One in twenty by the test, with an error of 0.013 in 300 draws.
        assert np.mean(clustered) <= 0.05 + 4 * 0.013

    @pytest.mark.parametrize("share", [0.0, 1.5, math.nan])
    def test_refuses_what_is_no_share(self, share):
        with pytest.raises(InvalidInput, match="share"):
            baseline_of(errors(0.1), DAYS, share=share)

    def test_is_wider_where_days_cluster(self):
        calm = baseline_of(np.tile([0.0, 0, 0, 0, 1], 200), DAYS)
        moody = baseline_of(np.repeat([0.0, 0, 0, 0, 1], 200), DAYS)

        assert moody.mu0 == calm.mu0
        assert moody.m > calm.m + 0.1

    def test_without_any_error_leaves_room_for_one(self):
        baseline = baseline_of(np.zeros(1000), DAYS)

        # (1 - m)^1000 = 0.01.
        assert baseline.m == pytest.approx(0.004594, abs=1e-6)
        assert baseline.phi == 1.0

    def test_adds_the_tolerance_on_top(self):
        strict, lax = (baseline_of(errors(0.1), DAYS, tolerance=t) for t in (0, 0.02))

        assert lax.m == pytest.approx(strict.m + 0.02)
        assert lax.daily_m == pytest.approx(strict.daily_m + 0.02)

    def test_does_not_depend_on_the_order_of_days(self):
        order = np.random.default_rng(6).permutation(1000)
        losses = errors(0.1)

        baseline = baseline_of(losses[order], DAYS[order])

        assert baseline.phi == pytest.approx(baseline_of(losses, DAYS).phi)

    @pytest.mark.parametrize(("n", "days"), [(199, 20), (1000, 13)])
    def test_refuses_what_is_too_little(self, n, days):
        with pytest.raises(NotReady, match=f"{n} known outcomes on {days} days"):
            baseline_of(errors(0.1, n=n), np.arange(n) % days)

    @pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.5, math.inf])
    def test_names_a_loss_that_does_not_fit(self, wrong):
        losses = errors(0.1)
        losses[7] = wrong

        with pytest.raises(InvalidInput, match=r"errors\[7\]"):
            baseline_of(losses, DAYS)

    def test_refuses_days_that_do_not_match(self):
        with pytest.raises(InvalidInput, match="day_of"):
            baseline_of(errors(0.1), DAYS[:-1])

    @given(losses=st.lists(st.floats(0, 1), min_size=200, max_size=230))
    def test_bounds_lie_above_their_means(self, losses):
        baseline = baseline_of(np.array(losses), np.arange(len(losses)) % 15)

        assert isinstance(baseline, Baseline)
        assert baseline.m > baseline.mu0
        assert baseline.daily_m >= baseline.daily_mean
        assert math.isfinite(baseline.phi)
