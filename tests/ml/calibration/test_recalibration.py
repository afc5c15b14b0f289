"""A serving version gets a new set by its rhythm; where none can be cut the reason is told."""

from datetime import timedelta

import pytest
from ml.calibration_world import CHURN, LOG, make_world

from watchfloor.ml.calibration import calibration_sets, recalibration
from watchfloor.ml.models import CalibrationSet, CutReason, ExchangeabilityGuard
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import thresholds

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def world(tenant, now):
    """A posted model that serves without a calibration."""
    world = make_world(tenant, now)
    stack = registry.new_stack(
        tenant=tenant,
        version=world.version,
        calibration_sha256="",
        thresholds=b"{}",
        monitor=b"",
        now=now,
    )
    registry.point_to(deployment=_deployment(world), stack=stack, last_known_good=None, now=now)
    return world


def _deployment(world):
    return registry.deployment_of(tenant=world.tenant, model_type=CHURN, now=world.now)


def _live(world, n, *, days_ago=3):
    for i in range(n):
        world.log(days_ago=days_ago + i / n, score=(i % 10) / 10, outcome=float(i % 10 > 4))


def _recut(world, reason=CutReason.WEEKLY, *, after=timedelta()):
    return recalibration.recalibrate(
        tenant=world.tenant,
        deployment=_deployment(world),
        log=LOG,
        features_of=lambda _ids: {},
        values=thresholds.values_in_force(tenant=world.tenant, model_type=CHURN),
        thresholds=thresholds.snapshot(tenant=world.tenant, model_type=CHURN),
        reason=reason,
        now=world.now + after,
    )


def _reason_due(world, *, after=timedelta()):
    return recalibration.reason_due(
        tenant=world.tenant, deployment=_deployment(world), now=world.now + after
    )


class TestRecalibrate:
    def test_lets_the_version_decide_with_the_new_set(self, world):
        _live(world, 120)

        row = _recut(world).row

        assert (row.n, row.reason, row.source) == (120, "weekly", "outcomes")
        assert _deployment(world).stack.calibration_sha256 == row.sha256
        assert ExchangeabilityGuard.objects.get().calibration_sha256 == row.sha256

    def test_says_how_many_rows_are_missing(self, world):
        _live(world, 99)

        found = _recut(world)

        assert found.row is None
        assert found.why_not == "99 usable outcomes of closed predictions; 100 are needed"
        assert not CalibrationSet.objects.exists()
        assert _deployment(world).stack.calibration_sha256 == ""

    def test_says_why_a_cohort_is_not_complete(self, world):
        _live(world, 120)
        for i in range(120):
            world.log(days_ago=3 + i / 120, outcome=None)

        assert "50% of the closed predictions" in _recut(world).why_not

    def test_does_nothing_where_nothing_serves(self, tenant, now):
        world = make_world(tenant, now)

        assert _recut(world).why_not == "nothing serves"
        assert recalibration.last_cut_at(tenant=tenant, deployment=_deployment(world)) is None

    def test_promises_what_the_thresholds_in_force_ask_for(self, world):
        thresholds.apply_threshold(
            tenant=world.tenant,
            model_type=CHURN,
            key="eps_ticket",
            value=0.25,
            expected_version=0,
            actor="user:mia",
            reason="fewer reviews",
            now=world.now,
        )
        _live(world, 120)

        assert _recut(world).row.eps_ticket == 0.25


class TestReasonDue:
    def test_from_the_first_day_and_then_weekly(self, world):
        assert _reason_due(world) == CutReason.WEEKLY
        _live(world, 120)
        row = _recut(world).row

        assert _reason_due(world, after=WEEK - timedelta(hours=1)) is None
        assert _reason_due(world, after=WEEK) == CutReason.WEEKLY
        assert (
            recalibration.last_cut_at(tenant=world.tenant, deployment=_deployment(world))
            == row.created_at
        )

    def test_each_night_while_the_guard_has_lost_the_set(self, world):
        _live(world, 120)
        _recut(world)
        ExchangeabilityGuard.objects.update(alarmed_at=world.now, turned_at=world.now)

        assert _reason_due(world, after=timedelta(days=1)) == CutReason.DRIFT_CLEARED

    def test_counts_no_set_of_another_outcome_definition(self, world):
        _live(world, 120)
        row = _recut(world).row
        CalibrationSet.objects.create(
            **{
                field.name: getattr(row, field.name)
                for field in CalibrationSet._meta.concrete_fields
                if field.name not in ("id", "outcome_definition", "created_at")
            },
            outcome_definition="complaint",
            created_at=world.now + WEEK,
        )

        newest = calibration_sets.newest_of_version(tenant=world.tenant, version=world.version)
        assert newest == row
