"""The guard compares a set with what came after it, late ones and other versions left out."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from ml.posted import DESK, VERSION, PostedModel

from watchfloor.core.conformal.exchangeability import Guard
from watchfloor.core.drift.severity import Severity
from watchfloor.ml.inference import exchangeability_guard, serving
from watchfloor.ml.inference.exchangeability_guard import SetRows
from watchfloor.ml.models import DriftReport, ExchangeabilityGuard
from watchfloor.ml.versions import registry

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, NIGHT = timedelta(days=1), timedelta(hours=14)


@pytest.fixture
def model(tenant):
    """Three days of a hundred predictions, each told six hours later."""
    model = PostedModel(tenant)
    model.live(3, since=NOON - 3 * DAY, a_day=100)
    return model


@pytest.fixture
def guarded(model):
    """A set of everything known at noon serves, and has its guard."""
    return guard_a_set(model, at=NOON)


def guard_a_set(model, *, at):
    digest = model.calibrate(at=at)
    told = model.told()
    rows = SetRows(
        ids=[record.prediction_id for record in told],
        scores=np.array([record.score for record in told]),
        outcomes=np.array([record.value for record in told]),
    )
    exchangeability_guard.start(
        version=model.version(), calibration_sha256=digest, rows=rows, now=at
    )
    return digest


def look(tenant, *, now, level=0.01):
    return exchangeability_guard.detect_lost_exchangeability(
        tenant=tenant,
        deployment=registry.deployment_of(tenant=tenant, model_type=DESK, now=now),
        day=now.date(),
        level=level,
        now=now,
    )


def state_of(digest):
    row = ExchangeabilityGuard.objects.get(calibration_sha256=digest)
    return Guard.from_bytes(bytes(row.state))


class TestStart:
    def test_keeps_the_set_in_two_parts(self, model, guarded):
        quiet, asked = state_of(guarded).bags

        scores = np.array([record.score for record in model.told()])
        assert sum(quiet.counts) == (scores < 0.4).sum()
        assert sum(asked.counts) == (scores >= 0.4).sum()

    def test_leaves_out_what_took_longer_than_nine_of_ten(self, model):
        slow = model.predict(20, at=NOON - DAY)
        model.tell(slow, at=NOON + 9 * DAY)

        digest = guard_a_set(model, at=NOON + 10 * DAY)

        row = ExchangeabilityGuard.objects.get(calibration_sha256=digest)
        assert row.longest_delay_s == 6 * 3600
        assert sum(sum(bag.counts) for bag in state_of(digest).bags) == 300

    def test_keeps_the_guard_of_the_same_set_cut_again(self, tenant, model, guarded):
        model.live(1, since=NOON, a_day=50)
        look(tenant, now=NOON + NIGHT)
        told = model.told()[:300]

        row = exchangeability_guard.start(
            version=model.version(),
            calibration_sha256=guarded,
            rows=SetRows([r.prediction_id for r in told], np.zeros(300), np.zeros(300)),
            now=NOON + DAY,
        )

        assert state_of(guarded).n == 50
        assert row.started_at == NOON

    def test_cannot_guard_a_set_of_which_nobody_knows_how_late_it_was(self, model):
        digest = model.calibrate(at=NOON)

        row = exchangeability_guard.start(
            version=model.version(),
            calibration_sha256=digest,
            rows=SetRows([], np.array([]), np.array([])),
            now=NOON,
        )

        assert row is None


class TestDetectLostExchangeability:
    def test_is_silent_while_the_world_is_as_it_was(self, tenant, model, guarded):
        model.live(5, since=NOON, a_day=60)

        finding = look(tenant, now=NOON + 5 * DAY)

        assert (finding.drifted, finding.severity) == (False, None)
        assert state_of(guarded).n == 300
        assert DriftReport.objects.get(kind="exchangeability").severity == "none"

    def test_alarms_after_the_world_turned_and_stays_alarmed(self, tenant, model, guarded):
        model.live(2, since=NOON, a_day=60)
        look(tenant, now=NOON + 2 * DAY)
        model.live(2, since=NOON + 2 * DAY, a_day=60, is_turned=True)

        finding = look(tenant, now=NOON + 4 * DAY)
        later = look(tenant, now=NOON + 9 * DAY)

        row = ExchangeabilityGuard.objects.get()
        assert finding.severity is Severity.MEDIUM
        assert row.alarmed_at == NOON + 4 * DAY
        # The rise may begin with a few chance outcomes of the day before.
        assert finding.changed_at == row.turned_at
        assert NOON + DAY <= row.turned_at <= NOON + 2 * DAY
        assert "no longer come as" in finding.sentence
        assert later.drifted
        assert ExchangeabilityGuard.objects.get().alarmed_at == row.alarmed_at

    def test_looks_at_a_prediction_once_it_is_old_enough(self, tenant, model, guarded):
        model.live(1, since=NOON, a_day=30)

        look(tenant, now=NOON + timedelta(hours=5))
        too_early = state_of(guarded).n
        look(tenant, now=NOON + timedelta(hours=6))

        assert (too_early, state_of(guarded).n) == (0, 30)

    def test_leaves_out_what_came_later_than_the_set_allows(self, tenant, model, guarded):
        events = model.predict(40, at=NOON)
        model.tell(events[:30], at=NOON + timedelta(hours=6))
        model.tell(events[30:], at=NOON + timedelta(hours=30))

        look(tenant, now=NOON + 3 * DAY)

        assert state_of(guarded).n == 30

    def test_looks_at_each_prediction_once(self, tenant, model, guarded):
        events = model.predict(40, at=NOON)
        model.tell(events[:30], at=NOON + timedelta(hours=3))
        look(tenant, now=NOON + NIGHT)
        look(tenant, now=NOON + NIGHT)
        # Told again, and told for the first time though it was known long before.
        model.tell(events[:5], at=NOON + timedelta(hours=4), is_turned=True)
        model.tell(events[30:], at=NOON + timedelta(hours=5))

        look(tenant, now=NOON + DAY + NIGHT)

        assert state_of(guarded).n == 40

    def test_says_that_there_is_nothing_to_compare_for_a_set_without_a_guard(self, tenant, model):
        model.calibrate(at=NOON)

        finding = look(tenant, now=NOON + DAY)

        assert not finding.drifted
        assert DriftReport.objects.get(kind="exchangeability").severity == "insufficient"

    def test_takes_the_level_in_force(self, tenant, model, guarded):
        look(tenant, now=NOON + NIGHT, level=0.05)

        assert state_of(guarded).alarm_at == pytest.approx(20)


class TestIsAlarmed:
    def test_is_read_with_what_serves_and_ends_with_the_next_set(self, tenant, model, guarded):
        model.live(2, since=NOON, a_day=60, is_turned=True)
        look(tenant, now=NOON + 2 * DAY)

        alarmed = serving.serving_model(tenant=tenant, model_type=DESK)
        guard_a_set(model, at=NOON + 2 * DAY)
        renewed = serving.serving_model(tenant=tenant, model_type=DESK)

        assert alarmed.exchangeability_lost
        assert not renewed.exchangeability_lost

    def test_is_another_tenants_business(self, tenant, other_tenant, model, guarded):
        model.live(2, since=NOON, a_day=60, is_turned=True)
        look(tenant, now=NOON + 2 * DAY)

        asked = {"model_type": DESK, "version": VERSION, "calibration_sha256": guarded}

        assert exchangeability_guard.is_alarmed(tenant=tenant, **asked)
        assert not exchangeability_guard.is_alarmed(tenant=other_tenant, **asked)
