"""Counts of scores by outcome give the metrics that the single predictions would give."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from watchfloor.core.errors import InvalidInput
from watchfloor.core.score_grid import PROBABILITY, ScoreGrid
from watchfloor.core.score_rollup import (
    CLEAN,
    EVENT,
    UNKNOWN,
    ScoreCounts,
    count_scores,
    empty_counts,
    metrics,
)

# scikit-learn adds in another order: sums of n terms differ by n rounding errors at most.
EXACT = 1e-12

BINS = st.integers(0, PROBABILITY.size - 1) | st.sampled_from([0, 1, 6_000, PROBABILITY.size - 1])
ROWS = st.lists(st.tuples(BINS, st.sampled_from([CLEAN, EVENT, UNKNOWN])), max_size=40)


def counts_of(rows):
    return count_scores([b for b, _ in rows], [o for _, o in rows], grid=PROBABILITY)


def labelled(rows):
    known = [(PROBABILITY.points[b], o) for b, o in rows if o != UNKNOWN]
    return np.array([s for s, _ in known]), np.array([o for _, o in known], dtype=int)


def close(ours, theirs):
    return math.isclose(ours, theirs, rel_tol=EXACT, abs_tol=EXACT)


class TestMetricsEqualScikitLearn:
    @given(rows=ROWS, threshold=st.floats(0, 1))
    def test_confusion_and_rates(self, rows, threshold):
        scores, outcomes = labelled(rows)
        called = (scores >= threshold).astype(int)

        ours = metrics(counts_of(rows), threshold=threshold)

        if len(outcomes):
            tn, fp, fn, tp = sklearn_metrics.confusion_matrix(
                outcomes, called, labels=[0, 1]
            ).ravel()
            assert (ours.tn, ours.fp, ours.fn, ours.tp) == (tn, fp, fn, tp)
            assert close(ours.accuracy, sklearn_metrics.accuracy_score(outcomes, called))
        if ours.precision is not None:
            assert close(ours.precision, sklearn_metrics.precision_score(outcomes, called))
        if ours.recall is not None:
            assert close(ours.recall, sklearn_metrics.recall_score(outcomes, called))
        if ours.f1 is not None:
            expected = sklearn_metrics.f1_score(outcomes, called, zero_division=0)
            assert close(ours.f1, expected)

    @given(rows=ROWS)
    def test_ranking_and_probability_losses(self, rows):
        scores, outcomes = labelled(rows)

        ours = metrics(counts_of(rows), threshold=0.5)

        if len(set(outcomes.tolist())) == 2:
            assert close(ours.roc_auc, sklearn_metrics.roc_auc_score(outcomes, scores))
        else:
            assert ours.roc_auc is None
        if outcomes.any():
            expected = sklearn_metrics.average_precision_score(outcomes, scores)
            assert close(ours.pr_auc, expected)
        if len(outcomes):
            assert close(ours.brier, np.mean((scores - outcomes) ** 2))

    def test_on_a_hundred_thousand_rare_events(self):
        rng = np.random.default_rng(20260115)
        truth = rng.beta(0.3, 12.0, size=100_000)
        outcomes = (rng.random(100_000) < truth).astype(int)
        bins, scores = PROBABILITY.quantise(np.clip(truth * 1.3, 0, 1))

        ours = metrics(count_scores(bins, outcomes, grid=PROBABILITY), threshold=0.3)

        called = scores >= 0.3
        assert close(ours.roc_auc, sklearn_metrics.roc_auc_score(outcomes, scores))
        assert close(ours.pr_auc, sklearn_metrics.average_precision_score(outcomes, scores))
        assert close(ours.brier, sklearn_metrics.brier_score_loss(outcomes, scores))
        assert close(ours.f1, sklearn_metrics.f1_score(outcomes, called))
        assert close(ours.mean_score, scores.mean())

    def test_stays_exact_for_a_billion_outcomes(self):
        n = 10**9
        counts = count_scores(
            [10, 10, 20, 20],
            [CLEAN, EVENT, CLEAN, EVENT],
            n=[n, 1, 1, n],
            grid=PROBABILITY,
        )

        area = metrics(counts, threshold=0.5).roc_auc

        # U = n n + n 1/2 + n 1/2 ... by hand: event at 20 beats clean at 10, ties count half.
        assert area == (2 * n * n + n + n) / (2 * (n + 1) * (n + 1))


class TestMetrics:
    def test_of_nothing_are_unknown_not_zero(self):
        nothing = metrics(empty_counts(PROBABILITY), threshold=0.5)

        assert (nothing.n, nothing.n_labelled, nothing.tp) == (0, 0, 0)
        assert nothing.accuracy is nothing.precision is nothing.recall is nothing.f1 is None
        assert nothing.roc_auc is nothing.pr_auc is nothing.brier is nothing.ece is None
        assert nothing.mean_score is None

    def test_of_unknown_outcomes_know_only_how_many_and_how_high(self):
        bin_, value = PROBABILITY.quantise_one(0.25)

        unknown = metrics(count_scores([bin_] * 4, [UNKNOWN] * 4, grid=PROBABILITY), threshold=0.5)

        assert (unknown.n, unknown.n_labelled, unknown.mean_score) == (4, 0, value)
        assert unknown.accuracy is None

    def test_f1_is_zero_when_every_call_was_wrong(self):
        high, _ = PROBABILITY.quantise_one(0.9)
        low, _ = PROBABILITY.quantise_one(0.1)

        wrong = metrics(count_scores([high, low], [CLEAN, EVENT], grid=PROBABILITY), threshold=0.5)

        assert (wrong.precision, wrong.f1) == (0.0, 0.0)

    def test_call_a_score_at_the_threshold_an_event(self):
        bin_, value = PROBABILITY.quantise_one(0.7)

        at = metrics(count_scores([bin_], [EVENT], grid=PROBABILITY), threshold=value)

        assert (at.tp, at.fn) == (1, 0)

    def test_calibration_error_is_the_gap_within_each_bin(self):
        bin_, _ = PROBABILITY.quantise_one(0.25)
        counts = count_scores([bin_] * 4, [EVENT, CLEAN, CLEAN, CLEAN], grid=PROBABILITY)

        assert metrics(counts, threshold=0.5).ece == pytest.approx(0.0, abs=EXACT)

    def test_leave_out_probability_losses_where_scores_are_no_probabilities(self):
        days = ScoreGrid("days-1", np.arange(0.0, 366.0))

        of_days = metrics(count_scores([3, 40], [CLEAN, EVENT], grid=days), threshold=10)

        assert (of_days.brier, of_days.ece, of_days.roc_auc) == (None, None, 1.0)

    def test_refuse_a_negative_count_by_name(self):
        taken_away = count_scores([7], [EVENT], n=[-1], grid=PROBABILITY)

        with pytest.raises(InvalidInput, match=r"event\[7\]: got -1"):
            metrics(taken_away, threshold=0.5)

    def test_refuse_a_threshold_that_is_not_a_number(self):
        with pytest.raises(InvalidInput, match="threshold: got nan"):
            metrics(empty_counts(PROBABILITY), threshold=math.nan)


class TestAddition:
    @given(a=ROWS, b=ROWS, c=ROWS)
    def test_is_associative_and_commutative(self, a, b, c):
        a, b, c = counts_of(a), counts_of(b), counts_of(c)

        assert (a + b) + c == c + (b + a)

    @given(a=ROWS, b=ROWS)
    def test_of_two_days_equals_counting_them_together(self, a, b):
        assert counts_of(a) + counts_of(b) == counts_of(a + b)

    @given(rows=ROWS)
    def test_of_nothing_changes_nothing(self, rows):
        assert counts_of(rows) + empty_counts(PROBABILITY) == counts_of(rows)

    def test_of_a_late_outcome_moves_one_count_from_unknown_to_its_class(self):
        before = count_scores([42, 42], [UNKNOWN, UNKNOWN], grid=PROBABILITY)
        late = count_scores([42, 42], [UNKNOWN, EVENT], n=[-1, 1], grid=PROBABILITY)

        after = before + late

        assert after == count_scores([42, 42], [UNKNOWN, EVENT], grid=PROBABILITY)

    def test_of_different_grids_is_refused(self):
        days = ScoreGrid("days-1", np.arange(0.0, 366.0))

        with pytest.raises(InvalidInput, match="grid: got 'days-1'"):
            empty_counts(PROBABILITY) + empty_counts(days)


class TestScoreCounts:
    @pytest.mark.parametrize(
        "column",
        [np.zeros(3, dtype=np.int64), np.zeros(PROBABILITY.size)],
        ids=["wrong size", "floats"],
    )
    def test_refuse_a_column_that_does_not_fit(self, column):
        nothing = np.zeros(PROBABILITY.size, dtype=np.int64)

        with pytest.raises(InvalidInput, match="event"):
            ScoreCounts(PROBABILITY, nothing, column, nothing)

    @pytest.mark.parametrize("bin_", [-1, PROBABILITY.size])
    def test_refuse_a_bin_outside_the_grid(self, bin_):
        with pytest.raises(InvalidInput, match=r"bins\[1\]"):
            count_scores([0, bin_], [CLEAN, CLEAN], grid=PROBABILITY)

    def test_refuse_an_outcome_that_is_none_of_the_three(self):
        with pytest.raises(InvalidInput, match=r"outcomes\[0\]: got 2"):
            count_scores([0], [2], grid=PROBABILITY)
