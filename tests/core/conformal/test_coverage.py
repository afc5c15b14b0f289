"""Coverage by group: exact counts, exact bands, and what one calibration set may keep by luck."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive
from scipy import stats

from watchfloor.core.conformal.calibration import fit_calibration
from watchfloor.core.conformal.coverage import (
    NO_CALIBRATION,
    ScoredCounts,
    coverage_by,
    empirical_coverage,
    judge,
)
from watchfloor.core.conformal.group_coverage import (
    CoverageVerdict,
    GroupCoverage,
    coverage_of_one_set,
    fewest_to_judge,
)
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of
from watchfloor.core.errors import InvalidInput

PROMISE = {"eps_ticket": 0.1, "eps_clear": 0.01, "delta": 0.1}


def fitted(seed, n):
    rng = np.random.default_rng(seed)
    scores = np.round(rng.beta(1, 3, n), 4)
    return fit_calibration(scores, rng.random(n) < scores, **PROMISE)


LARGE, SMALL, NOTHING = fitted(1, 4000), fitted(2, 60), fit_calibration([], [], **PROMISE)
CALIBRATIONS = (LARGE, SMALL, NOTHING)

PREDICTION = st.tuples(
    st.integers(0, 3),
    st.sampled_from([None, 0, 1, 2]),
    st.integers(0, 10_000).map(lambda k: k / 10_000),
    st.sampled_from([None, 0, 1]),
)


def counted(predictions):
    """One row a prediction."""
    return ScoredCounts(
        scores=np.array([score for *_, score, _ in predictions], dtype=float),
        calibration=np.array(
            [NO_CALIBRATION if c is None else c for _, c, *_ in predictions], dtype=np.int64
        ),
        clean=np.array([outcome == 0 for *_, outcome in predictions], dtype=np.int64),
        event=np.array([outcome == 1 for *_, outcome in predictions], dtype=np.int64),
        unknown=np.array([outcome is None for *_, outcome in predictions], dtype=np.int64),
    )


def group(n, covered, *, level=95, set_range=(0.9, 1.0)):
    return GroupCoverage(level, n, covered, 0, set_range)


class TestCoverageByGroup:
    @pytest.mark.parametrize("level", LEVELS)
    @given(predictions=st.lists(PREDICTION, max_size=60))
    def test_equals_a_walk_over_the_predictions(self, level, predictions):
        groups = [each[0] for each in predictions]
        walked = naive.coverage_by_group(
            [(g, None if c is None else CALIBRATIONS[c], p, y) for g, c, p, y in predictions],
            level,
        )

        found = coverage_by(
            judge(counted(predictions), CALIBRATIONS, level=level), groups, n_groups=4
        )

        nothing = {"n": 0, "covered": 0, "n_unlabelled": 0}
        assert [
            {"n": f.n, "covered": f.covered, "n_unlabelled": f.n_unlabelled} for f in found
        ] == [walked.get(k, nothing) for k in range(4)]

    @given(predictions=st.lists(PREDICTION, max_size=40), weights=st.data())
    def test_counts_a_row_as_often_as_it_says(self, predictions, weights):
        times = weights.draw(st.lists(st.integers(0, 3), min_size=len(predictions)))
        one_by_one = [each for each, n in zip(predictions, times) for _ in range(n)]
        columns = counted(predictions)
        n = np.array(times[: len(predictions)], dtype=np.int64)
        weighted = ScoredCounts(
            scores=columns.scores,
            calibration=columns.calibration,
            clean=columns.clean * n,
            event=columns.event * n,
            unknown=columns.unknown * n,
        )

        found = coverage_by(
            judge(weighted, CALIBRATIONS, level=90), [p[0] for p in predictions], n_groups=4
        )
        expected = coverage_by(
            judge(counted(one_by_one), CALIBRATIONS, level=90),
            [p[0] for p in one_by_one],
            n_groups=4,
        )

        assert [(f.n, f.covered) for f in found] == [(e.n, e.covered) for e in expected]
        for f, e in zip(found, expected, strict=True):
            assert f.set_range == pytest.approx(e.set_range, abs=1e-12)

    def test_leaves_out_rows_of_no_group(self):
        counts = counted([(0, 0, 0.2, 0), (0, 0, 0.2, 1), (0, 0, 0.9, 1)])

        [found] = coverage_by(judge(counts, CALIBRATIONS, level=95), [-1, 0, -1], n_groups=1)

        assert found.n == 1

    def test_of_a_calibration_that_knows_nothing_is_full(self):
        counts = counted([(0, 2, 0.2, 1), (0, 2, 0.8, 0)])

        [found] = coverage_by(judge(counts, CALIBRATIONS, level=99), [0, 0], n_groups=1)

        assert (found.coverage, found.set_range) == (1.0, (1.0, 1.0))

    def test_of_nothing_is_unknown(self):
        [found] = coverage_by(judge(counted([]), (), level=95), [], n_groups=1)

        assert (found.coverage, found.band, found.set_range) == (None, (0.0, 1.0), None)
        assert found.verdict is CoverageVerdict.TOO_FEW

    def test_is_what_one_calibration_alone_answers(self):
        rng = np.random.default_rng(3)
        scores = np.round(rng.random(500), 4)
        outcomes = (rng.random(500) < scores).astype(int)
        rows = [(0, 0, p, y) for p, y in zip(scores.tolist(), outcomes.tolist(), strict=True)]

        [found] = coverage_by(
            judge(counted(rows), [LARGE], level=95), np.zeros(500, int), n_groups=1
        )

        assert found.coverage == empirical_coverage(LARGE, scores, outcomes, 95)

    @pytest.mark.parametrize("row", [-2, 3])
    def test_refuses_a_row_of_an_unknown_calibration(self, row):
        counts = counted([(0, 0, 0.2, 0), (0, row, 0.2, 0)])

        with pytest.raises(InvalidInput, match=r"calibration\[1\]"):
            judge(counts, CALIBRATIONS, level=95)

    def test_refuses_columns_of_different_length(self):
        two = np.zeros(2, dtype=np.int64)

        with pytest.raises(InvalidInput, match="event"):
            ScoredCounts(scores=np.zeros(2), calibration=two, clean=two, event=two[:1], unknown=two)

    def test_refuses_a_level_that_is_not_kept(self):
        with pytest.raises(InvalidInput, match="level"):
            judge(counted([]), (), level=80)


class TestVerdict:
    @pytest.mark.parametrize(
        ("n", "covered", "level", "expected"),
        [
            (0, 0, 95, CoverageVerdict.TOO_FEW),
            (71, 71, 95, CoverageVerdict.TOO_FEW),
            (72, 72, 95, CoverageVerdict.ABOVE),
            (72, 69, 95, CoverageVerdict.WITHIN),
            (400, 380, 95, CoverageVerdict.WITHIN),
            (400, 340, 95, CoverageVerdict.BELOW),
            (4, 1, 95, CoverageVerdict.BELOW),
            (367, 367, 99, CoverageVerdict.TOO_FEW),
            (368, 368, 99, CoverageVerdict.ABOVE),
        ],
        ids=[
            "nothing",
            "full but few",
            "full and enough",
            "a few missed",
            "as promised",
            "far below",
            "far below of few",
            "99 few",
            "99 enough",
        ],
    )
    def test_follows_from_the_band(self, n, covered, level, expected):
        assert group(n, covered, level=level).verdict is expected

    @given(n=st.integers(1, 400), level=st.sampled_from(LEVELS), missed=st.integers(0, 400))
    def test_is_never_a_word_the_band_contradicts(self, n, level, missed):
        found = group(n, max(0, n - missed), level=level)
        low, high = found.band

        is_inside = low <= found.promised <= high

        assert (found.verdict in {CoverageVerdict.BELOW, CoverageVerdict.ABOVE}) is not is_inside

    def test_below_may_be_the_luck_of_a_small_set(self):
        lucky = group(1000, 930, set_range=(0.92, 0.99))
        drifted = group(1000, 800, set_range=(0.92, 0.99))

        assert lucky.verdict is drifted.verdict is CoverageVerdict.BELOW
        assert (lucky.may_be_luck_of_the_set, drifted.may_be_luck_of_the_set) == (True, False)

    @pytest.mark.parametrize("level", LEVELS)
    def test_above_is_possible_from_the_fewest_on(self, level):
        n = fewest_to_judge(level)

        before, at = group(n - 1, n - 1, level=level), group(n, n, level=level)

        assert before.band[0] <= at.promised < at.band[0]


class TestOneSet:
    @pytest.mark.parametrize(("n", "level"), [(19, 95), (100, 90), (1000, 95), (5000, 99)])
    def test_is_the_quantile_of_the_beta_distribution(self, n, level):
        k = conformal_rank(n, level_of(level))

        found = coverage_of_one_set(n, level=level, share=0.05)

        assert found == pytest.approx(stats.beta.ppf(0.05, k, n + 1 - k), abs=1e-12)

    def test_is_full_where_the_set_is_too_small_to_promise(self):
        assert coverage_of_one_set(18, level=95, share=0.05) == 1.0

    @pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
    def test_refuses_a_share_that_is_none(self, share):
        with pytest.raises(InvalidInput, match="share"):
            coverage_of_one_set(100, level=95, share=share)

    def test_range_of_one_bin_is_the_beta_distribution_itself(self):
        [bin_] = fitted(4, 45).bins
        counts = counted([(0, 0, 0.2, 0)])

        [found] = coverage_by(judge(counts, [fitted(4, 45)], level=90), [0], n_groups=1)

        k = conformal_rank(bin_.n, level_of(90))
        expected = stats.beta.ppf([0.025, 0.975], k, bin_.n + 1 - k)
        assert found.set_range == pytest.approx(tuple(expected), abs=1e-9)

    def test_range_of_one_bin_holds_what_sets_drawn_again_and_again_cover(self):
        # Clean outcomes of one bin: a set covers the scores up to the k-th smallest of its own.
        rng = np.random.default_rng(20260402)
        n, k = 60, conformal_rank(60, level_of(90))
        calibration = fit_calibration(np.full(n, 0.03), np.zeros(n), **PROMISE)
        counts = counted([(0, 0, 0.03, 0)])

        [found] = coverage_by(judge(counts, [calibration], level=90), [0], n_groups=1)
        kept = np.sort(rng.random((4000, n)), axis=1)[:, k - 1]

        low, high = found.set_range
        # 4000 draws at 0.95: standard error 0.0034; four of them.
        assert 0.936 <= np.mean((low <= kept) & (kept <= high)) <= 0.964

    def test_range_of_many_bins_holds_what_their_mixture_covers(self):
        rng = np.random.default_rng(20260403)
        sizes, scores = np.array([40, 60, 200]), np.array([0.03, 0.25, 0.93])
        times = np.array([500, 300, 200])
        calibration = fit_calibration(np.repeat(scores, sizes), np.zeros(300), **PROMISE)
        nothing = np.zeros(3, dtype=np.int64)
        counts = ScoredCounts(
            scores=scores, calibration=nothing, clean=times, event=nothing, unknown=nothing
        )

        [found] = coverage_by(judge(counts, [calibration], level=90), nothing, n_groups=1)
        ranks = np.array([conformal_rank(int(n), level_of(90)) for n in sizes])
        kept = rng.beta(ranks, sizes + 1 - ranks, size=(20_000, 3)) @ (times / times.sum())

        assert [each.n for each in calibration.bins] == [40, 60, 200]
        low, high = found.set_range
        # 20,000 draws at 0.95 have a standard error of 0.0015; the Beta that stands for the
        # mixture has its mean and variance but not its skew, and 0.01 is left for that.
        assert 0.935 <= np.mean((low <= kept) & (kept <= high)) <= 0.965

    def test_range_adds_the_luck_of_calibrations_that_may_share_rows(self):
        counts = counted([(0, 0, 0.2, 0), (0, 1, 0.2, 0)])
        one = fitted(4, 45)

        [apart] = coverage_by(judge(counts, [one, one], level=90), [0, 0], n_groups=1)
        [alone] = coverage_by(judge(counts, [one, one], level=90), [0, -1], n_groups=1)

        assert apart.set_range == pytest.approx(alone.set_range, abs=1e-9)
