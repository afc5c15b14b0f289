"""A check-in that names nobody is scored, and whatever is decided says what is known of it."""

import json
from datetime import timedelta

import numpy as np
import pytest
from certified import switch_on
from django.urls import reverse
from doors import browser, member

from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.noc.models import AlertEvent, FraudPredictionLog, ReviewItem, Ticket, TicketEvidence
from watchfloor.tenants import directory
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Device, Person
from watchfloor.tenants.roles import Role
from watchfloor.workflows import safe_retrain
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions
from watchfloor.workflows.security_anomaly import Incoming, handle_signals

pytestmark = pytest.mark.django_db

READER = "reader-1"
N_GUARDS, N_DAYS = 60, 8
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def check_in(event_id, *, at, face, guard):
    """Return a check-in as a guard's phone sends it."""
    return _message("checkin", "phone-alice", event_id, at, guard_id=guard, face_score=face)


def badge_in(event_id, *, at, face):
    """Return a check-in at a door, by a badge that the reader can tell nobody of."""
    return _message("badge", READER, event_id, at, badge_id="b-77", face_score=face)


def _message(kind, device, event_id, at, **told):
    return Incoming(
        door="test",
        topic=f"wf/acme/{device}/{kind}",
        device=device,
        kind=kind,
        payload=json.dumps(
            {
                "event_id": event_id,
                "event_type": "check_in",
                "device_at": at.isoformat(),
                "site_id": "harbour-gate",
                **told,
            }
        ).encode(),
    )


def send(tenant, *messages, now):
    """Hand messages in; each must be taken."""
    results = handle_signals(tenant=tenant, messages=messages, now=now)
    assert [result.error for result in results if result.error] == []
    return results


def serve(tenant, *, until):
    """Let guards check in for some days, learn that strange faces were fraud, and train on it."""
    guards = [f"g-{n:02d}" for n in range(N_GUARDS)]
    directory.add_places(
        tenant=tenant,
        sites=(),
        people=[Person(tenant=tenant, code=code, name=code) for code in guards],
        devices=[Device(tenant=tenant, code=READER)],
    )
    for day in range(N_DAYS):
        at = until - (N_DAYS + 2 - day) * DAY
        faces = np.random.default_rng([29, day]).uniform(size=N_GUARDS)
        results = send(
            tenant,
            *(
                check_in(f"{day}-{guard}", at=at, face=round(float(face), 4), guard=guard)
                for guard, face in zip(guards, faces, strict=True)
            ),
            now=at,
        )
        record_outcomes(
            tenant=tenant,
            log="fraud",
            requests=[
                OutcomeRequest(
                    prediction_id=result.prediction_id,
                    value=float(face < 0.4),
                    known_at=at + DAY,
                    source="desk",
                    labeller="desk",
                    dedupe_key=str(result.prediction_id),
                )
                for result, face in zip(results, faces, strict=True)
            ],
            now=at + DAY,
        )
    safe_retrain.first_model(tenant=tenant, model_type=FRAUD_DETECTOR, now=until)


@pytest.fixture
def acme(tenant, now):
    """Acme, whose fraud model knows a strange face."""
    serve(tenant, until=now)
    return tenant


def swipe_twice(tenant, now):
    """Let a badge of nobody known come in with a strange face; the broker says it twice."""
    message = badge_in("e1", at=now, face=0.02)
    return [send(tenant, message, now=now)[0] for _ in range(2)]


class TestACheckInOfNobodyKnown:
    """A badge that belongs to nobody known, and a face that the model finds strange."""

    def test_opens_one_ticket_that_says_what_is_known(self, acme, now):
        switch_on(acme, Flag.AUTO_TICKET, now=now)

        first, again = swipe_twice(acme, now)

        assert (first.decision, again.status) == ("auto_ticket", "duplicate")
        ticket, alert = Ticket.objects.get(), AlertEvent.objects.get()
        assert ticket.alert == alert
        assert ticket.tag == "ml_fraud_investigation"
        assert "Person: not known; it is about the device reader-1." in ticket.body
        assert "Site: Harbour-Gate." in ticket.body
        assert (alert.alert_type, alert.severity) == ("ML_FRAUD_PREDICTION", "CRITICAL")
        assert (alert.entity_type, alert.entity_id) == ("device", READER)

    def test_is_added_to_the_ticket_that_is_open_about_the_same_reader(self, acme, now):
        switch_on(acme, Flag.AUTO_TICKET, now=now)
        swipe_twice(acme, now)

        [later] = send(acme, badge_in("e2", at=now + HOUR, face=0.01), now=now + HOUR)

        assert later.decision == "suppressed_duplicate"
        assert {row.prediction_id for row in TicketEvidence.objects.all()} == {later.prediction_id}
        assert AlertEvent.objects.get().occurrences == 2

    def test_raises_one_alert_and_waits_for_a_person_while_automation_is_off(self, acme, now):
        first, _ = swipe_twice(acme, now)

        assert (first.decision, first.reason) == ("human_review", "automation_off")
        alert = AlertEvent.objects.get()
        assert (alert.alert_type, alert.occurrences) == ("ML_FRAUD_PREDICTION", 1)
        item = ReviewItem.objects.get(prediction_id=first.prediction_id)
        for told in (alert.metadata, item.metadata):
            assert told["person"] is None
            assert (told["entity_type"], told["entity_id"]) == ("device", READER)
            assert told["source"] == f"device:{READER}"
        assert alert.metadata["features"]["face_score"] == 0.02
        assert not Ticket.objects.exists()

    def test_has_pages_that_can_be_read(self, acme, now, time_is_now):
        switch_on(acme, Flag.AUTO_TICKET, now=now)
        first, _ = swipe_twice(acme, now)
        lea = browser(member("lea", tenant=acme, role=Role.NOC_LEAD))

        paths = [
            reverse("console:alert", args=["acme", AlertEvent.objects.get().pk]),
            reverse("console:ticket", args=["acme", Ticket.objects.get().pk]),
            reverse("console:prediction", args=["acme", first.prediction_id]),
        ]

        assert [lea.get(path).status_code for path in paths] == [200, 200, 200]

    def test_waits_for_a_person_where_no_model_serves(self, tenant, now):
        directory.add_places(
            tenant=tenant, sites=(), people=(), devices=[Device(tenant=tenant, code=READER)]
        )

        first, again = swipe_twice(tenant, now)

        assert (first.decision, again.status) == ("human_review", "duplicate")
        item = ReviewItem.objects.get()
        assert (item.kind, item.metadata["person"]) == ("cannot_score", None)
        assert FraudPredictionLog.objects.get().person is None


def test_a_person_who_is_known_is_named(acme, now):
    send(acme, check_in("e1", at=now, face=0.02, guard="g-01"), now=now)

    alert = AlertEvent.objects.get()
    assert (alert.alert_type, alert.entity_type) == ("ML_FRAUD_PREDICTION", "guard")
    assert alert.metadata["person"]["code"] == "g-01"


def test_a_prediction_of_fraud_that_was_made_elsewhere_is_told_as_one(acme, now):
    """A team's own fraud model names what it likes."""
    [result] = handle_predictions(
        tenant=acme,
        requests=[
            PredictionRequest(
                event_id="x1",
                source="hr",
                model_type=FRAUD_DETECTOR,
                entity_type="attendance",
                entity_id="A-1",
                occurred_at=now,
                score=0.9,
                model_version="hr-1",
            )
        ],
        now=now,
    )

    assert result.decision == "human_review"
    assert AlertEvent.objects.get().alert_type == "ML_FRAUD_PREDICTION"
