"""
The whole loop without a mock: events, late outcomes, a first model, drift, a retrain, a rollback.

A made-up world of repair orders: an order is late when its workload is high. On day 20 of
the model's life the world turns over, and the model is wrong about most orders.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cast import acme
from standing import standing

from watchfloor.entrypoints import due_work
from watchfloor.ledger import audit, due
from watchfloor.ledger.due import Lease
from watchfloor.ml.models import (
    Deployment,
    DriftReport,
    ModelPerformanceMetrics,
    ModelVersion,
    PerformanceMonitor,
    PredictionLog,
    RetrainJob,
    RollbackWatch,
)
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import AlertEvent, ReviewItem, Ticket
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import model_health, policy_switch, safe_retrain, threshold_change
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db

MODEL_TYPE = "late_order"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORDERS_A_DAY = 60
LEASE = Lease(worker="story", real_now=datetime(2026, 1, 1, tzinfo=UTC))
KINDS = frozenset(due_work.HANDLERS)


@dataclass
class World:
    """Orders of a tenant, day by day, with their outcomes a day later."""

    tenant: object
    day: int = 0
    is_turned: bool = False

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.day)

    def live(self, days: int) -> None:
        for _ in range(days):
            self._order()
            self._find_out()
            self.day += 1
            self._sleep()

    def _orders(self, day: int) -> list[PredictionRequest]:
        rng = np.random.default_rng([7, day])
        at = START + timedelta(days=day)
        return [
            PredictionRequest(
                event_id=f"{day}-{i}",
                source="orders",
                model_type=MODEL_TYPE,
                entity_type="order",
                entity_id=f"{day}-{i}",
                occurred_at=at + timedelta(minutes=int(i)),
                features={
                    "workload": float(rng.uniform()),
                    "crew": str(rng.choice(["a", "b"])),
                    "noise": float(rng.normal()),
                },
            )
            for i in range(ORDERS_A_DAY)
        ]

    def is_late(self, request: PredictionRequest) -> bool:
        rng = np.random.default_rng([11, *map(int, request.event_id.split("-"))])
        high = request.features["workload"] > 0.6
        return bool((high != self.is_turned) if rng.uniform() > 0.01 else not high)

    def _order(self) -> None:
        requests = self._orders(self.day)
        later = self.now + timedelta(hours=2)
        handle_predictions(tenant=self.tenant, requests=requests, now=later)

    def _find_out(self) -> None:
        if self.day == 0:
            return
        record_outcomes(
            tenant=self.tenant,
            log="prediction",
            requests=[
                OutcomeRequest(
                    event=(request.source, request.event_id),
                    value=float(self.is_late(request)),
                    known_at=self.now + timedelta(hours=6),
                    source="orders",
                    labeller="depot",
                    dedupe_key=f"late:{request.event_id}",
                )
                for request in self._orders(self.day - 1)
            ],
            now=self.now + timedelta(hours=6),
        )

    def _sleep(self) -> None:
        due_work.run_until_idle(now=self.now, lease=LEASE)

    def live_until(self, is_reached: Callable[[], bool]) -> None:
        """Stop in the very moment, between two pieces of due work, in which it is reached."""
        while self.day < 90:
            self._order()
            self._find_out()
            self.day += 1
            while (row := due.claim_next(now=self.now, lease=LEASE, kinds=KINDS)) is not None:
                due_work.do(row, now=row.due_at)
                if is_reached():
                    return
        raise AssertionError("it was never reached")


def furnished(tenant) -> World:
    """A tenant with every automation switched on, and its nights planned."""
    for flag in (Flag.AUTO_TICKET, Flag.AUTO_RETRAIN, Flag.AUTO_ROLLBACK):
        policy_switch.switch_flag(
            tenant=tenant, flag=flag, is_on=True, actor="user:lea", reason="story", now=START
        )
    for key, value in {
        "AUTO_RETRAIN_ENABLED_TENANTS": [tenant.code],
        "ENABLE_AUTO_RETRAIN": True,
        "REQUIRE_MANUAL_APPROVAL_CRITICAL_DRIFT": False,
    }.items():
        policy_switch.override_ml_config(
            tenant=tenant, key=key, value=value, actor="user:lea", reason="story", now=START
        )
    model_health.plan_first_nights(tenant=tenant, now=START)
    return World(tenant)


@pytest.fixture(scope="module")
def thirty_days(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Thirty days without a model, then the first one: lived once for all stories."""
    with standing(django_db_blocker):
        world = furnished(acme(now=START))
        world.live(30)
        safe_retrain.first_model(tenant=world.tenant, model_type=MODEL_TYPE, now=world.now)
        yield world


@pytest.fixture
def trained(thirty_days, db) -> World:
    """The world after thirty days, which this story may go on with as it likes."""
    return replace(thirty_days)


def test_without_a_model_every_event_goes_to_a_person_under_a_cap(other_tenant):
    furnished(other_tenant).live(2)

    logged = PredictionLog.objects.for_tenant(other_tenant)
    assert set(logged.values_list("decision", "reason")) == {("human_review", "no_model")}
    assert ReviewItem.objects.for_tenant(other_tenant).count() == 2 * ORDERS_A_DAY


def test_a_certified_model_opens_tickets_by_itself_and_the_outcome_closes_them(trained):
    trained.live(3)

    decided = PredictionLog.objects.filter(model_version__startswith="v")
    assert decided.filter(decision="auto_ticket", reason="certified").count() > 30
    tickets = Ticket.objects.filter(opened_by="automation")
    assert tickets.filter(status="resolved", disposition="true_positive").count() > 20
    assert tickets.exclude(alert=None).count() == tickets.count()


def test_the_kill_switch_stops_the_very_next_ticket(trained):
    trained.live(1)
    opened = Ticket.objects.filter(opened_by="automation").count()
    assert opened > 0
    policy_switch.set_kill_switch(
        engaged=True, actor="user:lea", reason="something is wrong", now=trained.now
    )

    trained.live(1)

    assert Ticket.objects.filter(opened_by="automation").count() == opened
    assert PredictionLog.objects.filter(reason="kill_switch").exists()


def test_a_night_writes_metrics_and_quiet_drift_reports(trained):
    trained.live(10)

    night = ModelPerformanceMetrics.objects.exclude(model_version="none").latest("metric_date")
    assert night.total_predictions == ORDERS_A_DAY
    rows = ModelPerformanceMetrics.objects.filter(metric_date=night.metric_date - timedelta(days=3))
    assert rows.get(model_version=night.model_version).accuracy > 0.85
    assert not DriftReport.objects.filter(drifted=True).exists()
    assert DriftReport.objects.filter(kind="performance", severity="none").exists()


def test_a_world_turned_over_is_found_retrained_promoted_and_confirmed(trained):
    trained.live(10)
    first = ModelVersion.objects.get(role="champion").version
    trained.is_turned = True

    trained.live(12)

    alerts = AlertEvent.objects.filter(alert_type="ML_DRIFT_DETECTED", entity_id__contains=first)
    worst = alerts.get(fingerprint__startswith="drift:performance")
    assert worst.severity in {"HIGH", "CRITICAL"}
    job = RetrainJob.objects.exclude(state="blocked").get()
    assert job.safeguards.filter(passed=True).count() == 5
    assert job.state == "confirmed"
    assert ModelVersion.objects.get(role="champion").version != first
    assert {alert.status for alert in alerts} == {"resolved"}


def test_the_alarm_stops_automatic_tickets_until_a_sound_model_serves(trained):
    trained.live(10)
    policy_switch.switch_flag(
        tenant=trained.tenant,
        flag=Flag.AUTO_RETRAIN,
        is_on=False,
        actor="user:lea",
        reason="hold the model",
        now=trained.now,
    )
    trained.is_turned = True

    trained.live(3)

    job = RetrainJob.objects.first()
    assert job.state == "blocked"
    assert not job.safeguards.get(safeguard="flags").passed
    last_day = PredictionLog.objects.filter(occurred_at__gte=trained.now - timedelta(days=1))
    assert not last_day.filter(decision="auto_ticket").exists()
    # The guard has turned the old set away as well, and what was cut since certifies nothing.
    assert PerformanceMonitor.objects.filter(alarmed_at__isnull=False).exists()
    asked = set(last_day.filter(decision="human_review").values_list("reason", flat=True))
    assert asked <= {"drift_alarm", "exchangeability_lost", "not_certified"}


def test_a_worse_challenger_is_rolled_back_and_every_byte_is_as_before(trained):
    trained.live(10)
    tenant = trained.tenant
    before = Deployment.objects.get(model_type=MODEL_TYPE).stack
    trained.is_turned = True
    # The turn lasts just long enough to be found, learned and promoted.
    while not RollbackWatch.objects.exists():
        trained.live(1)
        assert trained.day < 80
    good = RollbackWatch.objects.get().old_stack
    kept = registry.stack_bytes(good)
    threshold_change.apply(
        tenant=tenant,
        model_type=MODEL_TYPE,
        key="review_score",
        value=0.55,
        expected_version=0,
        actor="user:lea",
        reason="moved while the new model served",
        now=trained.now,
    )
    trained.is_turned = False

    trained.live_until(lambda: RetrainJob.objects.filter(state="rolled_back").exists())

    deployment = Deployment.objects.get(model_type=MODEL_TYPE)
    assert RetrainJob.objects.filter(state="rolled_back").count() == 1
    assert deployment.stack.model_version == before.model_version
    assert registry.stack_bytes(deployment.stack) == kept
    assert thresholds.snapshot(tenant=tenant, model_type=MODEL_TYPE) == kept.thresholds
    assert AlertEvent.objects.filter(alert_type="ML_MODEL_ROLLED_BACK").count() == 1
    assert audit.verify_chain(tenant=tenant).is_whole


def test_the_monitor_comes_back_byte_for_byte_at_the_moment_of_the_rollback(trained):
    trained.live(10)
    trained.is_turned = True
    while not RollbackWatch.objects.exists():
        trained.live(1)
    watch = RollbackWatch.objects.select_related("old_stack__model_version").get()
    kept = registry.stack_bytes(watch.old_stack)

    safe_retrain.roll_back(
        tenant=trained.tenant,
        model_type=MODEL_TYPE,
        actor="user:lea",
        reason="told to",
        now=trained.now,
    )

    row = PerformanceMonitor.objects.get(model_version=watch.old_stack.model_version.version)
    assert bytes(row.state) == kept.monitor
    assert ModelVersion.objects.get(role="champion") == watch.old_stack.model_version


def test_the_same_stream_twice_changes_nothing(trained):
    trained.live(2)
    counts = (PredictionLog.objects.count(), Ticket.objects.count(), ReviewItem.objects.count())
    again = replace(trained, day=trained.day - 2)

    again.live(2)

    assert counts == (
        PredictionLog.objects.count(),
        Ticket.objects.count(),
        ReviewItem.objects.count(),
    )
