"""A day after a threshold moved: as promised, or not, and then the way back is proposed."""

from datetime import timedelta

import pytest
from cast import acme
from desk import DESK, NOON, fill
from standing import standing

from watchfloor.entrypoints import clock, due_work
from watchfloor.ledger.due import Lease
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import AlertEvent, ThresholdProposal, ThresholdWatch
from watchfloor.workflows import threshold_change, threshold_watch
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

LATER = NOON + timedelta(days=1)


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """A month of a help desk."""
    with standing(django_db_blocker):
        yield fill(acme(now=NOON))
    clock.forget()


@pytest.fixture
def desk(filled, db):
    """The desk whose lead has just moved the review threshold."""
    move(filled, 0.3, 0, NOON)
    return filled


def move(tenant, value, version, now):
    return threshold_change.apply(
        tenant=tenant,
        model_type=DESK,
        key="review_score",
        value=value,
        expected_version=version,
        actor="user:lea",
        reason="two were missed",
        now=now,
    )


def post(tenant, scores):
    requests = [
        PredictionRequest(
            event_id=f"NEW{i:03d}",
            source="itsm",
            model_type=DESK,
            entity_type="incident",
            entity_id=f"NEW{i:03d}",
            occurred_at=NOON + timedelta(minutes=i),
            score=score,
            model_version="v1",
        )
        for i, score in enumerate(scores)
    ]
    handle_predictions(tenant=tenant, requests=requests, now=NOON + timedelta(hours=12))


def check(tenant):
    watch = ThresholdWatch.objects.for_tenant(tenant).latest("pk")
    threshold_watch.check(tenant=tenant, watch_id=watch.pk, now=LATER)
    watch.refresh_from_db()
    return watch


def promised_reviews(tenant):
    simulation = threshold_change.simulate(
        tenant=tenant, model_type=DESK, changes={"review_score": 0.3}, weeks=4, now=NOON
    )
    return simulation.comparison.after.reviews_a_day.value


class TestWatch:
    def test_finds_a_usual_day_as_promised(self, desk):
        post(desk, [0.1] * 12 + [0.5] * 10)

        watch = check(desk)

        reviews = next(each for each in watch.findings if each["figure"] == "reviews_a_day")
        assert watch.state == "kept"
        assert reviews["realised"] == 10
        assert reviews["promised"] == pytest.approx(promised_reviews(desk))
        assert not ThresholdProposal.objects.exists()

    def test_proposes_the_way_back_and_raises_an_alert_after_a_flood(self, desk):
        post(desk, [0.35] * 120)

        watch = check(desk)

        proposal = watch.proposal
        assert watch.state == "broken"
        assert (proposal.proposed_by, proposal.state) == ("system:threshold_watch", "waiting")
        assert "reviews a day 120" in proposal.reason
        alert = AlertEvent.objects.get(alert_type="THRESHOLD_NOT_AS_PROMISED")
        assert alert.metadata["watch_id"] == watch.pk
        assert in_force(desk) == 0.3

    def test_goes_the_way_back_once_a_person_approves_it(self, desk):
        post(desk, [0.35] * 120)
        proposal = check(desk).proposal

        threshold_change.approve(
            tenant=desk, proposal_id=proposal.pk, actor="user:lea", reason="yes", now=LATER
        )

        assert in_force(desk) == 0.4
        assert ThresholdWatch.objects.count() == 1

    def test_says_nothing_of_a_threshold_that_moved_again(self, desk):
        move(desk, 0.35, 1, NOON + timedelta(hours=1))
        first = ThresholdWatch.objects.earliest("pk")

        state = threshold_watch.check(tenant=desk, watch_id=first.pk, now=LATER)

        assert state == "overtaken"

    def test_says_that_nothing_came(self, desk):
        assert check(desk).state == "nothing"

    def test_is_looked_at_once(self, desk):
        post(desk, [0.35] * 120)
        check(desk)

        check(desk)

        assert ThresholdProposal.objects.count() == 1

    def test_is_due_a_day_after_the_move(self, desk):
        lease = Lease(worker="here", real_now=clock.real_now())
        kinds = frozenset({"threshold_watch"})

        early = due_work.run_next(now=LATER - timedelta(minutes=1), lease=lease, kinds=kinds)
        row = due_work.run_next(now=LATER, lease=lease, kinds=kinds)

        assert early is None
        assert row is not None
        assert ThresholdWatch.objects.get().state == "nothing"

    def test_is_not_kept_of_a_limit(self, filled, db):
        threshold_change.apply(
            tenant=filled,
            model_type=DESK,
            key="ticket_cap",
            value=20,
            expected_version=0,
            actor="user:lea",
            reason="a small team",
            now=NOON,
        )

        assert not ThresholdWatch.objects.exists()


def in_force(tenant):
    return thresholds.values_in_force(tenant=tenant, model_type=DESK)["review_score"]
