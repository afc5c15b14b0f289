"""A serving version gets a new set by its rhythm; where none can be cut the reason is told."""

from datetime import timedelta
from fractions import Fraction

import pytest
from ml.calibration_world import CHURN, LOG, make_world
from oracle import naive

from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.decision.policy import Outcome
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.calibration import calibration_sets, recalibration
from watchfloor.ml.models import CalibrationSet, CutReason, ExchangeabilityGuard, OutcomeRecord
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


class TestAuditSampledRows:
    """Loud predictions are all looked at, quiet ones by a chance that is logged."""

    @pytest.fixture
    def listed(self, world):
        """A set of 150 loud rows and a sample, one in five, of 600 quiet ones."""
        for i in range(150):
            world.log(days_ago=3 + i / 750, score=0.5 + i / 400, outcome=float(i % 4 > 0))
        for i in range(600):
            is_drawn = i % 5 == 0
            world.log(
                days_ago=3 + i / 750,
                score=i / 2000,
                outcome=float(i % 300 == 0) if is_drawn else None,
                propensity=0.2,
                decision=Outcome.LOG_ONLY,
            )
        _recut(world)
        [found] = calibration_sets.list_all(tenant=world.tenant)
        return found

    def test_are_weighed_by_what_they_stand_for(self, world, listed):
        told = list(OutcomeRecord.objects.for_tenant(world.tenant))
        off = [abs(one.value - PROBABILITY.quantise_one(one.score)[1]) for one in told]
        weights = [1 / one.propensity for one in told]

        assert listed.outcome_widths == {
            level: naive.weighted_quantile(
                off, weights, level=Fraction(level, 100), test_weight=max(weights)
            )
            for level in (90, 95, 99)
        }

    def test_are_not_counted_as_if_all_had_been_seen(self, listed):
        unweighted = outcome_abs(
            [abs(one.value - one.score) for one in OutcomeRecord.objects.all()],
            level=Fraction(9, 10),
        )

        # Loud rows are the uncertain ones, and more than half of what is known.
        assert listed.outcome_widths[90] < unweighted.quantile

    def test_say_how_many_rows_of_equal_weight_they_are_worth(self, listed):
        # 150 rows of weight 1 and 120 of weight 5.
        assert listed.row.n == 270
        assert listed.row.n_effective == pytest.approx((150 + 600) ** 2 / (150 + 25 * 120))

    def test_promise_nothing_over_all_predictions_below_a_hundred_effective_ones(self, world):
        for i in range(120):
            world.log(days_ago=3 + i / 120, score=0.8, outcome=1.0)
        for i in range(100):
            world.log(
                days_ago=3 + i / 100,
                score=0.1,
                outcome=0.0 if i % 10 == 0 else None,
                propensity=0.1,
                decision=Outcome.LOG_ONLY,
            )
        _recut(world)

        [found] = calibration_sets.list_all(tenant=world.tenant)

        assert found.row.n_effective < 100 < found.row.n
        assert set(found.outcome_widths.values()) == {None}
