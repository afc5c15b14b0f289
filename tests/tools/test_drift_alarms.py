"""Years without drift stay within the budget, drops are found in time, and the page says so."""

import math

import numpy as np
import pytest

from tools.measure import drift_alarms, page
from tools.measure.drift import errors, moves, recorded
from tools.measure.drift.errors import Found, Model
from tools.measure.page import Run
from watchfloor.core.drift.performance import planned_delay_events
from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints.simulator.config import small

RUN = Run(date="2026-03-02", commit="abc123", machine="2 cores, a slow one", python="Python 3.11")
MODEL = Model(base=0.06, labels_per_day=100)


class TestAModel:
    def test_errs_as_often_as_it_says_with_the_drop_on_top(self):
        rng = np.random.default_rng(1)

        # 40,000 outcomes: standard error 0.0012 and 0.0018.
        assert MODEL.draw(400, rng).mean() == pytest.approx(0.06, abs=0.006)
        assert MODEL.draw(400, rng, drop=0.1).mean() == pytest.approx(0.16, abs=0.009)

    def test_of_clustered_days_has_the_spread_that_was_asked(self):
        rates = drift_alarms.CLUSTERED.draw(2000, np.random.default_rng(2)).mean(axis=1)

        assert rates.mean() == pytest.approx(0.23, abs=0.015)
        assert rates.std() == pytest.approx(0.14, abs=0.01)

    def test_of_recorded_days_draws_their_rates(self):
        recorded_days = Model(base=0.5, labels_per_day=20, recorded=(0.0, 1.0))

        assert set(recorded_days.draw(50, np.random.default_rng(3)).mean(axis=1)) == {0.0, 1.0}


class TestSideBySide:
    def test_each_alarm_is_the_one_of_the_products_monitor(self):
        rng = np.random.default_rng(4)
        monitors = [MODEL.monitor(rng) for _ in range(3)]
        worse = np.array([MODEL.draw(20, rng, drop=0.1) for _ in monitors])

        found = errors.alarms_in_parallel(monitors, worse)

        assert {each.stream for each in found} == {0, 1, 2}
        for each in found:
            alarm = errors.confirmed(monitors[each.stream], worse[each.stream].ravel(), each)
            assert alarm.drop > 0

    def test_an_alarm_that_the_monitor_does_not_see_is_an_error(self):
        monitor = MODEL.monitor(np.random.default_rng(5))

        with pytest.raises(AssertionError, match="no alarm in 50 outcomes"):
            errors.confirmed(monitor, np.zeros(50, dtype=np.bool_), Found(0, 0, 49))


class TestTheOriginalRule:
    def test_takes_a_week_for_ten_points_and_never_sees_five(self):
        rng = np.random.default_rng(6)
        model = Model(base=0.06, labels_per_day=300)

        ten = errors.original_delay_hours(model, drop=0.10, runs=40, rng=rng)
        five = errors.original_delay_hours(model, drop=0.05, runs=40, rng=rng, n_days=30)

        assert np.median(ten) == 168
        assert np.median(five) == math.inf


class TestDays:
    def test_are_drawn_for_days_of_their_own_weekday(self):
        days = moves.drawn_days(
            70, n_features=1, events=30, rng=np.random.default_rng(7), by_weekday=9.0
        )

        drawn = days.resampled(140, np.random.default_rng(8))

        means = drawn.counts["x0"] @ drawn.centers["x0"] / 30
        assert np.ptp(means[drawn.weekdays == 2]) < np.ptp(means)
        assert len(drawn) == 140

    def test_that_change_are_named_within_a_week(self):
        rng = np.random.default_rng(9)
        days = moves.drawn_days(75, n_features=3, events=100, rng=rng, shift=1.5, shifted_from=66)

        found = moves.ours(days, rng=rng)

        assert found.first is not None
        assert 66 < found.first <= 66 + 7
        assert found.episodes == 1

    def test_an_episode_is_as_bad_as_its_worst_night(self):
        none, low, medium = None, Severity.LOW, Severity.MEDIUM

        found = moves._counted([none, low, medium, none, low])

        assert (found.alarm_nights, found.episodes, found.medium) == (3, 2, 1)
        assert found.first == moves.NEEDED + 1


class TestSimulatedDays:
    def test_tell_what_phones_tell_before_and_after_an_update(self, monkeypatch):
        monkeypatch.setattr(recorded, "UPDATE_DAY", 3)

        days = recorded.simulated_days(small(7), n_days=6, updated=True)

        assert len(days) == 6
        assert set(days.counts) == set(recorded.PHONE_FEATURES)
        # One provider alone from the update on.
        providers = days.counts["provider"]
        assert (providers[:3] > 0).any(axis=0).sum() > 1
        assert (providers[3:] > 0).any(axis=0).sum() == 1


def still_days(_config, *, n_days, updated=False):
    """Days of one feature in place of a simulated world."""
    rng = np.random.default_rng(int(updated))
    return moves.drawn_days(n_days, n_features=1, events=30, rng=rng)


class TestThePage:
    def test_says_a_delay_that_was_not_seen_in_words(self):
        assert drift_alarms._delay(np.array([24.0, 24, 48, math.inf, math.inf]), "h") == (
            "48.0 (not seen) h"
        )
        assert drift_alarms._delay(np.array([24.0, math.inf, math.inf]), "d") == ("not seen in 67%")

    @pytest.mark.slow
    def test_is_written_with_its_seed_and_sections(self, monkeypatch, tmp_path):
        tiny = drift_alarms.Size(
            years=1, clustered_years=1, runs=2, years_of_moves=1, nights=1, changes=1
        )
        monkeypatch.delenv("WATCHFLOOR_DATA_DIR", raising=False)
        monkeypatch.setattr(drift_alarms, "QUICK", tiny)
        monkeypatch.setattr(drift_alarms, "VOLUMES", (20,))
        monkeypatch.setattr(drift_alarms, "OTHER_BASES", ())
        monkeypatch.setattr(drift_alarms, "PER_WINDOW", (200,))
        monkeypatch.setattr(drift_alarms, "CLUSTERED", Model(base=0.2, labels_per_day=20))
        monkeypatch.setattr(errors, "DAYS", 4)
        # A third of a year of guards takes seconds, and is tried above on a few days.
        monkeypatch.setattr(recorded, "simulated_days", still_days)

        written = page.write(drift_alarms.measure(quick=True), RUN, folder=tmp_path)

        text = written.read_text()
        assert "| seed | 20260302 |" in text
        assert "## Features without drift" in text
        assert "| simulated guards, D1 |" in text


@pytest.mark.slow
class TestThePromise:
    @pytest.mark.parametrize(
        ("model", "years"),
        [(Model(base=0.06, labels_per_day=150), 20), (drift_alarms.CLUSTERED, 200)],
        ids=["independent", "clustered"],
    )
    def test_at_most_one_false_page_in_a_model_year(self, model, years):
        alarms = errors.false_alarms(model, years=years, rng=np.random.default_rng(11))

        paging = sum(alarm.severity >= Severity.HIGH for alarm in alarms)

        # The bound is the promise. Measured are 0.3 a year of independent errors (20 years: 6,
        # and 20 were beyond five standard errors) and 0.38 of clustered ones, where one year of
        # twelve makes several: 0.9 of standard deviation, 0.064 over 200 years.
        assert paging <= years

    def test_not_even_where_a_week_of_bad_days_is_usual(self, data_dir):
        daily = recorded.itsm_daily_errors(data_dir)
        model = Model(base=float(np.mean(daily)), labels_per_day=260, recorded=daily)
        alarms = errors.false_alarms(model, years=200, rng=np.random.default_rng(17))

        paging = sum(alarm.severity >= Severity.HIGH for alarm in alarms)

        # Measured 0.72 a year, with 0.08 of standard error over 200 years; taken for normal days
        # these made 1.5.
        assert paging <= 200

    @pytest.mark.parametrize(("volume", "within"), [(150, 24), (300, 12)])
    def test_ten_points_are_found_in_time(self, volume, within):
        model = Model(base=0.06, labels_per_day=volume)

        hours = errors.delay_hours(
            model, drop=0.10, runs=400, rng=np.random.default_rng(12), n_days=20
        )

        # Measured 21.8 and 11.3 h with a spread of half the median: the median of 400 has a
        # standard error of about 3 %, so the bound is the promise itself.
        assert np.median(hours) < within

    @pytest.mark.parametrize("base", [0.02, 0.10, 0.20])
    def test_the_plan_that_operators_see_holds(self, base):
        model = Model(base=base, labels_per_day=300)
        rng = np.random.default_rng(13)

        seen = np.median(errors.delay_hours(model, drop=0.10, runs=300, rng=rng, n_days=10)) * 12.5
        planned = [planned_delay_events(model.monitor(rng), drop=0.10)[0] for _ in range(20)]

        # Measured 1.08, 0.98 and 0.94 of the plan; 300 runs add about 4 %.
        assert seen <= 1.25 * np.median(planned)

    @pytest.mark.parametrize("luck", [0.0, 0.5], ids=["independent", "each day its own luck"])
    def test_features_without_drift_make_at_most_one_medium_episode_a_year(self, luck):
        rng = np.random.default_rng(14)
        days = moves.drawn_days(moves.NEEDED + 364, n_features=6, events=165, rng=rng, shock=luck)

        # One is promised as a mean; measured are none in four years of either kind, and what
        # lies a quarter beyond its days' own spread by chance is rarer than one night in 1e4.
        assert moves.ours(days, rng=rng).medium <= 1

    @pytest.mark.parametrize("per_week", [200, 1_000_000])
    def test_the_verdict_does_not_depend_on_the_volume(self, per_week):
        rng = np.random.default_rng(15)

        said = [
            any(m.drifted for m in moves.night(moves.same_law(per_week, rng=rng), 63, rng=rng))
            for _ in range(150)
        ]

        # Nominal is one night of a hundred: 1.5 expected, and 7 have a chance of 1e-3.
        assert sum(said) <= 6

    def test_shuffled_days_of_real_weather_stay_quiet(self, data_dir):
        rng = np.random.default_rng(16)
        days = recorded.bike_days(data_dir).shuffled(rng)
        year = days.at(np.arange(365), days.weekdays[:365])

        found = moves.ours(year, rng=rng)

        # 303 nights of 12 features of which most have one value a day: a night of a hundred may
        # name one by chance, but none goes beyond what days differ by themselves.
        assert found.medium == 0
        assert found.episodes <= 3
