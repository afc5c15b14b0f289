"""The live monitor holds each outcome against what was said when it was predicted."""

from datetime import UTC, datetime, timedelta

import pytest
from ml.posted import DESK, VERSION, PostedModel

from watchfloor.core.conformal import live_coverage
from watchfloor.core.conformal.live_coverage import LateOutcome, LiveCoverage
from watchfloor.ml.coverage import coverage_monitor
from watchfloor.ml.models import CoverageMonitor, CoverageStep, PredictionLog

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, NIGHT = timedelta(days=1), timedelta(hours=14)


@pytest.fixture
def model(tenant):
    return PostedModel(tenant)


def advance(tenant, *, now):
    return coverage_monitor.advance(
        tenant=tenant, model_type=DESK, version=VERSION, table=PredictionLog, now=now
    )


def state_of(row):
    return LiveCoverage.from_bytes(bytes(row.state))


class TestAdvance:
    def test_fills_its_window_on_the_first_night_and_counts_nothing(self, tenant, model):
        model.live(1, since=NOON, a_day=30)

        row = advance(tenant, now=NOON + NIGHT)

        state = state_of(row)
        assert (len(state.scores), state.n, state.delays) == (30, 0, ())
        assert not state.issue()[0].is_whole_line

    def test_does_by_night_what_the_method_does_by_hand(self, tenant, model):
        nights = []
        for day in range(3):
            model.live(1, since=NOON + day * DAY, a_day=25)
            nights.append(state_of(advance(tenant, now=NOON + day * DAY + NIGHT)))

        by_hand = live_coverage.start().learn([LateOutcome(s) for s in _scores(model, 0, 25)])
        for night, first in ((nights[1], 25), (nights[2], 50)):
            said, delay = by_hand.issue(), night.delays[-1]
            scores = _scores(model, first, first + 25)
            by_hand = by_hand.learn([LateOutcome(s, said, delay) for s in scores])
        assert nights[2].to_bytes() == by_hand.to_bytes()
        # All 25 of a day are made at one moment, 14 of 24 hours before the night counts them.
        assert set(nights[2].delays) == {round(25 * 14 / 24)}

    def test_holds_a_late_outcome_against_the_set_of_its_own_day(self, tenant, model):
        model.live(2, since=NOON, a_day=40)
        advance(tenant, now=NOON + DAY + NIGHT)
        early = model.predict(20, at=NOON + 2 * DAY)
        model.live(3, since=NOON + 3 * DAY, a_day=40, is_turned=True)
        for day in (3, 4, 5):
            advance(tenant, now=NOON + day * DAY + NIGHT)
        said_then = coverage_monitor.said_at(
            tenant=tenant, model_type=DESK, version=VERSION, at=NOON + 2 * DAY
        )
        before = state_of(CoverageMonitor.objects.get())

        model.tell(early, at=NOON + 6 * DAY)
        row = advance(tenant, now=NOON + 6 * DAY + NIGHT)

        scores = [abs(model.value(e) - model.quantised[e]) for e in early]
        outside = sum(not said_then[0].contains(score) for score in scores)
        assert said_then != before.issue()
        assert state_of(row).misses[0] - before.misses[0] == outside

    def test_counts_a_delay_in_predictions(self, tenant, model):
        advance(tenant, now=NOON)
        early = model.predict(1, at=NOON + timedelta(hours=1))
        model.predict(200, at=NOON + timedelta(hours=12))
        model.tell(early, at=NOON + timedelta(hours=13))

        row = advance(tenant, now=NOON + NIGHT)

        # 201 predictions in 14 hours, counted evenly: 13 of 14 came after the first hour.
        assert state_of(row).delays == (round(201 * 13 / 14),)

    def test_learns_from_the_first_statement_about_a_prediction_alone(self, tenant, model):
        advance(tenant, now=NOON)
        events = model.predict(12, at=NOON + timedelta(hours=1))
        model.tell(events, at=NOON + timedelta(hours=2))
        model.tell(events[:6], at=NOON + timedelta(hours=3), is_turned=True)
        advance(tenant, now=NOON + NIGHT)
        model.tell(events[6:], at=NOON + DAY, is_turned=True)

        row = advance(tenant, now=NOON + DAY + NIGHT)

        assert state_of(row).n == 12

    def test_does_nothing_twice(self, tenant, model):
        model.live(1, since=NOON, a_day=30)
        advance(tenant, now=NOON + NIGHT)
        model.live(1, since=NOON + DAY, a_day=30)

        once = advance(tenant, now=NOON + DAY + NIGHT)
        twice = advance(tenant, now=NOON + DAY + NIGHT)

        assert once.state == bytes(twice.state)
        assert CoverageStep.objects.count() == 2

    def test_starts_anew_with_another_version_and_knows_one_tenant(
        self, tenant, other_tenant, model
    ):
        model.live(1, since=NOON, a_day=30)

        for owner, version in ((tenant, "v2"), (other_tenant, VERSION)):
            row = coverage_monitor.advance(
                tenant=owner,
                model_type=DESK,
                version=version,
                table=PredictionLog,
                now=NOON + NIGHT,
            )
            assert state_of(row) == live_coverage.start()


class TestReport:
    def test_says_nothing_before_the_first_night(self, tenant):
        assert coverage_monitor.find_report(tenant=tenant, model_type=DESK, version=VERSION) is None
        assert (
            coverage_monitor.said_at(tenant=tenant, model_type=DESK, version=VERSION, at=NOON)
            is None
        )

    def test_tells_how_far_the_level_has_been_left_behind(self, tenant, model):
        since = model.live(2, since=NOON, a_day=100)
        advance(tenant, now=since)
        for day in range(6):
            model.live(1, since=since + day * DAY, a_day=100, is_turned=True)
            advance(tenant, now=since + day * DAY + NIGHT)

        report = coverage_monitor.find_report(tenant=tenant, model_type=DESK, version=VERSION)

        ninety, _, ninety_nine = report.levels
        assert report.since == since
        assert report.delay > 0
        assert [level.percent for level in report.levels] == [90, 95, 99]
        assert ninety.n == 600
        assert ninety.asked_for > 90
        assert ninety.coverage == 1 - ninety.misses / 600
        assert ninety_nine.asked_for == pytest.approx(99)


def _scores(model, first, last):
    events = list(model.scores)[first:last]
    return [abs(model.value(event) - model.quantised[event]) for event in events]
