"""A certified high score becomes one ticket; whatever else is high goes to a person, with why."""

from dataclasses import replace
from datetime import timedelta

import pytest
from certified import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MODEL_TYPE,
    WHO,
    calibrate,
    post,
    request,
    switch_on,
)
from certified import serve as serve_certified
from django.db import IntegrityError, transaction

from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.entrypoints import due_work
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import AuditEntry
from watchfloor.ml.models import PredictionLog
from watchfloor.noc.decision import ticket_caps
from watchfloor.noc.models import AlertEvent, ReviewItem, Ticket, TicketEvidence, TicketStop
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Membership, Site, User
from watchfloor.tenants.roles import Role
from watchfloor.workflows import outcome_feedback, threshold_change, ticket_stops

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def acme(tenant, now):
    """Acme with a certified model and automatic tickets on."""
    serve_certified(tenant, now=now - timedelta(days=1))
    switch_on(tenant, Flag.AUTO_TICKET, now=now - timedelta(days=1))
    return tenant


def turn(tenant, key, value, now):
    """A threshold of the model type is moved, by as much as a test needs."""
    return threshold_change.apply(
        tenant=tenant,
        model_type=MODEL_TYPE,
        key=key,
        value=value,
        expected_version=0,
        actor="system:test",
        reason="test",
        now=now,
    )


def close(ticket, disposition, now):
    return outcome_feedback.resolve_ticket(
        tenant=ticket.tenant,
        ticket_id=ticket.pk,
        disposition=disposition,
        actor=WHO,
        note="",
        now=now,
    )


def decided(results):
    return [(each.decision, each.reason) for each in results]


def do_what_is_due(tenant, now):
    lease = Lease(worker="test", real_now=now)
    due_work.run_until_idle(now=now, lease=lease, tenant=tenant)


class TestATicket:
    def test_says_what_was_predicted_how_surely_and_by_what(self, acme, now):
        [result] = post(acme, request(1, at=now))

        ticket = Ticket.objects.get()
        row = PredictionLog.objects.get(id=result.id)
        assert (result.decision, result.reason) == ("auto_ticket", "certified")
        assert ticket.prediction_id == result.id
        assert (ticket.source, ticket.opened_by) == ("system", "automation")
        assert ticket.tag == "ml_investigation"
        assert "Probability 0.7, HIGH risk, by sla_breach 2026-03." in ticket.body
        assert f"width {row.confidence_interval_width:.3g}" in ticket.body
        assert "at most 10 % of them are false, with 90 % confidence" in ticket.body
        assert row.calibration_hash[:12] in ticket.body
        assert "Site: Harbour-Gate." in ticket.body

    @pytest.mark.parametrize(("score", "priority"), [(HIGH, "HIGH"), (CRITICAL, "CRITICAL")])
    def test_has_the_priority_of_its_risk(self, acme, now, score, priority):
        post(acme, request(1, at=now, score=score))

        assert Ticket.objects.get().priority == priority

    def test_goes_to_who_answers_for_the_site(self, acme, now):
        sites = Site.objects.for_tenant(acme)
        for name, code in (
            ("dana", "harbour-gate"),
            ("emil", "harbour-gate"),
            ("kim", "north-campus"),
        ):
            user = User.objects.create_user(name)
            membership = Membership.objects.create(
                tenant=acme, user=user, role=Role.SITE_SUPERVISOR.value
            )
            membership.sites.add(sites.get(code=code))

        post(acme, request(1, at=now))

        assert Ticket.objects.get().assignee.username == "dana"

    def test_passes_over_who_has_left_and_whom_another_customer_employs(
        self, acme, other_tenant, now
    ):
        gone = User.objects.create_user("gone", is_active=False)
        site = Site.objects.for_tenant(acme).get(code="harbour-gate")
        for user, tenant in ((gone, acme), (User.objects.create_user("eve"), other_tenant)):
            Membership.objects.create(
                tenant=tenant, user=user, role=Role.SITE_SUPERVISOR.value
            ).sites.add(site)

        post(acme, request(1, at=now))

        assert Ticket.objects.get().assignee is None

    def test_needs_high_risk_unless_an_operator_asks_for_less(self, acme, now):
        # Certified at any promise up to a half: the middle of the scores is real every other time.
        turn(acme, "eps_ticket", 0.5, now)
        calibrate(acme, now=now)
        [held] = post(acme, request(1, at=now, score=MEDIUM))
        turn(acme, "ticket_score", 0.4, now)
        turn(acme, "width_limit", 0.3, now)

        [opened] = post(acme, request(2, at=now, score=MEDIUM))

        assert decided([held, opened]) == [
            ("human_review", "below_ticket_score"),
            ("auto_ticket", "certified"),
        ]


class TestARepeat:
    def test_is_added_to_the_open_ticket(self, acme, now):
        [first] = post(acme, request(1, at=now, entity="INC7"))

        again = post(
            acme,
            request(2, at=now + HOUR, entity="INC7"),
            request(3, at=now + HOUR, entity="INC7"),
        )

        ticket = Ticket.objects.get()
        assert ticket.prediction_id == first.id
        assert decided(again) == [("suppressed_duplicate", "duplicate")] * 2
        assert {each.prediction_id for each in ticket.evidence.all()} == {r.id for r in again}

    def test_within_one_batch_opens_one_ticket(self, acme, now):
        results = post(acme, *(request(n, at=now, entity="INC7") for n in (1, 2, 3)))

        assert [each.decision for each in results] == [
            "auto_ticket",
            "suppressed_duplicate",
            "suppressed_duplicate",
        ]
        assert Ticket.objects.count() == 1
        assert TicketEvidence.objects.count() == 2

    def test_is_added_to_a_confirmed_ticket_of_its_window_and_its_alert_fires(self, acme, now):
        post(acme, request(1, at=now, entity="INC7"))
        close(Ticket.objects.get(), Disposition.TRUE_POSITIVE, now + HOUR)
        assert not AlertEvent.objects.exclude(status="resolved").exists()

        [again] = post(acme, request(2, at=now + 2 * HOUR, entity="INC7"))

        assert decided([again]) == [("suppressed_duplicate", "duplicate")]
        assert Ticket.objects.get().evidence.get().prediction_id == again.id
        assert AlertEvent.objects.exclude(status="resolved").get().severity == "HIGH"
        assert not ReviewItem.objects.filter(prediction_id=again.id).exists()

    @pytest.mark.parametrize("disposition", [Disposition.FALSE_POSITIVE, Disposition.INCONCLUSIVE])
    def test_of_what_was_not_confirmed_goes_to_a_person(self, acme, now, disposition):
        post(acme, request(1, at=now, entity="INC7"))
        close(Ticket.objects.get(), disposition, now + HOUR)

        [again] = post(acme, request(2, at=now + 2 * HOUR, entity="INC7"))

        assert decided([again]) == [("human_review", "duplicate_of_closed")]
        assert Ticket.objects.get().evidence.get().prediction_id == again.id
        assert ReviewItem.objects.get(prediction_id=again.id).reason == "duplicate_of_closed"

    def test_in_the_next_window_opens_another_once_the_first_is_closed(self, acme, now):
        post(acme, request(1, at=now, entity="INC7"))
        next_day = now + timedelta(hours=12)
        [while_open] = post(acme, request(2, at=next_day, entity="INC7"))
        close(Ticket.objects.get(), Disposition.FALSE_POSITIVE, next_day)

        [after] = post(acme, request(3, at=next_day + HOUR, entity="INC7"))

        assert while_open.decision == "suppressed_duplicate"
        assert after.decision == "auto_ticket"
        assert Ticket.objects.count() == 2

    def test_window_is_as_long_as_the_operator_says(self, acme, now):
        turn(acme, "dedup_hours", 1, now)
        post(acme, request(1, at=now, entity="INC7"))
        close(Ticket.objects.get(), Disposition.TRUE_POSITIVE, now + HOUR / 2)

        results = post(acme, request(2, at=now + HOUR, entity="INC7"))

        assert decided(results) == [("auto_ticket", "certified")]

    def test_of_a_late_event_belongs_to_the_window_it_happened_in(self, acme, now):
        post(acme, request(1, at=now, entity="INC7"))
        close(Ticket.objects.get(), Disposition.TRUE_POSITIVE, now)

        late = post(acme, request(2, at=now - HOUR, entity="INC7"), after=timedelta(days=2))

        assert decided(late) == [("suppressed_duplicate", "duplicate")]

    @pytest.mark.parametrize("status", ["open", "resolved"])
    def test_the_database_refuses_a_second_ticket_of_one_window(self, acme, now, status):
        post(acme, request(1, at=now, entity="INC7"))
        first = Ticket.objects.get()
        if status == "resolved":
            close(first, Disposition.TRUE_POSITIVE, now)
        twin = Ticket.objects.get()
        twin.pk, twin.number = None, 99

        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)

        assert Ticket.objects.get() == first


class TestTheCapOfASite:
    def test_sends_further_ones_to_people_and_tells_of_it_once(self, acme, now):
        results = post(acme, *(request(n, at=now) for n in range(1, 14)))

        again = post(acme, request(20, at=now + HOUR / 2))

        assert decided(results[:10]) == [("auto_ticket", "certified")] * 10
        assert decided([*results[10:], *again]) == [("human_review", "cap_reached_site")] * 4
        assert AlertEvent.objects.get(alert_type="TICKET_CAP_REACHED").occurrences == 1
        assert TicketStop.objects.get().scope == "harbour-gate"

    def test_leaves_other_sites_alone(self, acme, now):
        elsewhere = replace(request(30, at=now), site="north-campus")

        results = post(acme, *(request(n, at=now) for n in range(1, 12)), elsewhere)

        assert results[-2].reason == "cap_reached_site"
        assert results[-1].decision == "auto_ticket"

    def test_takes_nothing_for_what_is_added_to_a_ticket(self, acme, now):
        post(acme, *(request(n, at=now) for n in range(1, 11)))

        [added] = post(acme, request(20, at=now, entity="INC3"))

        assert added.decision == "suppressed_duplicate"

    def test_ends_an_hour_later_with_its_alert(self, acme, now):
        post(acme, *(request(n, at=now) for n in range(1, 12)))
        later = now + HOUR + timedelta(minutes=1)
        do_what_is_due(acme, later)

        [result] = post(acme, request(20, at=later))

        assert result.decision == "auto_ticket"
        assert AlertEvent.objects.get(alert_type="TICKET_CAP_REACHED").status == "resolved"
        assert TicketStop.objects.get().closed_by == ticket_caps.BY_ITSELF

    def test_met_again_in_a_later_hour_is_told_of_again(self, acme, now):
        post(acme, *(request(n, at=now) for n in range(1, 12)))
        post(acme, *(request(n, at=now + 2 * HOUR) for n in range(20, 31)))

        assert AlertEvent.objects.filter(alert_type="TICKET_CAP_REACHED").count() == 2
        assert TicketStop.objects.filter(closed_at=None).count() == 1

    def test_does_not_bind_what_has_no_site(self, acme, now):
        results = post(acme, *(replace(request(n, at=now), site=None) for n in range(1, 13)))

        assert {each.decision for each in results} == {"auto_ticket"}


class TestTheCapOfADay:
    def test_holds_until_local_midnight(self, acme, now):
        turn(acme, "ticket_cap", 2, now)
        turn(acme, "breaker_cap", 100, now)
        first = post(acme, *(request(n, at=now) for n in (1, 2, 3)))
        later = post(acme, request(4, at=now + 11 * HOUR))

        next_day = post(acme, request(5, at=now + 13 * HOUR))

        assert [each.reason for each in (*first, *later)] == ["certified"] * 2 + ["cap_reached"] * 2
        assert next_day[0].decision == "auto_ticket"
        assert TicketStop.objects.get().kind == "day_cap"
        assert AlertEvent.objects.get(alert_type="TICKET_CAP_REACHED").entity_id == MODEL_TYPE


class TestTheBreaker:
    @pytest.fixture
    def open_breaker(self, acme, now):
        """Three tickets an hour are allowed, and a fourth was asked for."""
        turn(acme, "breaker_cap", 3, now)
        post(acme, *(request(n, at=now) for n in (1, 2, 3, 4)))
        return TicketStop.objects.get(kind="breaker")

    def test_opens_with_one_alert_and_people_see_the_rest(self, acme, open_breaker, now):
        results = post(acme, request(5, at=now + HOUR / 4), request(6, at=now + HOUR / 4))

        assert decided(results) == [("human_review", "breaker_open")] * 2
        assert AlertEvent.objects.get(alert_type="TICKET_BREAKER_OPEN").severity == "HIGH"
        assert Ticket.objects.count() == 3

    def test_stays_silent_when_the_alert_is_resolved_while_it_is_open(
        self, acme, open_breaker, now
    ):
        AlertEvent.objects.filter(alert_type="TICKET_BREAKER_OPEN").update(status="resolved")

        post(acme, request(5, at=now + HOUR / 4))

        assert AlertEvent.objects.filter(alert_type="TICKET_BREAKER_OPEN").count() == 1

    def test_stops_every_model_of_the_tenant_and_no_other_tenant(
        self, acme, open_breaker, other_tenant, now
    ):
        serve_certified(other_tenant, now=now)
        switch_on(other_tenant, Flag.AUTO_TICKET, now=now)

        [elsewhere] = post(other_tenant, replace(request(5, at=now), site=None))

        assert elsewhere.decision == "auto_ticket"
        room = ticket_caps.room_of(
            tenant=acme,
            model_type="another",
            values={"breaker_cap": 40, "ticket_cap": 50, "site_ticket_cap": 10},
            now=now,
        )
        assert room.breaker_is_open

    def test_closes_by_itself_an_hour_later(self, acme, open_breaker, now):
        later = now + HOUR + timedelta(seconds=1)
        do_what_is_due(acme, later)

        [result] = post(acme, request(5, at=later))

        assert result.decision == "auto_ticket"
        assert AlertEvent.objects.get(alert_type="TICKET_BREAKER_OPEN").status == "resolved"
        assert ticket_caps.open_stops(tenant=acme, now=later) == []

    def test_is_closed_for_deciding_even_if_nobody_swept_it_up(self, acme, open_breaker, now):
        [result] = post(acme, request(5, at=now + HOUR + timedelta(seconds=1)))

        assert result.decision == "auto_ticket"

    def test_is_closed_early_by_a_person_and_counts_anew(self, acme, open_breaker, now):
        later = now + HOUR / 4
        ticket_stops.close_breaker(tenant=acme, actor=WHO, reason="A real storm.", now=later)

        results = post(acme, *(request(n, at=later + HOUR / 12) for n in (5, 6, 7, 8)))

        assert [each.reason for each in results] == ["certified"] * 3 + ["breaker_open"]
        entry = AuditEntry.objects.get(action="breaker.closed")
        assert (entry.actor, entry.reason) == (WHO, "A real storm.")
        assert AlertEvent.objects.filter(alert_type="TICKET_BREAKER_OPEN").count() == 2

    def test_cannot_be_closed_twice_or_without_a_reason(self, acme, open_breaker, now):
        with pytest.raises(InvalidInput, match="reason"):
            ticket_stops.close_breaker(tenant=acme, actor=WHO, reason=" ", now=now)
        ticket_stops.close_breaker(tenant=acme, actor=WHO, reason="Seen.", now=now)

        with pytest.raises(NotReady, match="closed already"):
            ticket_stops.close_breaker(tenant=acme, actor=WHO, reason="Seen.", now=now)

    def test_the_end_of_a_stop_that_was_closed_early_changes_nothing(self, acme, open_breaker, now):
        ticket_stops.close_breaker(tenant=acme, actor=WHO, reason="Seen.", now=now)

        do_what_is_due(acme, now + 2 * HOUR)

        assert TicketStop.objects.get().closed_by == WHO

    def test_cap_of_zero_opens_nothing(self, acme, now):
        turn(acme, "breaker_cap", 0, now)

        [result] = post(acme, request(1, at=now))

        assert (result.decision, result.reason) == ("human_review", "breaker_open")


class TestWhatIsNotCertified:
    def test_raises_an_alert_and_waits_for_a_person_with_everything_known(self, acme, now):
        turn(acme, "ticket_score", 0.8, now)

        [result] = post(acme, request(1, at=now))

        alert = AlertEvent.objects.get()
        item = ReviewItem.objects.get(prediction_id=result.id)
        assert result.reason == "below_ticket_score"
        assert (alert.alert_type, alert.severity) == ("ML_PREDICTION", "HIGH")
        for told in (alert.metadata, item.metadata):
            assert told["model_version"] == "2026-03"
            assert told["score"] == HIGH
            assert told["risk"] == "HIGH"
            assert told["reason"] == "below_ticket_score"
            # 150 known outcomes at this score, and each was real.
            assert told["lower"] < told["upper"] == 1.0
            assert told["width"] == pytest.approx(told["upper"] - told["lower"])
        assert alert.metadata["features"] == {"priority": 2}
        assert alert.metadata["shares"] == []

    def test_below_high_risk_raises_no_alert(self, acme, now):
        [result] = post(acme, request(1, at=now, score=MEDIUM))

        assert result.decision == "human_review"
        assert not AlertEvent.objects.exists()


class TestTheRecord:
    def test_holds_what_the_decision_was_taken_with(self, acme, now):
        [high, low] = post(acme, request(1, at=now), request(2, at=now, score=LOW))

        row = PredictionLog.objects.get(id=high.id)
        assert row.ticket_threshold == HIGH
        assert row.ticket_score == 0.6
        assert row.clear_threshold == LOW
        assert (row.eps_ticket, row.eps_clear, row.delta) == (0.1, 0.01, 0.1)
        assert row.beta_clear == 0.05
        assert row.calibration_n == 1_200
        assert len(row.calibration_hash) == 64
        assert row.interval_kind == "prob_bin"
        assert row.failing_clause == ""
        assert PredictionLog.objects.get(id=low.id).failing_clause == "automation_off"

    def test_names_the_clause_that_stood_in_the_way(self, acme, now):
        turn(acme, "ticket_score", 0.8, now)

        [result] = post(acme, request(1, at=now))

        row = PredictionLog.objects.get(id=result.id)
        assert (row.reason, row.failing_clause) == ("below_ticket_score", "below_ticket_score")
        assert row.ticket_threshold == 0.8

    def test_names_the_interval_by_which_the_probability_is_known(self, acme, now):
        # 150 outcomes, all real: the bin's interval is 0.024 wide, the pair lies closer together.
        turn(acme, "width_limit", 0.02, now)

        [result] = post(acme, request(1, at=now))

        assert result.decision == "auto_ticket"
        assert PredictionLog.objects.get(id=result.id).interval_kind == "venn_abers"


class TestAStricterPromise:
    @pytest.mark.parametrize(("key", "value"), [("eps_ticket", 0.05), ("delta", 0.01)])
    def test_is_not_served_by_the_certificate_of_a_looser_one(self, acme, now, key, value):
        [before] = post(acme, request(1, at=now))
        turn(acme, key, value, now)

        [after] = post(acme, request(2, at=now))
        calibrate(acme, now=now)
        [recertified] = post(acme, request(3, at=now))

        assert [each.reason for each in (before, after, recertified)] == [
            "certified",
            "certificate_looser",
            "certified",
        ]
        row = PredictionLog.objects.get(id=after.id)
        assert getattr(row, key) == value
        assert row.ticket_threshold is None

    def test_holds_for_clearing_too(self, acme, now):
        switch_on(acme, Flag.AUTO_CLEAR, now=now)
        [before] = post(acme, request(1, at=now, score=LOW))
        turn(acme, "eps_clear", 0.005, now)

        [after] = post(acme, request(2, at=now, score=LOW))

        assert [before.decision, after.decision] == ["auto_clear", "log_only"]
        assert PredictionLog.objects.get(id=after.id).failing_clause == "certificate_looser"

    def test_about_all_events_stops_clearing_too(self, acme, now):
        switch_on(acme, Flag.AUTO_CLEAR, now=now)
        turn(acme, "beta_clear", 0.01, now)

        [after] = post(acme, request(2, at=now, score=LOW))

        assert after.decision == "log_only"
        assert PredictionLog.objects.get(id=after.id).failing_clause == "certificate_looser"

    def test_taken_back_leaves_the_certificate_in_force(self, acme, now):
        entry = turn(acme, "eps_ticket", 0.05, now)
        threshold_change.take_back(
            tenant=acme, entry_id=entry.pk, actor=WHO, reason="too strict", now=now
        )

        [result] = post(acme, request(1, at=now))

        assert result.reason == "certified"

    def test_looser_one_is_kept_by_a_stricter_certificate(self, acme, now):
        turn(acme, "eps_ticket", 0.2, now)

        [result] = post(acme, request(1, at=now))

        assert result.reason == "certified"
