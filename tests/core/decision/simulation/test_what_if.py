"""What a policy would have done: the live decision, counted; figures as scikit-learn has them."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulating import ON, counted, drawn, some_history
from sklearn import metrics as sklearn_metrics

from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.decision.policy import Evidence, Outcome, decide
from watchfloor.core.decision.simulation import curves
from watchfloor.core.decision.simulation.comparison import Doubt, compare
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.history import history_of
from watchfloor.core.decision.simulation.tally import PerDay, Share, Tally
from watchfloor.core.decision.simulation.what_if import band_rates, what_if
from watchfloor.core.errors import InvalidInput

# scikit-learn adds in another order: sums of n terms differ by n rounding errors at most.
EXACT = 1e-12
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SCORES = st.integers(0, 20).map(lambda k: k / 20)


def decided_one_by_one(scores, where, calibrations, policy):
    def evidence(score, index):
        if index < 0:
            return Evidence(score=score, now=NOW)
        known = calibrations[index]
        low, high = known.pair(score)
        return Evidence(
            score=score,
            now=NOW,
            width=known.interval(score).width,
            venn_abers_width=high - low,
            certified_from=known.certified_from,
            certified_floor=known.ticket.first_tested,
            ticket_eps=known.ticket.eps,
            ticket_delta=known.ticket.delta,
            clear_below=known.clear_below,
            clear_eps=known.clear.eps,
            clear_delta=known.clear.delta,
            positives_limit=known.positives_cleared.limit,
            positives_beta=known.positives_cleared.beta,
            calibration_n=known.n,
            calibration_n_positive=known.n_positive,
            calibrated_at=NOW,
        )

    return [decide(evidence(*each), policy).outcome for each in zip(scores, where, strict=True)]


class TestWhatIf:
    @pytest.mark.parametrize("review_score", [0.0, 0.3, 0.4, 0.9])
    @pytest.mark.parametrize("ticket_score", [0.2, 0.6, 0.95])
    def test_counts_what_the_live_decision_would_do(self, review_score, ticket_score):
        history, calibrations, scores, shown, where = some_history(
            np.random.default_rng(1), n=2_000, known=0.6
        )
        policy = replace(ON, review_score=review_score, ticket_score=ticket_score, eps_clear=0.05)

        found = what_if(history, policy)

        live = decided_one_by_one(scores.tolist(), where, calibrations, policy)
        fates = {
            Outcome.AUTO_TICKET: found.tickets,
            Outcome.HUMAN_REVIEW: found.reviews,
            Outcome.AUTO_CLEAR: found.cleared,
            Outcome.LOG_ONLY: found.logged,
        }
        for outcome, tally in fates.items():
            rows = [each is outcome for each in live]
            assert tally == Tally(*(int((shown[rows] == each).sum()) for each in (0, 1, -1)))

    def test_gives_shares_that_scikit_learn_gives_on_the_same_scores(self):
        history, _, scores, shown, _ = some_history(np.random.default_rng(2), known=0.7)

        found = what_if(history, ON)

        known = shown >= 0
        called = (scores[known] >= ON.review_score).astype(int)
        precision = sklearn_metrics.precision_score(shown[known], called)
        recall = sklearn_metrics.recall_score(shown[known], called)
        assert math.isclose(found.precision.value, precision, rel_tol=EXACT)
        assert math.isclose(found.recall.value, recall, rel_tol=EXACT)

    def test_never_takes_an_unknown_outcome_for_a_clean_one(self):
        scores, outcomes = np.array([0.9] * 10), np.array([1] * 4 + [-1] * 6)
        history = history_of(counted(scores, outcomes, [-1] * 10), [], days=2)

        found = what_if(history, ON)

        assert found.reviews == Tally(clean=0, event=4, unknown=6)
        assert found.reviews.true_share == Share(4, 4)
        assert found.reviews.unlabelled == 0.6

    def test_of_nothing_says_that_nothing_is_known(self):
        found = what_if(history_of(counted([], []), [], days=1), ON)

        assert found.precision.value is None
        assert found.automation.value is None
        assert found.missed.value == 0

    def test_is_the_same_whatever_the_order_of_the_rows(self):
        rng = np.random.default_rng(3)
        history, calibrations, scores, shown, where = some_history(rng, n=500)
        order = rng.permutation(len(scores))

        again = history_of(
            counted(scores[order], shown[order], where[order]), calibrations, days=history.days
        )

        assert again.digest == history.digest
        assert what_if(again, ON) == what_if(history, ON)

    def test_is_named_by_its_data(self):
        history, calibrations, scores, shown, where = some_history(np.random.default_rng(4), n=50)
        shown[0] = 1 - abs(shown[0])

        other = history_of(counted(scores, shown, where), calibrations, days=history.days)

        assert other.digest != history.digest


class TestHistory:
    def test_refuses_a_score_that_was_never_quantised(self):
        with pytest.raises(InvalidInput, match="a quantised score"):
            history_of(counted([0.123456], [1]), [], days=1)

    def test_refuses_a_window_without_days(self):
        with pytest.raises(InvalidInput, match="at least one day"):
            history_of(counted([], []), [], days=0)

    def test_cuts_bands_where_the_chance_to_learn_an_outcome_changed(self):
        counts = counted([0.41, 0.44], [1, 0], [-1, -1])

        plain = history_of(counts, [], days=1)
        cut = history_of(counts, [], days=1, borders=(0.42,))

        assert len(set(plain.band.tolist())) == 1
        assert len(set(cut.band.tolist())) == 2


class TestEstimates:
    def test_of_missed_events_hold_the_truth_when_a_random_part_is_known(self):
        """A band is known by its own chance; 60 draws, each interval at least 95 %: 3 may fail."""
        held = 0
        for seed in range(60):
            rng = np.random.default_rng(seed)
            scores, outcomes = drawn(rng, 4_000)
            chance = np.where(scores >= 0.4, 1.0, 0.15)
            shown = np.where(rng.random(4_000) < chance, outcomes, -1)
            history = history_of(counted(scores, shown, [-1] * 4_000), [], days=30)

            missed = what_if(history, ON).missed

            held += missed.lower <= outcomes[scores < 0.4].sum() <= missed.upper
        assert held >= 57

    def test_are_not_told_for_a_band_without_outcomes(self):
        history = history_of(counted([0.1, 0.9], [-1, 1], [-1, -1]), [], days=1)

        missed = what_if(history, ON).missed

        assert (missed.value, missed.lower, missed.upper) == (None, 0.0, 1.0)

    @given(k=st.integers(0, 30), more=st.integers(0, 30))
    def test_of_bands_are_exact_intervals_over_all_bands(self, k, more):
        outcomes = [1] * k + [0] * more
        history = history_of(counted([0.45] * len(outcomes), outcomes), [], days=1)

        rates = band_rates(history)

        band = int(bin_of(np.array([0.45]), (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5))[0])
        n = k + more
        expected = Share(k, n) if n else None
        assert rates.lower[band] <= (expected.lower if expected else 0.0)
        assert rates.upper[band] >= (expected.upper if expected else 1.0)


class TestPerDay:
    @pytest.mark.parametrize(("n", "lower", "upper"), [(0, 0.0, 3.689), (10, 4.795, 18.390)])
    def test_is_the_published_interval_of_a_count(self, n, lower, upper):
        found = PerDay(n, 1)

        assert found.lower == pytest.approx(lower, abs=1e-3)
        assert found.upper == pytest.approx(upper, abs=1e-3)


class TestCost:
    def test_adds_up_false_tickets_reviews_and_misses(self):
        scores, outcomes = [0.9] * 3 + [0.1] * 2, [1, 0, 0, 1, 0]
        history = history_of(counted(scores, outcomes, [-1] * 5), [], days=2)
        costs = Costs(review_minutes=6, reviewer_hour=10, false_ticket=5, miss=100)

        found = what_if(history, ON)

        # Three reviews at one each and one missed event, over two days.
        assert found.cost_a_day(costs).value == (3 * 1 + 100) / 2
        assert found.hours_a_day(costs) == pytest.approx(3 * 6 / 60 / 2)

    @pytest.mark.parametrize("price", [-1, math.nan, math.inf])
    def test_refuses_a_price_that_is_none(self, price):
        with pytest.raises(InvalidInput, match="miss"):
            Costs(miss=price)


class TestCurve:
    @given(rows=st.lists(st.tuples(SCORES, st.sampled_from([0, 1])), min_size=2, max_size=60))
    @settings(max_examples=60)
    def test_is_that_of_scikit_learn(self, rows):
        scores = np.array([score for score, _ in rows])
        outcomes = np.array([outcome for _, outcome in rows])
        if len(set(outcomes.tolist())) < 2:
            return

        found = curves.curve(history_of(counted(scores, outcomes), [], days=1))

        false_rate, true_rate, thresholds = sklearn_metrics.roc_curve(
            outcomes, scores, drop_intermediate=False
        )
        precision, recall, _ = sklearn_metrics.precision_recall_curve(outcomes, scores)
        assert np.array_equal(found.thresholds, thresholds[1:])
        assert np.allclose(found.false_positive_rate, false_rate[1:], rtol=0, atol=EXACT)
        assert np.allclose(found.recall, true_rate[1:], rtol=0, atol=EXACT)
        assert np.allclose(found.precision[::-1], precision[:-1], rtol=0, atol=EXACT)
        assert np.allclose(found.recall[::-1], recall[:-1], rtol=0, atol=EXACT)
        auc = sklearn_metrics.roc_auc_score(outcomes, scores)
        assert curves.area_under_roc(found) == pytest.approx(auc, abs=EXACT)
        average = sklearn_metrics.average_precision_score(outcomes, scores)
        assert curves.average_precision(found) == pytest.approx(average, abs=EXACT)

    def test_of_one_class_has_no_area(self):
        found = curves.curve(history_of(counted([0.5, 0.6], [1, 1]), [], days=1))

        assert curves.area_under_roc(found) is None
        assert curves.average_precision(found) == 1.0


class TestCompare:
    def test_tells_what_moves_from_where_to_where(self):
        history, *_ = some_history(np.random.default_rng(5))

        found = compare(history, ON, replace(ON, review_score=0.3))

        assert {(each.before, each.after) for each in found.moves} <= {
            (Outcome.LOG_ONLY, Outcome.HUMAN_REVIEW),
            (Outcome.AUTO_CLEAR, Outcome.HUMAN_REVIEW),
        }
        assert found.changed.n == found.after.reviews.n - found.before.reviews.n > 0
        assert found.before.digest == found.after.digest == history.digest

    def test_of_a_policy_with_itself_moves_nothing_and_doubts_nothing(self):
        history, *_ = some_history(np.random.default_rng(6))

        found = compare(history, ON, ON)

        assert found.moves == ()
        assert found.doubts == ()

    @pytest.mark.parametrize(
        ("outcomes", "days", "after", "doubt"),
        [
            ([-1] * 40, 30, {"review_score": 0.2}, Doubt.MOSTLY_UNKNOWN),
            ([0] * 29 + [-1] * 11, 30, {"review_score": 0.2}, Doubt.FEW_OUTCOMES),
            ([0] * 40, 30, {"review_score": 0.39}, Doubt.NOTHING_THERE),
            ([0] * 40, 3, {"review_score": 0.2}, Doubt.SHORT),
        ],
    )
    def test_doubts_what_the_data_cannot_tell(self, outcomes, days, after, doubt):
        history = history_of(counted([0.3] * 40, outcomes, [-1] * 40), [], days=days)

        assert doubt in compare(history, ON, replace(ON, **after)).doubts

    def test_says_that_a_stricter_promise_waits_for_the_next_calibration(self):
        history, *_ = some_history(np.random.default_rng(7))

        found = compare(history, ON, replace(ON, eps_ticket=0.05))

        assert Doubt.NEXT_CALIBRATION in found.doubts
        assert found.after.tickets.n == 0
