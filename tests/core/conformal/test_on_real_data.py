"""What is promised holds on real predictions: of events and of numbers, in bins, by engine."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tools.measure.real_data.engines import split_engines
from tools.measure.real_data.numbers import bike_sharing, cmapss_fd001, itsm_incidents
from tools.measure.real_data.pools import read_number_streams, read_pools
from tools.measure.real_data.promises import clear_promise, ticket_promise
from tools.measure.real_data.shift import under_shift, under_verification_bias
from tools.measure.real_data.splits import checks_of_split, number_checks, p_values
from watchfloor.core.conformal.marginal import outcome_abs, outcome_abs_pac
from watchfloor.core.conformal.numeric_fit import sigma_terciles
from watchfloor.core.conformal.positives_cleared import control_positives_cleared
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.conformal.selection import batch_select

pytestmark = pytest.mark.slow

SEED = 20260302
# Chance that the checks of one test fail any pool although everything is right.
ALPHA = 0.001


@pytest.fixture(scope="module")
def pools(data_dir):
    """The twelve pools, by name."""
    found = {pool.name: pool for pool in read_pools(data_dir)}
    assert len(found) == 12
    return found


@pytest.fixture(scope="module")
def engines(data_dir):
    """Sixty engines that the models never saw."""
    return cmapss_fd001(data_dir)


def refused(checks):
    """
    Return the checks that chance cannot explain, with all of them counted (Bonferroni).

    In a random split the count is beta-binomial whatever the scores are: the coverage of one
    calibration varies by itself, as Beta(k, n + 1 - k), and a plain binomial would cry wolf.
    Two tails for each check.
    """
    too_few, too_many = p_values(checks)
    limit = ALPHA / (2 * len(checks))
    return [
        check for check, a, b in zip(checks, too_few, too_many, strict=True) if min(a, b) < limit
    ]


class TestCoverage:
    def test_of_every_pool_is_as_promised_overall_and_in_every_bin(self, pools):
        rng = np.random.default_rng(SEED)

        checks = [
            check
            for pool in pools.values()
            for _ in range(10)
            for check in checks_of_split(pool, rng)
        ]

        assert {check.level for check in checks} == set(LEVELS)
        assert len({(check.pool, check.where) for check in checks}) > 100
        assert refused(checks) == []

    def test_would_be_refused_if_the_rank_were_two_hundredths_too_low(self, pools):
        rng = np.random.default_rng(SEED)
        wrong = []
        for pool in pools.values():
            for check in checks_of_split(pool, rng):
                if (check.where, check.level) == ("all", 90):
                    too_low = replace(check, kept=check.kept - check.m // 50)
                    wrong.append(replace(too_low, strictly=min(check.strictly, too_low.kept)))

        assert len(wrong) == 12
        assert refused(wrong)

    @pytest.mark.parametrize("read", [bike_sharing, itsm_incidents], ids=lambda f: f.__name__)
    def test_of_numbers_is_as_promised_in_random_order_and_in_every_third_of_sigma(
        self, data_dir, read
    ):
        # In the order of time both drift and nothing is promised; in random order all is.
        rng = np.random.default_rng(SEED)
        estimates = read(data_dir)
        edges = sigma_terciles(estimates.sigmas)

        checks = [c for _ in range(15) for c in number_checks(estimates, edges, rng)]

        assert len({check.where for check in checks}) == 5
        assert refused(checks) == []

    def test_of_the_streams_of_numbers_is_as_promised_in_random_order(self, data_dir):
        rng = np.random.default_rng(SEED)
        inside = []
        for stream in read_number_streams(data_dir):
            distances = np.abs(stream.outcomes - stream.estimates)
            for level in LEVELS:
                order = rng.permutation(distances)
                half = len(order) // 2
                found = outcome_abs(order[:half], level=level_of(level))
                kept = int((order[half:] <= found.quantile).sum())
                inside.append((kept, len(order) - half, found.k, half + 1 - found.k))

        tails = [stats.betabinom.cdf(kept, m, a, b) for kept, m, a, b in inside]
        assert len(tails) == 6
        assert min(tails) > ALPHA / len(tails)

    def test_by_calibration_falls_short_no_more_often_than_delta(self, pools):
        rng, draws, delta = np.random.default_rng(SEED), 100, 0.1
        short = {}
        for pool in pools.values():
            residuals = np.abs(pool.scores - pool.outcomes)
            for level in LEVELS:
                reached = [
                    outcome_abs_pac(
                        rng.choice(residuals, size=2_000), level=level_of(level), delta=delta
                    ).quantile
                    for _ in range(draws)
                ]
                # Drawn with replacement from the pool, so the pool is the truth.
                share = np.searchsorted(np.sort(residuals), reached, side="right") / len(residuals)
                short[pool.name, level] = int((share < level / 100).sum())

        # Each of the 36 counts is at most binomial(100, delta); Bonferroni over them.
        most = stats.binom.isf(ALPHA / len(short), draws, delta)
        assert {where: n for where, n in short.items() if n > most} == {}


class TestCertificates:
    @pytest.mark.parametrize("eps", [0.05, 0.1, 0.2])
    def test_of_tickets_break_no_more_often_than_delta(self, pools, eps):
        rng = np.random.default_rng(SEED)

        kept = [ticket_promise(pool, eps=eps, draws=120, rng=rng) for pool in pools.values()]

        assert {each.pool: each.broken for each in kept if each.broken > each.may_break} == {}
        assert sum(each.certified for each in kept) > 200

    @pytest.mark.parametrize("eps", [0.01, 0.05])
    def test_of_clearing_break_no_more_often_than_delta(self, pools, eps):
        rng = np.random.default_rng(SEED)

        kept = [clear_promise(pool, eps=eps, draws=120, rng=rng) for pool in pools.values()]

        assert {each.pool: each.broken for each in kept if each.broken > each.may_break} == {}
        assert sum(each.certified for each in kept) > 200

    def test_hide_at_most_their_share_of_all_events_on_average(self, pools):
        rng, beta = np.random.default_rng(SEED), 0.05
        above = {}
        for pool in pools.values():
            events, hidden = np.sort(pool.scores[pool.outcomes == 1]), []
            for _ in range(150):
                drawn = rng.choice(events, size=min(len(events), 400))
                found = control_positives_cleared(drawn, np.ones(len(drawn)), beta=beta)
                hidden.append(np.searchsorted(events, found.limit, side="left") / len(events))
            error = np.std(hidden) / np.sqrt(len(hidden))
            above[pool.name] = float((np.mean(hidden) - beta) / error)

        # Standard errors above the promise; twelve pools, so five leave 0.000003 to chance.
        assert {name: z for name, z in above.items() if z > 5} == {}


class TestBatchSelection:
    @pytest.mark.parametrize("eps", [0.1, 0.2])
    def test_holds_few_false_ones_on_average_over_batches(self, pools, eps):
        rng = np.random.default_rng(SEED)
        above, selected = {}, 0
        for pool in pools.values():
            shares = []
            for _ in range(120):
                rows = rng.permutation(len(pool.scores))[:2_200]
                found = batch_select(
                    pool.scores[rows[:200]],
                    known_scores=pool.scores[rows[200:]],
                    known_outcomes=pool.outcomes[rows[200:]],
                    eps=eps,
                )
                chosen = pool.outcomes[rows[:200]][list(found.selected)]
                selected += len(chosen)
                shares.append(1 - chosen.mean() if len(chosen) else 0.0)
            error = max(np.std(shares), 0.01) / np.sqrt(len(shares))
            above[pool.name] = float((np.mean(shares) - eps) / error)

        assert {name: z for name, z in above.items() if z > 5} == {}
        assert selected > 1_000


class TestEngines:
    def test_are_covered_at_90_and_95_and_not_certifiable_at_99(self, engines):
        rng = np.random.default_rng(SEED)

        splits = [split_engines(engines, rng) for _ in range(60)]

        assert len(set(engines.groups)) == 60
        assert {split.certifiable for split in splits} == {(90, 95)}
        coverage = np.array([split.coverage for split in splits])
        error = coverage.std(axis=0) / np.sqrt(len(splits))
        # Promised on average over random halves; four standard errors of 60 halves below.
        assert coverage[:, 0].mean() >= 0.90 - 4 * error[0]
        assert coverage[:, 1].mean() >= 0.95 - 4 * error[1]
        assert {split.half_widths[2] for split in splits} == {np.inf}


class TestWeighted:
    @pytest.mark.parametrize("name", ["campaign__lgbm", "magic_gamma__lgbm"])
    def test_covers_where_predictions_come_otherwise_than_the_calibration(self, pools, name):
        rng = np.random.default_rng(SEED)

        drawn = [under_shift(pools[name], rng) for _ in range(8)]

        plain = np.mean([each.plain for each in drawn], axis=0)
        exact = np.array([each.exact for each in drawn])
        # The rows to come are drawn with replacement, so an error of their mean stays beside
        # the promise: four standard errors of eight draws, of at least 0.002 each.
        error = np.maximum(exact.std(axis=0), 0.002) / np.sqrt(len(drawn))
        assert plain[0] < 0.88
        assert (exact.mean(axis=0) >= np.array([0.90, 0.95, 0.99]) - 4 * error).all()

    def test_covers_all_rows_where_low_scores_were_seen_by_a_random_sample(self, pools):
        rng = np.random.default_rng(SEED)
        missed = {}
        for name in ("credit_default__lgbm", "neweather__lgbm", "elec2__lgbm"):
            drawn = [under_verification_bias(pools[name], rng) for _ in range(25)]
            weighted = np.array([each.weighted for each in drawn])
            error = weighted.std(axis=0) / np.sqrt(len(drawn))
            short = weighted.mean(axis=0) < np.array([0.90, 0.95, 0.99]) - 4 * error
            missed |= {(name, level): True for level, is_short in zip(LEVELS, short) if is_short}
            # Counted alike, 99 % is not kept: the quiet rows hardly speak.
            assert np.mean([each.plain[2] for each in drawn]) < 0.99

        assert missed == {}
