"""One immutable blob holds everything a score needs to be acted on."""

import json
import math
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core.conformal.calibration import Calibration, fit_calibration
from watchfloor.core.conformal.certified import certify
from watchfloor.core.conformal.coverage import empirical_coverage
from watchfloor.core.conformal.mondrian import bin_quantiles
from watchfloor.core.conformal.probability_bins import UNKNOWN_RATE
from watchfloor.core.conformal.sampling import Sampling
from watchfloor.core.errors import ArtifactCorrupt, InvalidInput
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.core.score_rollup import count_scores, metrics

PROMISES = {"eps_ticket": 0.1, "eps_clear": 0.01, "delta": 0.1}


def make_rows(n, *, seed=20260115):
    """Scores that are true rates: mostly low, some high."""
    rng = np.random.default_rng(seed)
    rate = np.where(rng.random(n) < 0.85, rng.beta(0.5, 20, n), rng.beta(8, 1.2, n))
    _, scores = PROBABILITY.quantise(rate)
    return scores, (rng.random(n) < scores).astype(int)


def make_calibration(n=5_000, *, seed=20260115):
    return fit_calibration(*make_rows(n, seed=seed), **PROMISES)


FITTED = make_calibration()
ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.004, 0.03, 0.3, 0.31, 0.9, 1.0]), st.integers(0, 1)),
    max_size=200,
)


# As the first layout wrote it: 40 rows, one bin.
OF_FORMAT_1 = (
    b'{"base_rate":"0x1.0cccccccccccdp-1","bins":[{"interval":["0x1.71f36b769d4a2p-2",'
    b'"0x1.5ea8a13b5af12p-1","0x1.4b5dd70018982p-2","0x1.8a082b7470c25p-2",'
    b'"0x1.53197606159f1p-1","0x1.446c0b4b85621p-2","0x1.744a3a0d66589p-1"],"k":21,"n":40,'
    b'"quantiles":["0x1.8000000000000p-1","0x1.8000000000000p-1","inf"]}],"clear":{"delta":'
    b'"0x1.999999999999ap-4","eps":"0x1.3333333333333p-2","false_certified":0,"n":40,'
    b'"n_certified":0,"threshold":null},"ece":"0x1.3333333333333p-4","edges":[],"format":'
    b'"watchfloor-calibration-1","n":40,"n_positive":21,"ticket":{"delta":'
    b'"0x1.999999999999ap-4","eps":"0x1.3333333333333p-2","false_certified":0,"n":40,'
    b'"n_certified":0,"threshold":null}}'
)
ITS_DIGEST = "a7d1eafe8618c09362cd1955a001afe851b5d089bf029f1eab167620f0b8d58c"


class TestFitCalibration:
    def test_counts_rows_and_events_over_its_bins(self):
        _, outcomes = make_rows(5_000)

        assert sum(each.n for each in FITTED.bins) == FITTED.n == 5_000
        assert sum(each.k for each in FITTED.bins) == FITTED.n_positive == outcomes.sum()
        assert FITTED.base_rate == outcomes.mean()

    def test_certifies_both_ends_of_a_good_model(self):
        assert FITTED.clear_below < 0.5 < FITTED.certified_from
        assert FITTED.ticket.eps == 0.1
        assert FITTED.clear.eps == 0.01

    def test_has_the_calibration_error_that_the_rollup_has(self):
        scores, outcomes = make_rows(5_000)
        bins, _ = PROBABILITY.quantise(scores)

        from_counts = metrics(count_scores(bins, outcomes, grid=PROBABILITY), threshold=0.5).ece

        assert FITTED.ece == pytest.approx(from_counts, abs=1e-12)
        assert FITTED.calibration_score == 1 - FITTED.ece

    @pytest.mark.parametrize("n", [0, 1, 8, 29])
    def test_knows_nothing_from_too_few_rows(self, n):
        few = make_calibration(n)

        assert few.interval(0.7) == UNKNOWN_RATE
        assert few.outcome_bounds(0.7, 99) == (0.0, 1.0)
        assert few.certified_from is None
        assert few.clear_below is None

    def test_of_nothing_has_no_error_and_no_rate(self):
        nothing = make_calibration(0)

        assert nothing.ece is nothing.base_rate is nothing.calibration_score is None

    @given(rows=ROWS, seed=st.integers(0, 5))
    def test_does_not_depend_on_the_order_of_rows(self, rows, seed):
        shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]

        one, other = (
            fit_calibration([s for s, _ in each], [y for _, y in each], **PROMISES)
            for each in (rows, shuffled)
        )

        assert one.to_bytes() == other.to_bytes()

    @pytest.mark.parametrize(
        ("scores", "outcomes", "named"),
        [
            ([0.1, math.nan], [0, 1], r"scores\[1\]: got nan"),
            ([0.1, 0.2], [0, 2], r"outcomes\[1\]: got 2"),
            ([[0.1]], [[0]], "outcomes: got"),
        ],
    )
    def test_refuses_rows_that_do_not_fit_by_name(self, scores, outcomes, named):
        with pytest.raises(InvalidInput, match=named):
            fit_calibration(scores, outcomes, **PROMISES)


class TestInterval:
    @given(score=st.floats(0, 1))
    def test_is_the_exact_binomial_interval_of_its_bin(self, score):
        found = FITTED.interval(score)

        of_bin = next(
            each
            for each, upper in zip(FITTED.bins, (*FITTED.edges, math.inf), strict=True)
            if score < upper
        )
        assert found == of_bin.interval
        assert found.lower <= of_bin.k / of_bin.n <= found.upper

    @pytest.mark.parametrize("wrong", [math.nan, -0.001, 1.001, math.inf])
    def test_refuses_what_is_no_probability(self, wrong):
        with pytest.raises(InvalidInput, match="score: got"):
            FITTED.interval(wrong)


class TestOutcomeBounds:
    @given(score=st.floats(0, 1))
    def test_widen_with_the_level_around_the_score(self, score):
        (low90, high90), (low95, high95), (low99, high99) = (
            FITTED.outcome_bounds(score, level) for level in (90, 95, 99)
        )

        assert 0 <= low99 <= low95 <= low90 <= score <= high90 <= high95 <= high99 <= 1

    @given(score=st.floats(0, 1))
    def test_are_the_same_one_by_one_and_all_at_once(self, score):
        one_by_one = [FITTED.outcome_bounds(score, level) for level in (90, 95, 99)]

        assert FITTED.outcome_bounds_all(score) == tuple(chain.from_iterable(one_by_one))

    @pytest.mark.parametrize("wrong", [math.nan, -5e-324, math.nextafter(1, 2), math.inf])
    def test_refuse_what_is_no_probability(self, wrong):
        with pytest.raises(InvalidInput, match="score: got"):
            FITTED.outcome_bounds_all(wrong)

    @pytest.mark.parametrize("wrong", [0.9, 50, 100])
    def test_refuse_another_level(self, wrong):
        with pytest.raises(InvalidInput, match="level: got"):
            FITTED.outcome_bounds(0.5, wrong)

    def test_use_the_quantile_of_their_own_bin(self):
        scores = np.array([0.01] * 50 + [0.9] * 50)
        outcomes = np.array([0] * 50 + [1] * 40 + [0] * 10)

        (low90, *_), (high90, *_) = bin_quantiles(scores, outcomes, edges=(0.5,))

        assert low90 == 0.01
        assert high90 == 0.9


class TestEmpiricalCoverage:
    @pytest.mark.parametrize("level", [90, 95, 99])
    def test_equals_the_count_done_one_by_one(self, level):
        scores, outcomes = make_rows(2_000, seed=7)

        share = empirical_coverage(FITTED, scores, outcomes, level)

        by_hand = naive.empirical_coverage(
            lambda score: FITTED.outcome_bounds(score, level), scores, outcomes
        )
        assert share == by_hand

    @pytest.mark.parametrize("level", [90, 95, 99])
    def test_holds_on_fresh_rows_overall_and_among_high_scores(self, level):
        scores, outcomes = make_rows(40_000, seed=8)
        high = scores >= 0.5

        overall = empirical_coverage(FITTED, scores, outcomes, level)
        among_high = empirical_coverage(FITTED, scores[high], outcomes[high], level)

        # Coverage of one calibration set is Beta with deviation sqrt(L (1 - L) / n), at 90 %
        # 0.0042 for its 5,000 rows and 0.011 for the 740 high ones; fresh rows add 0.0015 and
        # 0.004. Four of each: 0.023 overall, 0.06 among high scores.
        assert overall >= level / 100 - 0.023
        assert among_high >= level / 100 - 0.06

    def test_of_no_outcomes_is_unknown(self):
        assert empirical_coverage(FITTED, [], [], 90) is None


class TestSampledRows:
    """Quiet predictions are looked at once in fifty, loud ones always."""

    RNG = np.random.default_rng(20260115)
    SCORES, OUTCOMES = make_rows(40_000, seed=3)
    CHANCE = np.where(SCORES >= 0.4, 1.0, 0.05)
    SEEN = RNG.random(40_000) < CHANCE
    HOW = Sampling(propensities=CHANCE[SEEN], draws=RNG.random(int(SEEN.sum())))
    FITTED = fit_calibration(SCORES[SEEN], OUTCOMES[SEEN], sampling=HOW, **PROMISES)

    def test_weigh_what_they_stand_for(self):
        fitted = self.FITTED

        # About 33,000 quiet rows at 5 %: their share of events has a standard error of 0.003,
        # and of all rows 0.0025; four of them.
        assert abs(fitted.base_rate - self.OUTCOMES.mean()) < 0.01
        assert self.OUTCOMES[self.SEEN].mean() > 0.5
        assert fitted.n_effective < fitted.n == self.SEEN.sum()

    def test_certify_tickets_above_every_score_that_was_sampled(self):
        # Every prediction from 0.4 on was seen, so these are all of them.
        high = self.SCORES >= 0.4

        assert self.FITTED.ticket == certify(
            self.SCORES[high], self.OUTCOMES[high], eps=0.1, delta=0.1
        )

    def test_certify_clearing_on_rows_that_all_came_by_the_same_chance(self):
        fitted = self.FITTED

        below = fitted.clear.threshold >= self.SCORES
        assert fitted.clear.n < 0.1 * 40_000
        # The promise, on all predictions: at most 1 % of what lies there happened.
        assert self.OUTCOMES[below].mean() <= 0.01

    def test_say_how_much_of_everything_a_promise_would_handle(self):
        share = self.FITTED.tickets_at.points[-1].share

        certified = self.FITTED.tickets_at.points[-1].threshold <= self.SCORES
        # The estimated number of all predictions has a standard error of 2 %.
        assert share == pytest.approx(certified.mean(), rel=0.1)

    def test_certify_no_clearing_where_the_sample_is_not_known(self):
        how = Sampling(
            propensities=self.HOW.propensities, draws=self.HOW.draws, quiet_is_known=False
        )

        fitted = fit_calibration(
            self.SCORES[self.SEEN], self.OUTCOMES[self.SEEN], sampling=how, **PROMISES
        )

        assert fitted.clear.threshold is None
        assert fitted.positives_cleared.limit is None
        assert fitted.ticket == self.FITTED.ticket

    def test_that_are_all_sure_are_as_if_nothing_was_said(self):
        scores, outcomes = make_rows(500)

        told = fit_calibration(scores, outcomes, sampling=Sampling.complete(500), **PROMISES)

        assert told.to_bytes() == fit_calibration(scores, outcomes, **PROMISES).to_bytes()

    def test_of_one_bin_count_alike(self):
        # Scores of one bin, half of them sampled at 10 % and clean: the rate is 1 in 2.
        scores = np.array([0.45] * 100 + [0.46] * 10)
        outcomes = np.array([1] * 100 + [0] * 10)
        how = Sampling(
            propensities=np.array([1.0] * 100 + [0.1] * 10), draws=np.linspace(0, 0.999, 110)
        )

        fitted = fit_calibration(scores, outcomes, sampling=how, **PROMISES)

        assert fitted.base_rate == 0.5
        (only,) = fitted.bins
        # Of the sure rows a tenth stays, beside all ten sampled ones.
        assert only.n - only.k == 10
        assert only.k == (np.linspace(0, 0.999, 110)[:100] < 0.1).sum()


class TestPair:
    def test_of_a_score_encloses_its_rate(self):
        p0, p1 = FITTED.pair(0.9)

        assert 0.8 < p0 <= p1 < 1

    def test_knows_nothing_where_it_was_not_kept(self):
        assert Calibration.from_bytes(OF_FORMAT_1).pair(0.3) == (0.0, 1.0)


class TestBinsWith:
    def test_count_the_bins_that_promise_a_level(self):
        few = make_calibration(40)

        assert few.bins_with(90) >= few.bins_with(95) >= few.bins_with(99) == 0
        assert FITTED.bins_with(90) == len(FITTED.bins)


class TestFormat1:
    def test_is_still_read(self):
        read = Calibration.from_bytes(OF_FORMAT_1)

        assert (read.n, read.n_positive, read.certified_from) == (40, 21, None)
        assert read.interval(0.7).lower == float.fromhex("0x1.71f36b769d4a2p-2")

    def test_is_written_again_as_it_was(self):
        read = Calibration.from_bytes(OF_FORMAT_1)

        assert read.to_bytes() == OF_FORMAT_1
        assert read.digest == ITS_DIGEST

    def test_has_none_of_the_later_parts(self):
        read = Calibration.from_bytes(OF_FORMAT_1)

        assert read.n_effective is read.venn_abers is read.positives_cleared is None
        assert read.tickets_at is read.clearing_at is None


class TestBytes:
    @given(rows=ROWS)
    def test_round_trip_exactly(self, rows):
        fitted = fit_calibration([s for s, _ in rows], [y for _, y in rows], **PROMISES)

        read = Calibration.from_bytes(fitted.to_bytes())

        assert read == fitted
        assert read.to_bytes() == fitted.to_bytes()
        assert read.digest == fitted.digest

    def test_carry_infinite_quantiles(self):
        few = make_calibration(8)

        read = Calibration.from_bytes(few.to_bytes())

        assert read.bins[0].quantiles == (math.inf, math.inf, math.inf)

    def test_have_a_digest_that_changes_with_any_number(self):
        other = replace(FITTED, n=FITTED.n + 1)

        assert len(FITTED.digest) == 64
        assert other.digest != FITTED.digest

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"{}",
            b"[" * 100_000,
            FITTED.to_bytes()[:-1],
            FITTED.to_bytes() + b"\n",
            FITTED.to_bytes().replace(b"calibration-2", b"calibration-9"),
            FITTED.to_bytes().replace(b"0x1.", b"0x1p99999", 1),
        ],
        ids=[
            "empty",
            "not text",
            "null",
            "list",
            "no keys",
            "deep",
            "cut off",
            "longer",
            "another format",
            "overflow",
        ],
    )
    def test_that_are_not_a_calibration_are_refused(self, data):
        with pytest.raises(ArtifactCorrupt, match="calibration"):
            Calibration.from_bytes(data)

    @pytest.mark.parametrize("key", json.loads(FITTED.to_bytes()))
    def test_with_a_missing_part_are_refused(self, key):
        record = json.loads(FITTED.to_bytes())
        del record[key]

        with pytest.raises(ArtifactCorrupt):
            Calibration.from_bytes(json.dumps(record).encode())

    @given(at=st.integers(0, len(FITTED.to_bytes()) - 1), byte=st.integers(0, 255))
    def test_with_one_byte_changed_are_refused_or_have_another_digest(self, at, byte):
        data = bytearray(FITTED.to_bytes())
        if data[at] == byte:
            return
        data[at] = byte

        try:
            read = Calibration.from_bytes(bytes(data))
        except ArtifactCorrupt:
            return

        assert read.digest != FITTED.digest
