"""Scores have moved when days say so, and by a size that matters."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from watchfloor.core.drift.effect_sizes import (
    chi_square_p_value,
    psi,
    total_variation,
    wasserstein_in_sd,
)
from watchfloor.core.drift.histograms import DayHistogram, DayHistograms
from watchfloor.core.drift.ks import ks_distance, ks_p_value
from watchfloor.core.drift.severity import Severity
from watchfloor.core.drift.statistical import (
    benjamini_hochberg,
    judge_moves,
    measure_moves,
    permutations_for,
    persists,
    severity_of_move,
)
from watchfloor.core.errors import InvalidInput, NotReady

BINS = 32
WEEK = list(range(7))
FOUR_WEEKS = WEEK * 4


def make_days(n, *, rng, shift=0.0, shock=0.0, events=200):
    """Histograms of n days; each day's events share a shock of the given spread."""
    days = []
    for _ in range(n):
        center = -1 + shift + rng.normal(0, shock) if shock else -1 + shift
        scores = 1 / (1 + np.exp(-rng.normal(center, 1, events)))
        days.append(np.bincount((scores * (BINS - 1e-9)).astype(int), minlength=BINS))
    return np.array(days)


CENTERS = (np.arange(BINS) + 0.5) / BINS


def compare(reference, current, *, seed=0, centers=CENTERS, **options):
    weekdays = {"reference_weekdays": FOUR_WEEKS, "current_weekdays": WEEK}
    moves = measure_moves(
        DayHistograms.of({"score": DayHistogram(reference, current, centers)}),
        **{**weekdays, "rng": np.random.default_rng(seed), **options},
    )
    return judge_moves(moves)[0]


class TestTheKolmogorovSmirnovDistance:
    @given(
        reference=hnp.arrays(np.int64, 12, elements=st.integers(0, 30)),
        current=hnp.arrays(np.int64, 12, elements=st.integers(0, 30)),
    )
    def test_equals_scipy_on_the_values_of_the_bins(self, reference, current):
        reference[0] += 2
        current[-1] += 2
        values = np.arange(12)

        distance = ks_distance(reference, current)

        same = stats.ks_2samp(
            np.repeat(values, reference), np.repeat(values, current), method="asymp"
        )
        assert distance == pytest.approx(same.statistic, abs=1e-12)
        assert distance == ks_distance(current, reference)

    @pytest.mark.parametrize(("n", "m"), [(40, 30), (500, 125), (28_000, 7_000)])
    def test_has_scipys_asymptotic_p_value(self, n, m):
        rng = np.random.default_rng(n)
        one, other = rng.random(n), rng.random(m) + 0.002

        same = stats.ks_2samp(one, other, method="asymp")

        assert ks_p_value(same.statistic, n=n, m=m) == pytest.approx(same.pvalue, rel=1e-9)

    @pytest.mark.parametrize("distance", [0.0, 0.5, 1.0])
    def test_has_a_p_value_even_for_one_event_a_side(self, distance):
        assert 0.0 <= ks_p_value(distance, n=1, m=1) <= 1.0

    @pytest.mark.parametrize("effective", [5, 140, 141, 500, 5_600, 20_000, 40_000])
    def test_keeps_its_p_value_wherever_another_formula_takes_over(self, effective):
        z = np.minimum(np.linspace(0.05, 4.5, 40), np.sqrt(effective))
        n = 2 * effective

        ours = ks_p_value(z / np.sqrt(effective), n=n, m=n)

        assert ours == pytest.approx(stats.kstwo.sf(z / np.sqrt(effective), effective), abs=1e-10)


class TestAMove:
    def test_is_silent_where_days_share_shocks(self):
        rng = np.random.default_rng(5)

        found = [
            compare(make_days(28, rng=rng, shock=0.4), make_days(7, rng=rng, shock=0.4), seed=i)
            for i in range(120)
        ]

        # 120 draws at 0.01: 1.2 expected, 6 or more in one run of a thousand.
        assert sum(drift.p_value <= 0.01 for drift in found) <= 6
        # What a test that believes in independent events makes of the very same days:
        assert np.mean([drift.raw_p_value < 0.01 for drift in found]) > 0.4

    def test_has_an_even_p_value_without_drift(self):
        rng = np.random.default_rng(6)
        p_values = [
            compare(make_days(28, rng=rng, events=60), make_days(7, rng=rng, events=60)).p_value
            for _ in range(200)
        ]

        # Uniform on (0, 1]: the mean of 200 has a standard error of 0.020.
        assert np.mean(p_values) == pytest.approx(0.5, abs=0.08)

    def test_sees_a_move_of_all_days(self):
        rng = np.random.default_rng(7)

        drift = compare(
            make_days(28, rng=rng, shock=0.3), make_days(7, rng=rng, shift=1.0, shock=0.3)
        )

        assert drift.drifted
        assert drift.p_value < 0.01
        assert severity_of_move(drift.excess) is Severity.MEDIUM
        assert (drift.n_reference, drift.n_current) == (5600, 1400)

    def test_weighs_what_lies_beyond_the_spread_of_its_days(self):
        rng = np.random.default_rng(9)

        # One value a day, as weather has: any seven days lie far from any other 28.
        drift = compare(
            make_days(28, rng=rng, shock=2.0), make_days(7, rng=rng, shift=2.2, shock=2.0)
        )

        assert drift.usual_ks > 0.15
        assert drift.excess == drift.ks - drift.usual_ks

    def test_of_many_independent_events_is_weighed_nearly_whole(self):
        rng = np.random.default_rng(9)

        drift = compare(make_days(28, rng=rng), make_days(7, rng=rng, shift=1.0))

        assert drift.usual_ks < 0.1
        assert severity_of_move(drift.excess) is Severity.MEDIUM

    def test_passes_over_a_certain_move_that_nobody_cares_about(self):
        rng = np.random.default_rng(8)

        drift = compare(
            make_days(28, rng=rng, events=20_000), make_days(7, rng=rng, shift=0.1, events=20_000)
        )

        assert drift.p_value < 0.01
        assert drift.ks < 0.10
        assert not drift.drifted

    def test_compares_weekdays_with_their_like(self):
        rng = np.random.default_rng(10)
        sunday = make_days(1, rng=rng, shift=3.0, events=2000)
        reference = np.concatenate([make_days(6, rng=rng), sunday] * 4)
        current = np.concatenate([make_days(6, rng=rng), sunday])

        assert not compare(reference, current).drifted
        # The week without its Sunday is still like the weeks before it.
        assert not compare(reference, current[:6], current_weekdays=WEEK[:6]).drifted

    def test_does_not_depend_on_the_order_of_days(self):
        rng = np.random.default_rng(11)
        reference, current = make_days(28, rng=rng), make_days(7, rng=rng, shift=0.5)
        order = rng.permutation(28)

        drift = compare(reference, current)
        shuffled = compare(
            reference[order], current, reference_weekdays=[FOUR_WEEKS[i] for i in order]
        )

        assert shuffled.ks == drift.ks
        assert shuffled.psi == drift.psi
        assert shuffled.p_value == pytest.approx(drift.p_value, abs=0.01)

    def test_gives_the_same_answer_for_the_same_seed(self):
        rng = np.random.default_rng(12)
        reference, current = make_days(28, rng=rng), make_days(7, rng=rng)

        assert compare(reference, current, seed=3) == compare(reference, current, seed=3)

    def test_has_the_p_value_of_all_arrangements(self):
        # Two weekdays with two days each: four arrangements, counted by hand below.
        reference, current = np.array([[8, 2], [6, 4]]), np.array([[1, 9], [3, 7]])

        drift = compare(
            reference,
            current,
            centers=np.arange(2.0),
            reference_weekdays=[0, 1],
            current_weekdays=[0, 1],
            min_events=1,
        )

        pairs = [([8, 2], [1, 9]), ([6, 4], [3, 7])]
        distances = []
        for choice in itertools.product([0, 1], repeat=2):
            now = sum(np.array(pair[c]) for pair, c in zip(pairs, choice, strict=True))
            then = sum(np.array(pair[1 - c]) for pair, c in zip(pairs, choice, strict=True))
            distances.append(ks_distance(then, now))
        # The drawing ends at the 20th hit of probability 1/2: a standard error of 0.08.
        exact = np.mean(np.array(distances) >= drift.ks - 1e-12)
        assert exact == 0.5
        assert drift.p_value == pytest.approx(exact, abs=0.3)

    @pytest.mark.parametrize(
        ("reference", "weekdays"),
        [(np.zeros((28, BINS), int), FOUR_WEEKS), (np.ones((2, BINS), int), [8, 9])],
        ids=["no events", "no weekday in common"],
    )
    def test_refuses_what_is_too_little(self, reference, weekdays):
        current = make_days(7, rng=np.random.default_rng(1))

        with pytest.raises(NotReady, match="needed 30"):
            compare(reference, current, reference_weekdays=weekdays)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"current": np.ones((7, 9), int)},
            {"current": -np.ones((7, BINS), int)},
            {"current": np.ones(7, int)},
            {"current_weekdays": [0, 1]},
        ],
        ids=["other bins", "negative", "one dimension", "weekdays missing"],
    )
    def test_refuses_what_does_not_fit(self, wrong):
        days = make_days(28, rng=np.random.default_rng(1))

        with pytest.raises(InvalidInput):
            compare(**{"reference": days, "current": days[:7], **wrong})


class TestPsi:
    @given(
        reference=hnp.arrays(np.int64, 20, elements=st.integers(0, 50)),
        current=hnp.arrays(np.int64, 20, elements=st.integers(0, 50)),
    )
    def test_is_never_negative_and_zero_on_itself(self, reference, current):
        reference[3] += 1

        assert psi(reference, current) >= 0
        assert psi(reference, reference) == 0

    def test_equals_the_definition_on_ten_equal_groups(self):
        reference = np.full(10, 100)
        current = np.arange(10) * 20 + 10

        p, q = (reference + 0.5) / 1005, (current + 0.5) / 1005
        assert psi(reference, current) == pytest.approx(((q - p) * np.log(q / p)).sum())


class TestSizes:
    @given(
        reference=hnp.arrays(np.int64, 9, elements=st.integers(0, 30)),
        current=hnp.arrays(np.int64, 9, elements=st.integers(0, 30)),
    )
    def test_wasserstein_equals_scipy_on_the_values_of_the_bins(self, reference, current):
        reference[[0, 5]] += 2
        current[-1] += 2
        centers = np.arange(9.0) ** 2

        found = wasserstein_in_sd(reference, current, centers=centers)

        values, other = np.repeat(centers, reference), np.repeat(centers, current)
        expected = stats.wasserstein_distance(values, other) / values.std()
        assert found == pytest.approx(expected, rel=1e-9)

    def test_of_what_never_varied_are_not_in_standard_deviations(self):
        never = np.array([0, 50, 0])

        assert np.isnan(wasserstein_in_sd(never, np.array([5, 5, 5]), centers=np.arange(3.0)))
        assert np.isnan(wasserstein_in_sd(never, np.array([0, 0, 0]), centers=np.arange(3.0)))

    @given(
        reference=hnp.arrays(np.int64, 6, elements=st.integers(0, 30)),
        current=hnp.arrays(np.int64, 6, elements=st.integers(0, 30)),
    )
    def test_of_words_are_the_largest_difference_of_any_set(self, reference, current):
        reference[0] += 1
        current[-1] += 1
        p, q = reference / reference.sum(), current / current.sum()

        largest = max(
            abs(sum(p[list(chosen)]) - sum(q[list(chosen)]))
            for n in range(7)
            for chosen in itertools.combinations(range(6), n)
        )

        assert total_variation(reference, current) == pytest.approx(largest, abs=1e-12)

    def test_have_the_p_value_of_pearsons_test(self):
        reference, current = np.array([30, 12, 0, 8]), np.array([10, 9, 0, 15])

        p_value = chi_square_p_value(reference, current)

        table = np.array([reference, current])[:, [0, 1, 3]]
        same = stats.chi2_contingency(table, correction=False)
        assert p_value == pytest.approx(same.pvalue, rel=1e-12)
        assert chi_square_p_value(np.array([3, 0]), np.array([9, 0])) == 1.0


class TestWords:
    def test_move_without_an_order(self):
        rng = np.random.default_rng(21)
        usual, other = [0.4, 0.1, 0.4, 0.1], [0.1, 0.4, 0.1, 0.4]

        drift = compare(
            rng.multinomial(100, usual, size=28),
            rng.multinomial(100, other, size=7),
            centers=None,
        )

        # The names alternate, so the distance of cumulative shares would be half of this.
        assert drift.ks == pytest.approx(0.6, abs=0.05)
        assert (drift.drifted, drift.wasserstein_sd) == (True, None)


class TestAFamily:
    def test_is_judged_together(self):
        rng = np.random.default_rng(22)
        still = {
            f"f{i:02d}": DayHistogram(make_days(28, rng=rng), make_days(7, rng=rng), CENTERS)
            for i in range(40)
        }
        moved = {
            "moved": DayHistogram(make_days(28, rng=rng), make_days(7, rng=rng, shift=1.0), CENTERS)
        }

        moves = judge_moves(
            measure_moves(
                DayHistograms.of(still | moved),
                reference_weekdays=FOUR_WEEKS,
                current_weekdays=WEEK,
                rng=np.random.default_rng(1),
                n_permutations=permutations_for(41),
            )
        )

        assert [move.name for move in moves if move.drifted] == ["moved"]

    def test_gives_each_member_the_p_value_it_has_alone(self):
        rng = np.random.default_rng(23)
        days = [(make_days(28, rng=rng), make_days(7, rng=rng, shift=x)) for x in (0.0, 0.05, 0.4)]
        together = measure_moves(
            DayHistograms.of({str(i): DayHistogram(*pair, CENTERS) for i, pair in enumerate(days)}),
            reference_weekdays=FOUR_WEEKS,
            current_weekdays=WEEK,
            rng=np.random.default_rng(0),
        )

        assert [m.p_value for m in together] == [compare(*pair).p_value for pair in days]


@pytest.mark.parametrize(
    ("ks", "options", "severity"),
    [
        (0.24, {"score_moved": True, "estimated_drop": 0.3}, Severity.LOW),
        (0.25, {}, Severity.MEDIUM),
        (0.9, {"estimated_drop": 0.049}, Severity.MEDIUM),
        (0.25, {"estimated_drop": 0.05}, Severity.HIGH),
        (0.9, {"score_moved": True}, Severity.HIGH),
    ],
    ids=["small", "large", "harmless", "harmful", "moves the scores"],
)
def test_a_move_is_high_only_when_it_may_harm_and_never_critical(ks, options, severity):
    assert severity_of_move(ks, **options) is severity


class TestManyTests:
    def test_are_rejected_as_the_definition_says(self):
        rng = np.random.default_rng(3)
        p_values = np.concatenate([rng.random(30), [1e-5, 2e-4, 9e-4]])

        rejected = benjamini_hochberg(p_values, q=0.05)

        assert rejected.tolist() == (stats.false_discovery_control(p_values) <= 0.05).tolist()

    def test_may_be_none_at_all(self):
        assert benjamini_hochberg([]).tolist() == []
        assert benjamini_hochberg([0.5, 0.9]).tolist() == [False, False]


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        ([], False),
        ([True], False),
        ([True, True], True),
        ([True, False, True], True),
        ([True, True, False, False], False),
    ],
)
def test_a_finding_persists_on_two_of_three_nights(nights, expected):
    assert persists(nights) is expected
