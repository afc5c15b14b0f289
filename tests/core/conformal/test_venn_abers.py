"""The Venn-Abers pair equals isotonic regression with the new score added, and says so cheaply."""

import json
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import naive

from watchfloor.core import kernels
from watchfloor.core.conformal.venn_abers import VennAbers, fit_venn_abers
from watchfloor.core.errors import InvalidInput

# A coarse grid makes ties common; halves of it fall between, below and above the scores.
GRID = st.integers(1, 9).map(lambda i: i / 10)
ROWS = st.lists(st.tuples(GRID, st.integers(0, 1)), min_size=1, max_size=25)
WHERE = [i / 20 for i in range(21)]


def has_both(rows):
    return len({outcome for _, outcome in rows}) == 2


def fit(rows, **options):
    return fit_venn_abers([score for score, _ in rows], [y for _, y in rows], **options)


def drawn(n, *, seed, decimals=None):
    rng = np.random.default_rng(seed)
    scores = rng.uniform(size=n)
    outcomes = (rng.uniform(size=n) < scores**2).astype(int)
    return (scores if decimals is None else scores.round(decimals)), outcomes


class TestFit:
    @pytest.mark.parametrize("twin", kernels.twins())
    @settings(deadline=None)  # the first call compiles
    @given(rows=ROWS.filter(has_both))
    @example(rows=[(0.5, 0), (0.5, 1), (0.5, 1)])
    @example(rows=[(0.9, 0), (0.1, 1)])
    @example(rows=[(0.1, 0), (0.9, 1)])
    @example(rows=[(0.0, 1), (-0.0, 0), (1.0, 0)])
    def test_equals_isotonic_regression_with_the_score_added(self, twin, rows):
        scores, outcomes = zip(*rows)
        table = fit(rows, twin=twin)

        found = [table.pair(score) for score in WHERE]

        expected = [naive.venn_abers(scores, outcomes, score) for score in WHERE]
        assert np.array(found) == pytest.approx(np.array(expected), abs=1e-12)

    @pytest.mark.parametrize("twin", kernels.twins())
    def test_equals_isotonic_regression_on_scores_without_ties(self, twin):
        scores, outcomes = drawn(60, seed=20260210)
        table = fit_venn_abers(scores, outcomes, twin=twin)
        where = [*scores[:20].tolist(), *np.linspace(0, 1, 21).tolist()]

        found = [table.pair(score) for score in where]

        expected = [naive.venn_abers(scores.tolist(), outcomes.tolist(), s) for s in where]
        assert np.array(found) == pytest.approx(np.array(expected), abs=1e-12)

    @pytest.mark.parametrize("decimals", [None, 3])
    def test_is_the_same_to_the_last_bit_in_each_twin(self, decimals):
        rows = drawn(30_000, seed=13, decimals=decimals)

        tables = [fit_venn_abers(*rows, twin=twin) for twin in kernels.twins()]

        assert all(table == tables[0] for table in tables)

    @given(rows=ROWS.filter(has_both), order=st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_the_rows(self, rows, order):
        shuffled = list(rows)
        order.shuffle(shuffled)

        assert fit(shuffled) == fit(rows)

    @given(rows=ROWS.filter(has_both))
    def test_keeps_p0_below_p1_and_both_rising(self, rows):
        table = fit(rows)

        p0, p1 = table.pairs(WHERE)

        assert (p0 <= p1).all()
        assert (np.diff(p0) >= 0).all()
        assert (np.diff(p1) >= 0).all()

    @pytest.mark.parametrize(
        ("scores", "outcomes"),
        [([], []), ([0.2, 0.7], [0, 0]), ([0.2, 0.7], [1, 1])],
        ids=["nothing", "only clean", "only events"],
    )
    def test_knows_nothing_without_outcomes_of_both_kinds(self, scores, outcomes):
        table = fit_venn_abers(scores, outcomes)

        assert table == VennAbers()
        assert table.pair(0.7) == (0.0, 1.0)

    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -0.1, 1.1])
    def test_refuses_a_score_that_is_no_probability_by_name(self, wrong):
        with pytest.raises(InvalidInput, match=r"scores\[1\]"):
            fit_venn_abers([0.5, wrong], [0, 1])

    def test_refuses_an_outcome_that_is_neither_event_nor_clean(self):
        with pytest.raises(InvalidInput, match=r"outcomes\[0\]"):
            fit_venn_abers([0.5], [2])

    def test_contains_the_event_rate_of_a_bucket_of_equal_scores(self):
        table = fit_venn_abers([0.3] * 100, [1] * 30 + [0] * 70)

        assert table.pair(0.3) == (30 / 101, 31 / 101)
        assert table.pair(0.2) == (0.0, 31 / 101)
        assert table.pair(0.4) == (30 / 101, 1.0)


class TestTable:
    def test_holds_far_fewer_rows_than_scores(self):
        table = fit_venn_abers(*drawn(20_000, seed=7), max_breakpoints=20_000)

        assert table.exact
        assert len(table.breakpoints) < 5_000

    def test_is_the_same_when_its_steps_just_fit(self):
        rows = drawn(2_000, seed=11)
        whole = fit_venn_abers(*rows)

        assert fit_venn_abers(*rows, max_breakpoints=len(whole.breakpoints)) == whole

    @pytest.mark.parametrize("most", [4, 5, 16, 101])
    def test_is_only_ever_wider_when_steps_are_left_out(self, most):
        rows = drawn(2_000, seed=11)
        where = np.concatenate((rows[0], np.linspace(0, 1, 1_001)))
        (p0, p1), whole = fit_venn_abers(*rows).pairs(where), fit_venn_abers(*rows)

        thin = fit_venn_abers(*rows, max_breakpoints=most)

        thin_p0, thin_p1 = thin.pairs(where)
        # Targets stand (rise of p0 + p1) / (most // 2 - 1) apart, and the rise is at most 2.
        apart = 2 / (most // 2 - 1) + 1e-12
        assert whole.exact
        assert not thin.exact
        assert len(thin.breakpoints) <= most
        assert (thin_p0 <= p0).all()
        assert (thin_p1 >= p1).all()
        assert (p0 - thin_p0).max() <= apart
        assert (thin_p1 - p1).max() <= apart

    @pytest.mark.parametrize("most", [3, 0, -1])
    def test_refuses_too_few_rows(self, most):
        with pytest.raises(InvalidInput, match="max_breakpoints"):
            fit_venn_abers([0.5], [1], max_breakpoints=most)

    @given(rows=ROWS)
    def test_comes_back_from_json_as_it_was(self, rows):
        table = fit(rows)

        assert VennAbers.from_record(json.loads(json.dumps(table.to_record()))) == table

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"breakpoints": [(0.5).hex(), (0.5).hex()]}, "breakpoints"),
            ({"breakpoints": ["nan", (0.5).hex()]}, "breakpoints"),
            ({"p0": [(0.2).hex(), (0.1).hex()]}, "p0"),
            ({"p0": [(0.1).hex()]}, "p0"),
            ({"p0": [(0.9).hex(), (0.9).hex()]}, "p0"),
            ({"p1": [(0.5).hex(), (2.0).hex()]}, "p1"),
            ({"exact": 1}, "exact"),
        ],
        ids=["twice", "NaN", "falling", "too short", "above p1", "no probability", "number"],
    )
    def test_refuses_a_record_that_is_no_table(self, change, field):
        record = {
            "breakpoints": [(0.2).hex(), (0.6).hex()],
            "p0": [(0.1).hex(), (0.4).hex()],
            "p1": [(0.3).hex(), (0.7).hex()],
            "exact": True,
        }

        with pytest.raises(InvalidInput, match=field):
            VennAbers.from_record({**record, **change})


class TestPair:
    TABLE = VennAbers(breakpoints=(0.2, 0.6), p0=(0.1, 0.4), p1=(0.3, 0.7))

    @pytest.mark.parametrize(
        ("score", "expected"),
        [
            (0.0, (0.0, 0.3)),
            (0.2, (0.1, 0.3)),
            (0.4, (0.1, 0.7)),
            (0.6, (0.4, 0.7)),
            (1.0, (0.4, 1.0)),
        ],
        ids=["below", "first", "between", "last", "above"],
    )
    def test_takes_p0_from_below_and_p1_from_above(self, score, expected):
        assert self.TABLE.pair(score) == expected

    @given(scores=st.lists(st.floats(0, 1), max_size=20))
    def test_is_the_same_one_by_one_and_all_at_once(self, scores):
        p0, p1 = self.TABLE.pairs(scores)

        assert list(zip(p0.tolist(), p1.tolist())) == [self.TABLE.pair(s) for s in scores]

    def test_gives_width_and_point(self):
        assert self.TABLE.width(0.6) == pytest.approx(0.3)
        assert self.TABLE.point(0.6) == pytest.approx(0.7 / 1.3)

    @pytest.mark.parametrize("wrong", [math.nan, -0.01, 1.01])
    def test_refuses_a_score_that_is_no_probability(self, wrong):
        with pytest.raises(InvalidInput, match="score"):
            self.TABLE.pair(wrong)
        with pytest.raises(InvalidInput, match=r"scores\[0\]"):
            self.TABLE.pairs([wrong])
