"""A set is tried on itself: what its older half promises is counted on the newer."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from watchfloor.core.conformal.sampling import Sampling
from watchfloor.core.conformal.self_test import (
    ALPHA,
    SelfTest,
    beta_binomial_tail,
    try_on_newer_half,
)
from watchfloor.core.errors import InvalidInput

PROMISES = {"eps_ticket": 0.1, "eps_clear": 0.01, "delta": 0.1}


def make_rows(n, *, seed, turned_from=1.0):
    """Scores that are true rates, until a share of the way they stop being so."""
    rng = np.random.default_rng(seed)
    rate = np.where(rng.random(n) < 0.7, rng.beta(0.5, 20, n), rng.beta(12, 0.8, n))
    happens = rng.random(n) < rate
    turned = np.arange(n) >= turned_from * n
    return rate, np.where(turned, ~happens, happens).astype(int)


class TestTryOnNewerHalf:
    def test_passes_where_the_rows_are_alike(self):
        found = try_on_newer_half(*make_rows(3_000, seed=1), **PROMISES)

        assert found.passed is True
        assert found.n_older == found.n_newer == 1_500
        assert {check.promise for check in found.checks} == {"coverage", "ticket", "clear"}

    def test_fails_where_the_newer_half_is_another_world(self):
        found = try_on_newer_half(*make_rows(3_000, seed=1, turned_from=0.6), **PROMISES)

        broken = {check.promise for check in found.checks if not check.passed}
        assert found.passed is False
        assert broken == {"coverage", "ticket", "clear"}

    def test_says_nothing_where_too_few_rows_promise_anything(self):
        found = try_on_newer_half([0.2, 0.8], [0, 1], **PROMISES)

        assert found.passed is None
        assert found.to_record()["passed"] is None

    def test_of_no_rows_is_no_test(self):
        assert try_on_newer_half([], [], **PROMISES).passed is None

    def test_makes_no_clear_check_where_the_quiet_rest_is_not_known(self):
        p, y = make_rows(3_000, seed=1)
        how = Sampling(propensities=np.ones(3_000), draws=np.zeros(3_000), quiet_is_known=False)

        found = try_on_newer_half(p, y, sampling=how, **PROMISES)

        assert {check.promise for check in found.checks} == {"coverage", "ticket"}

    def test_tries_tickets_on_the_rows_that_were_sure_to_be_seen(self):
        p, y = make_rows(3_000, seed=1)
        how = Sampling(propensities=np.where(p < 0.4, 0.5, 1.0), draws=np.zeros(3_000))

        found = try_on_newer_half(p, y, sampling=how, **PROMISES)

        (ticket,) = (check for check in found.checks if check.promise == "ticket")
        assert ticket.from_score >= 0.4

    def test_refuses_rows_that_do_not_fit(self):
        with pytest.raises(InvalidInput, match=r"scores\[0\]"):
            try_on_newer_half([2.0], [1], **PROMISES)

    def test_fails_alike_rows_no_more_often_than_it_says(self):
        coverage_failed = 0
        for seed in range(200):
            found = try_on_newer_half(*make_rows(400, seed=seed), **PROMISES)
            coverage_failed += any(
                not check.passed for check in found.checks if check.promise == "coverage"
            )

        # At most 1 % each, so 2 of 200 expected at most; more than 8 has a chance below 0.001.
        assert coverage_failed <= 8

    def test_writes_each_check_with_its_band(self):
        record = try_on_newer_half(*make_rows(3_000, seed=1), **PROMISES).to_record()

        assert record["n_checks"] == len(record["checks"])
        assert all(check["kept"] >= check["fewest"] for check in record["checks"])
        assert record["alpha"] == ALPHA


class TestBetaBinomialTail:
    @pytest.mark.parametrize(("n", "a", "b"), [(0, 1, 1), (7, 9, 1), (12, 18, 2), (30, 95, 6)])
    def test_equals_the_sum_in_whole_numbers(self, n, a, b):
        # For whole a, b: P(c) = C(c + a - 1, c) C(n - c + b - 1, n - c) / C(n + a + b - 1, n).
        whole = comb(n + a + b - 1, n)
        mass = [
            Fraction(comb(c + a - 1, c) * comb(n - c + b - 1, n - c), whole) for c in range(n + 1)
        ]

        found = beta_binomial_tail(n, a=a, b=b)

        assert sum(mass) == 1
        assert found == pytest.approx([float(sum(mass[: c + 1])) for c in range(n + 1)], rel=1e-9)

    @pytest.mark.parametrize(("n", "a", "b"), [(-1, 1, 1), (3, 0, 1), (3, 1, 0)])
    def test_refuses_what_is_no_distribution(self, n, a, b):
        with pytest.raises(InvalidInput, match="n, a, b"):
            beta_binomial_tail(n, a=a, b=b)


def test_a_test_without_checks_has_no_verdict():
    assert SelfTest(0, 0, ()).passed is None
