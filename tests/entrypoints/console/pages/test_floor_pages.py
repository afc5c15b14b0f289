"""The floor's pages: what they show, how they act without a script, what they say when empty."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from entrypoints.console.pages.world import deeds, ids_of

from watchfloor.entrypoints import clock
from watchfloor.ledger.clock import set_clock
from watchfloor.ml.inference import serving
from watchfloor.ml.models import OutcomeRecord, PredictionLog
from watchfloor.noc.models import AlertEvent, ReviewItem, Ticket
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.roles import Role
from watchfloor.workflows import outcome_feedback, prediction_intake


@pytest.fixture
def olga(sign_in):
    """An operator of Acme."""
    return sign_in(Role.NOC_OPERATOR)


@pytest.fixture
def lea_of_borealis(world, sign_in):
    """The lead of a customer to whom nothing has happened yet."""
    return sign_in(Role.NOC_LEAD, tenant=world.borealis, sites=())


def words(response) -> str:
    return response.content.decode()


class TestWall:
    def test_shows_five_numbers_each_with_its_n_or_promise(self, olga):
        kpis = olga.get("/t/acme/").context["kpis"]

        told = {kpi.key: (kpi.value, kpi.note) for kpi in kpis}
        open_critical = AlertEvent.objects.filter(severity="CRITICAL").exclude(status="resolved")
        assert told["critical"][0] == str(open_critical.count())
        assert told["review"][0] == str(ReviewItem.objects.filter(state="waiting").count())
        assert "n = " in told["automatic"][1]
        assert told["false"][1].startswith("promised ≤ 20")
        assert "n = 12" in told["false"][1]
        assert "band" in told["coverage"][1]

    def test_counts_what_was_handled_without_a_person_today(self, world, olga):
        today = PredictionLog.objects.filter(local_day=world.now.date())
        automated = today.filter(decision__in=["auto_ticket", "auto_clear"]).count()

        kpis = {kpi.key: kpi.value for kpi in olga.get("/t/acme/").context["kpis"]}

        # One check-in was predicted beside them, without a model.
        share = 100 * automated / (today.count() + 1)
        assert kpis["automatic"].replace("\u00a0", " ") == f"{share:.1f} %"

    def test_streams_the_last_fifty_of_every_log_newest_first(self, olga):
        rows = olga.get("/t/acme/").context["rows"]

        assert len(rows) == 50
        assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
        assert {row.detail.split(", ")[1] for row in rows} == {
            "sla breach",
            "lift outage",
            "fraud detector",
        }

    def test_gives_each_row_its_mark_its_decision_and_a_sentence(self, olga):
        html = words(olga.get("/t/acme/"))

        assert "Every condition for an automatic ticket held." in html
        assert "unknown: no model yet" in html
        assert 'aria-label="score 0.9' in html

    def test_answers_only_what_was_decided_since(self, world, olga):
        rows = olga.get("/t/acme/").context["rows"]
        later = world.now + timedelta(minutes=1)
        request = prediction_intake.PredictionRequest(
            event_id="late",
            source="itsm",
            model_type="sla_breach",
            entity_type="incident",
            entity_id="LATE",
            # It happened long ago: what is new is the decision.
            occurred_at=world.now - timedelta(minutes=50),
            score=0.97,
            model_version="2026-02",
        )
        prediction_intake.handle_predictions(tenant=world.acme, requests=[request], now=later)

        answer = olga.get("/t/acme/stream/", {"after": rows[0].cursor})

        shown = [row.title for row in answer.context["rows"]]
        assert "LATE" in shown
        assert len(shown) < 20

    @pytest.mark.parametrize("after", ["", "yesterday", "2026-13-01T00:00:00Z", "9" * 400])
    def test_answers_all_to_a_cursor_it_does_not_know(self, olga, after):
        assert len(olga.get("/t/acme/stream/", {"after": after}).context["rows"]) == 50

    def test_says_that_nothing_came_yet_and_what_to_do(self, lea_of_borealis):
        response = lea_of_borealis.get("/t/borealis/")

        assert response.context["empty"].title == "Nothing has been predicted yet"
        told = {kpi.key: kpi.value for kpi in response.context["kpis"]}
        assert told["automatic"] == told["coverage"] == "unknown"

    def test_says_how_watchfloor_itself_is(self, olga):
        signs = {sign.label: sign.word for sign in olga.get("/t/acme/").context["signs"]}

        assert signs == {
            "Edge": "well",
            "Models": "well",
            "Planned work": "look",
            "Live updates": "well",
        }

    def test_says_that_the_edge_has_fallen_silent(self, world, olga):
        set_clock(virtual_now=world.now + timedelta(hours=3), speed=0, real_now=clock.real_now())
        clock.forget()

        edge = olga.get("/t/acme/pulse/").context["signs"][0]

        assert (edge.word, edge.words) == ("look", "last heard 3\u00a0h ago")


class TestAlerts:
    def test_lists_open_ones_newest_first(self, olga):
        alerts = olga.get("/t/acme/alerts/").context["alerts"]

        keys = [alert["row"].pk for alert in alerts]
        assert keys == sorted(keys, reverse=True)
        assert {alert["row"].status for alert in alerts} == {"firing", "acknowledged"}

    def test_narrows_to_a_severity_and_clears_it_again(self, olga):
        page = olga.get("/t/acme/alerts/?status=open&severity=INFO")

        assert page.context["alerts"] == []
        assert page.context["empty"].href == "?status=open"

    def test_turns_pages_by_their_neighbours(self, olga):
        first = olga.get("/t/acme/alerts/?status=all")
        second = olga.get("/t/acme/alerts/" + first.context["pager"].older_href)
        back = olga.get("/t/acme/alerts/" + second.context["pager"].newer_href)

        def keys(response):
            return [alert["row"].pk for alert in response.context["alerts"]]

        assert len(keys(first)) == 50
        assert max(keys(second)) < min(keys(first))
        assert keys(back) == keys(first)
        assert first.context["pager"].newer_href == ""

    @pytest.mark.parametrize("place", ["after=x", "after=-1", f"before={'9' * 30}", "after="])
    def test_stands_at_the_newest_end_for_a_place_that_is_none(self, olga, place):
        assert len(olga.get(f"/t/acme/alerts/?status=all&{place}").context["alerts"]) == 50

    def test_marks_one_as_seen_and_comes_back_to_the_same_list(self, world, olga):
        alert = AlertEvent.objects.filter(status="firing").order_by("-pk")[0]
        path = "/t/acme/alerts/?status=firing"

        response = olga.post(path, {"acknowledge": alert.pk}, follow=True)

        assert response.redirect_chain == [(path, 302)]
        assert "1 alert is marked as seen." in words(response)
        alert.refresh_from_db()
        assert (alert.status, alert.acknowledged_by[:5]) == ("acknowledged", "user:")
        assert deeds(world.acme)[-1] == "alert.acknowledged"

    def test_ends_the_ticked_ones_at_once(self, olga):
        ticked = [a.pk for a in AlertEvent.objects.filter(status="firing")[:3]]

        response = olga.post("/t/acme/alerts/", {"resolve": "", "alert": ticked}, follow=True)

        assert "3 alerts are over." in words(response)
        assert set(AlertEvent.objects.filter(pk__in=ticked).values_list("status", flat=True)) == {
            "resolved"
        }

    def test_says_who_was_first(self, olga):
        alert = AlertEvent.objects.filter(status="resolved")[0]

        response = olga.post("/t/acme/alerts/", {"resolve": alert.pk}, follow=True)

        assert "Somebody was first" in words(response)

    def test_says_that_nothing_was_ticked(self, olga):
        response = olga.post("/t/acme/alerts/", {"acknowledge": ""}, follow=True)

        assert "No alert was ticked" in words(response)

    def test_shows_an_auditor_no_button_and_takes_none_of_his(self, world, sign_in):
        auditor = sign_in(Role.AUDITOR)
        alert_id = ids_of(world)["alert_id"]

        page = words(auditor.get("/t/acme/alerts/"))
        response = auditor.post("/t/acme/alerts/", {"resolve": alert_id})

        assert 'name="resolve"' not in page
        assert response.status_code == 403

    def test_keeps_a_row_that_was_ended_while_the_page_was_open(self, world, olga):
        page = olga.get("/t/acme/alerts/")
        shown = {alert["row"].pk for alert in page.context["alerts"]}
        ended = page.context["alerts"][4]["row"].pk
        olga.post("/t/acme/alerts/", {"resolve": ended})

        rows = olga.get(page.context["rows_path"]).context["alerts"]

        # Nothing that the page did not show may come: it would land on top as if it were new.
        assert {alert["row"].pk for alert in rows} == shown
        assert [a["is_open"] for a in rows if a["row"].pk == ended] == [False]

    def test_leads_from_an_alert_to_what_raised_it(self, world, olga):
        ids = ids_of(world)

        page = words(olga.get(f"/t/acme/alerts/{ids['alert_id']}/"))

        assert f"/t/acme/predictions/{ids['prediction_id']}/" in page
        assert f"/t/acme/tickets/{ids['ticket_id']}/" in page


class TestTickets:
    def test_lists_open_ones_with_their_scores(self, olga):
        tickets = olga.get("/t/acme/tickets/").context["tickets"]

        assert tickets
        assert all(t["drawn"].score is not None and t["drawn"].band95 for t in tickets)

    def test_shows_what_a_ticket_rests_on(self, world, olga):
        page = words(olga.get(f"/t/acme/tickets/{ids_of(world)['ticket_id']}/"))

        assert 'class="score-scale"' in page
        for level in ("90", "95", "99"):
            assert f"{level}\u00a0%</th>" in page
        assert "past cases with such a score" in page
        assert "open tickets" in page  # a feature as it was served
        assert "Tickets from" in page
        assert "20.0\u00a0% false tickets, 1.00\u00a0% events among the cleared" in page
        assert "at most 20 % of the tickets are false, with 90 % confidence" in page
        assert "the outcomes of its score bin" in page

    def test_says_what_a_ticket_says_and_who_is_to_work_on_it(self, world, olga):
        page = words(olga.get(f"/t/acme/tickets/{ids_of(world)['ticket_id']}/"))

        assert "Probability 0.9" in page
        assert "CRITICAL risk, by sla_breach 2026-02." in page
        assert "<code>ml_investigation</code>" in page
        assert "<dt>Assignee</dt><dd>nobody</dd>" in page

    def test_is_closed_with_what_was_found(self, world, olga):
        ticket = Ticket.objects.get(pk=ids_of(world)["ticket_id"])

        response = olga.post(
            f"/t/acme/tickets/{ticket.pk}/",
            {"disposition": "false_positive", "note": "A test of the line."},
            follow=True,
        )

        assert f"Ticket {ticket.number} is closed." in words(response)
        ticket.refresh_from_db()
        assert (ticket.disposition, ticket.note) == ("false_positive", "A test of the line.")
        told = OutcomeRecord.objects.get(prediction_id=ticket.prediction_id, is_current=True)
        assert (told.value, told.source) == (0.0, "ticket")

    def test_is_not_closed_without_saying_what_was_found_and_keeps_the_note(self, world, olga):
        path = f"/t/acme/tickets/{ids_of(world)['ticket_id']}/"

        response = olga.post(path, {"note": "Waited for <b>parts</b>."})

        assert response.status_code == 422
        assert "Say what was found" in words(response)
        assert "Waited for &lt;b&gt;parts&lt;/b&gt;." in words(response)
        assert Ticket.objects.get(pk=ids_of(world)["ticket_id"]).status == "open"

    def test_tells_who_comes_second(self, world, olga):
        ticket = Ticket.objects.get(pk=ids_of(world)["ticket_id"])
        outcome_feedback.resolve_ticket(
            tenant=world.acme,
            ticket_id=ticket.pk,
            disposition=Disposition.TRUE_POSITIVE,
            actor="user:99",
            note="",
            now=world.now,
        )

        response = olga.post(
            f"/t/acme/tickets/{ticket.pk}/", {"disposition": "false_positive"}, follow=True
        )

        assert f"Somebody closed ticket {ticket.number} first." in words(response)
        ticket.refresh_from_db()
        assert ticket.disposition == "true_positive"

    def test_that_is_closed_says_by_whom_and_what(self, olga):
        ticket = Ticket.objects.filter(note__startswith="Waited")[0]

        page = words(olga.get(f"/t/acme/tickets/{ticket.pk}/"))

        assert "Waited a day for a spare part." in page
        assert '<form method="post" class="stack">' not in page

    def test_is_read_and_not_closed_by_an_auditor(self, world, sign_in):
        auditor = sign_in(Role.AUDITOR)
        path = f"/t/acme/tickets/{ids_of(world)['ticket_id']}/"

        page = words(auditor.get(path))
        response = auditor.post(path, {"disposition": "true_positive"})

        assert "Your role reads tickets" in page
        assert response.status_code == 403

    def test_of_a_ticket_that_nobody_has_is_404(self, olga):
        response = olga.get("/t/acme/tickets/999999/")

        assert response.status_code == 404
        assert "Nothing of that name is here" in words(response)

    def test_says_what_to_do_when_none_is_open(self, lea_of_borealis):
        empty = lea_of_borealis.get("/t/borealis/tickets/").context["empty"]

        assert (empty.title, empty.href) == ("No open ticket", "/t/borealis/review/")


class TestReview:
    def test_begins_with_what_has_waited_longest(self, olga):
        oldest = ReviewItem.objects.filter(state="waiting").order_by("created_at", "pk")[0]

        response = olga.get("/t/acme/review/")

        assert response["Location"] == f"/t/acme/review/{oldest.pk}/"

    @pytest.mark.parametrize(
        ("disposition", "value"),
        [("true_positive", 1.0), ("false_positive", 0.0), ("inconclusive", None)],
    )
    def test_takes_a_verdict_and_goes_on_to_the_next(self, world, olga, disposition, value):
        item = ReviewItem.objects.get(pk=ids_of(world)["item_id"])

        response = olga.post(
            f"/t/acme/review/{item.pk}/", {"disposition": disposition}, follow=True
        )

        assert response.redirect_chain[-1][0] != f"/t/acme/review/{item.pk}/"
        item.refresh_from_db()
        assert (item.state, item.disposition) == ("done", disposition)
        told = OutcomeRecord.objects.filter(prediction_id=item.prediction_id, source="review")
        assert [record.value for record in told] == ([] if value is None else [value])

    def test_takes_no_verdict_that_is_none(self, world, olga):
        path = f"/t/acme/review/{ids_of(world)['item_id']}/"

        response = olga.post(path, {"disposition": "maybe"}, follow=True)

        assert "Choose one of the three verdicts" in words(response)
        assert ReviewItem.objects.get(pk=ids_of(world)["item_id"]).state == "waiting"

    def test_keeps_the_verdict_of_who_was_first(self, world, olga):
        item = ReviewItem.objects.get(pk=ids_of(world)["item_id"])
        outcome_feedback.record_disposition(
            tenant=world.acme,
            item_id=item.pk,
            disposition=Disposition.TRUE_POSITIVE,
            actor="user:99",
            now=world.now,
        )

        response = olga.post(
            f"/t/acme/review/{item.pk}/", {"disposition": "false_positive"}, follow=True
        )

        assert "first; theirs is kept." in words(response)
        item.refresh_from_db()
        assert item.disposition == "true_positive"

    def test_tells_the_open_page_that_somebody_was_first(self, world, olga):
        item_id = ids_of(world)["item_id"]
        outcome_feedback.record_disposition(
            tenant=world.acme,
            item_id=item_id,
            disposition=Disposition.TRUE_POSITIVE,
            actor="system:story",
            now=world.now,
        )

        page = words(olga.get(f"/t/acme/review/{item_id}/queue/"))

        assert "story gave a verdict on this one meanwhile." in page

    def test_leads_past_an_item_without_a_verdict(self, world, olga):
        item_id = ids_of(world)["item_id"]

        following = olga.get(f"/t/acme/review/{item_id}/").context["next_href"]

        behind = ReviewItem.objects.filter(state="waiting").order_by("created_at", "pk")[1]
        assert following == f"/t/acme/review/{behind.pk}/"
        assert ReviewItem.objects.get(pk=item_id).state == "waiting"

    def test_shows_what_spoke_for_a_score_that_was_made_here(self, world, olga):
        item = ReviewItem.objects.filter(model_type="lift_outage", state="waiting")[0]

        page = olga.get(f"/t/acme/review/{item.pk}/")

        bars = page.context["evidence"].bars
        assert "vibration" in bars[0].words
        assert "What moved the score" in words(page)

    def test_shows_what_could_not_be_scored_as_unknown_and_never_as_zero(self, olga):
        item = ReviewItem.objects.filter(model_type="fraud_detector")[0]

        page = words(olga.get(f"/t/acme/review/{item.pk}/"))

        assert "unknown: no model yet" in page
        assert "only a person can tell" in page

    def test_says_that_the_queue_is_empty_and_what_was_done(self, lea_of_borealis):
        empty = lea_of_borealis.get("/t/borealis/review/").context["empty"]

        assert empty.title == "Queue is empty"
        assert empty.words == "Nothing was reviewed in the last 24 h."


class TestPrediction:
    def test_tells_its_story_and_what_was_said_about_the_same_before(self, world, olga):
        item = ReviewItem.objects.filter(model_type="lift_outage", state="waiting")[0]

        evidence = olga.get(f"/t/acme/predictions/{item.prediction_id}/").context["evidence"]

        assert [entry.words for entry in evidence.story][-1] == "The event happened"
        assert evidence.earlier
        assert {case.outcome for case in evidence.earlier} <= {
            "confirmed",
            "not confirmed",
            "not known yet",
        }

    @pytest.mark.parametrize("page", ["predictions", "review", "tickets"])
    def test_shows_bands_and_pair_of_its_score_wherever_it_is_shown(self, world, olga, page):
        ticket = Ticket.objects.filter(model_type="sla_breach", status="open").latest("pk")
        item = ReviewItem.objects.filter(model_type="sla_breach", state="waiting").latest("pk")
        of_item = page == "review"
        prediction = PredictionLog.objects.get(
            pk=item.prediction_id if of_item else ticket.prediction_id
        )
        key = {"predictions": prediction.pk, "review": item.pk, "tickets": ticket.pk}[page]

        evidence = olga.get(f"/t/acme/{page}/{key}/").context["evidence"]

        calibration = serving.calibration_of(tenant=world.acme, sha256=prediction.calibration_hash)
        known = calibration.interval(prediction.score)
        assert evidence.drawn.band95 == (known.lower, known.upper)
        assert evidence.drawn.pair == calibration.pair(prediction.score)
        assert [name for name, *_ in evidence.intervals][-1] == "Venn-Abers pair"


class TestGrowth:
    """A page asks as often for many rows as for few."""

    @pytest.mark.parametrize(
        ("path", "ceiling"),
        [
            ("/t/acme/", 60),
            ("/t/acme/stream/", 15),
            ("/t/acme/numbers/", 30),
            ("/t/acme/alerts/?status=all", 18),
            ("/t/acme/alerts/rows/", 10),
            ("/t/acme/tickets/?status=all", 18),
            ("/t/acme/review/", 10),
        ],
    )
    def test_asks_the_database_a_bounded_number_of_times(
        self, olga, path, ceiling, django_assert_max_num_queries
    ):
        olga.get(path)

        with django_assert_max_num_queries(ceiling):
            olga.get(path)

    @pytest.mark.parametrize("name", ["", "alerts/?status=all", "tickets/?status=all"])
    def test_does_not_ask_more_often_for_more_rows(
        self, world, sign_in, name, django_assert_num_queries
    ):
        lea = sign_in(Role.NOC_LEAD, tenant=world.borealis, sites=())
        path = f"/t/borealis/{name}"
        _predict(world, 3)
        lea.get(path)
        # Both requests begin with reading the clock row, and neither reads it twice.
        clock.forget()
        with CaptureQueriesContext(connection) as few:
            lea.get(path)

        _predict(world, 30)

        clock.forget()
        with django_assert_num_queries(len(few)):
            lea.get(path)


def _predict(world, n: int) -> None:
    prediction_intake.handle_predictions(
        tenant=world.borealis,
        requests=[
            prediction_intake.PredictionRequest(
                event_id=f"B{n}-{i}",
                source="itsm",
                model_type="sla_breach",
                entity_type="incident",
                entity_id=f"B{n}-{i}",
                occurred_at=world.now,
                score=0.9,
                model_version="1",
            )
            for i in range(n)
        ],
        now=world.now,
    )
