"""
A model is certified, the world turns, and the guard of its set stops the tickets in time.

A desk posts scores: three of four are low, one is high. Of the high ones nearly all are events,
and of the low ones every third is. One day the low ones are all clean, and of the high ones
two of five are too. The model errs less often than before, so nothing that counts errors sees
it; but four times as much of what it tickets is false as was promised.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cast import acme
from standing import standing

from watchfloor.entrypoints import due_work
from watchfloor.ledger.due import Lease
from watchfloor.ml.models import CalibrationSet, ExchangeabilityGuard, PredictionLog
from watchfloor.ml.reports import certificate_facts
from watchfloor.ml.reports.certificate_facts import Found
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import model_health, policy_switch
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db

DESK, VERSION = "sla_breach", "desk-1"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
A_DAY = 160
EPS = 0.1
LEASE = Lease(worker="story", real_now=datetime(2026, 1, 1, tzinfo=UTC))
# Share of events among high and among low scores, before and after.
AS_IT_WAS, TURNED = (0.99, 0.35), (0.6, 0.0)


@dataclass
class Desk:
    """A hundred and sixty incidents a day; what became of them is known nine hours later."""

    tenant: object
    day: int = 0
    world: tuple[float, float] = AS_IT_WAS

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.day)

    def live(self, days: int) -> None:
        for _ in range(days):
            requests = self._incidents()
            handle_predictions(tenant=self.tenant, requests=requests, now=self.now)
            self._find_out(requests)
            self.day += 1
            due_work.run_until_idle(now=self.now, lease=LEASE)

    def _incidents(self) -> list[PredictionRequest]:
        rng = np.random.default_rng([17, self.day])
        high = rng.uniform(size=A_DAY) < 0.25
        scores = np.where(high, rng.uniform(0.9, 1.0, A_DAY), rng.uniform(0.1, 0.35, A_DAY))
        return [
            PredictionRequest(
                event_id=f"{self.day}-{i}",
                source="desk",
                model_type=DESK,
                entity_type="incident",
                entity_id=f"{self.day}-{i}",
                occurred_at=self.now,
                score=float(score),
                model_version=VERSION,
            )
            for i, score in enumerate(scores)
        ]

    def _find_out(self, requests: list[PredictionRequest]) -> None:
        at = self.now + timedelta(hours=9)
        record_outcomes(
            tenant=self.tenant,
            log="prediction",
            requests=[
                OutcomeRequest(
                    event=(request.source, request.event_id),
                    value=self._value(request),
                    known_at=at,
                    source="desk",
                    labeller="desk",
                    dedupe_key=request.event_id,
                )
                for request in requests
            ],
            now=at,
        )

    def _value(self, request: PredictionRequest) -> float:
        rng = np.random.default_rng([19, *map(int, request.event_id.split("-"))])
        return float(rng.uniform() < self.world[0 if request.score > 0.5 else 1])


@pytest.fixture(scope="module")
def nine_days(django_db_setup, django_db_blocker) -> Iterator[Desk]:
    """Three days of people alone; then the first night cuts a set, and five days of tickets."""
    with standing(django_db_blocker):
        tenant = acme(now=START)
        policy_switch.switch_flag(
            tenant=tenant,
            flag=Flag.AUTO_TICKET,
            is_on=True,
            actor="user:lea",
            reason="story",
            now=START,
        )
        desk = Desk(tenant)
        desk.live(3)
        model_health.plan_first_nights(tenant=tenant, now=desk.now)
        desk.live(6)
        yield desk


@pytest.fixture
def desk(nine_days, db) -> Desk:
    """The desk after nine days, which this story may go on with as it likes."""
    return replace(nine_days)


def ticketed(tenant) -> Found:
    """Everything acted on under the first set, and how much of it was false."""
    first, *_ = certificate_facts.kept(PredictionLog, tenant=tenant, model_type=DESK)
    return first.automatic


def test_the_guard_stops_tickets_while_the_promise_of_the_set_holds(desk):
    before, turned_on = ticketed(desk.tenant), desk.now
    desk.world = TURNED

    desk.live(2)

    guard = ExchangeabilityGuard.objects.get(alarmed_at__isnull=False)
    assert guard.alarmed_at - turned_on < timedelta(days=1)
    assert abs(guard.turned_at - turned_on) <= timedelta(days=1)
    # Some forty tickets of the day that turned, two of five of them false, and none after.
    after = ticketed(desk.tenant)
    assert before.false_share < EPS / 2
    assert before.n < after.n < before.n + 45
    assert after.n_false - before.n_false > 10
    assert after.false_share <= EPS
    later = PredictionLog.objects.filter(predicted_at__gt=guard.alarmed_at)
    assert later.count() == A_DAY
    assert not later.filter(decision="auto_ticket").exists()
    # People hear of it once, and a set of the new world ends it.
    alert = AlertEvent.objects.get(alert_type="ML_DRIFT_DETECTED")
    assert alert.fingerprint == f"drift:exchangeability:{DESK}:{VERSION}"
    assert (alert.severity, alert.status) == ("MEDIUM", "resolved")
    first, second = CalibrationSet.objects.order_by("created_at")
    assert first.sha256 == guard.calibration_sha256
    assert second.n <= 2 * A_DAY


def test_what_it_would_have_cost_to_watch_nothing(desk):
    for key in ("ENABLE_AUTO_RETRAIN", "ENABLE_DRIFT_MONITORING"):
        policy_switch.override_ml_config(
            tenant=desk.tenant,
            key=key,
            value=False,
            actor="user:lea",
            reason="story",
            now=desk.now,
        )
    desk.world = TURNED

    desk.live(2)

    assert not AlertEvent.objects.filter(alert_type="ML_DRIFT_DETECTED").exists()
    assert PredictionLog.objects.filter(
        predicted_at=desk.now - timedelta(days=1), decision="auto_ticket"
    ).exists()
    assert ticketed(desk.tenant).false_share > EPS
