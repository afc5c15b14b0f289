"""The thresholds page: tried by a form, told with its intervals, applied by one of two, undone."""

import pytest
from cast import acme, borealis
from desk import DESK, NOON, fill
from django.utils.html import escape
from entrypoints.console.pages.world import World
from standing import standing

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import what_if_words
from watchfloor.ledger.clock import set_clock
from watchfloor.noc.decision import replays, thresholds
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.tenants.roles import Role
from watchfloor.workflows import threshold_change

PATH = f"/t/acme/models/{DESK}/thresholds/"


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """A month of one help desk: less of a world than the other pages have, and sooner made."""
    with standing(django_db_blocker):
        set_clock(virtual_now=NOON, speed=0, real_now=clock.real_now())
        yield World(fill(acme(now=NOON)), borealis(now=NOON), NOON)
    clock.forget()


@pytest.fixture
def lea(sign_in):
    """A shift lead of Acme, who may move thresholds."""
    return sign_in(Role.NOC_LEAD)


def text_of(response):
    return response.content.decode().replace("\u00a0", " ")


def simulated(world, **changes):
    return threshold_change.simulate(
        tenant=world.acme, model_type=DESK, changes=changes, weeks=4, now=world.now
    )


def in_force(world):
    return thresholds.values_in_force(tenant=world.acme, model_type=DESK)


def form_of(client, **changes):
    """Return what the apply form of the page would send."""
    page = client.get(PATH, changes)
    told = dict(page.context["proposed"])
    return {**told, **{f"version_{key}": version for key, version in page.context["versions"]}}


class TestPage:
    def test_shows_every_figure_of_today_beside_proposed(self, world, lea):
        found = simulated(world, review_score=0.2).comparison

        response = lea.get(PATH, {"review_score": "0.2"})

        rows = response.context["rows"]
        assert rows == what_if_words.rows_of(found, response_costs(response))
        text = text_of(response)
        assert all(escape(row.after.detail).replace("\u00a0", " ") in text for row in rows)

    def test_says_what_is_promised_or_why_nothing_is(self, world, lea):
        response = lea.get(PATH)

        promise = simulated(world).promise
        assert response.context["promise"] == promise
        assert ("note guarantee" in text_of(response)) == promise.is_kept

    def test_draws_scores_curves_cost_and_work_with_tables_behind_them(self, lea):
        text = text_of(lea.get(PATH, {"ticket_score": "0.75"}))

        assert text.count('<figure class="figure line-plot">') == 4
        assert text.count('<figure class="figure histogram">') == 1
        assert text.count("Show as table") == 5
        assert 'data-handle="ticket_score"' in text

    def test_leads_to_the_cases_between_today_and_proposed(self, world, lea):
        rows = lea.get(PATH, {"review_score": "0.2"}).context["affected"]

        assert rows
        # Written with two digits, so that 0.399 is read as 0.40.
        assert all(0.2 <= float(row["score"]) <= 0.4 for row in rows)
        assert lea.get(rows[0]["href"]).status_code == 200

    def test_keeps_what_was_typed_and_says_what_does_not_fit(self, lea):
        response = lea.get(PATH, {"review_score": "1.5", "ticket_score": "0.7"})

        assert response.status_code == 422
        assert 'value="1.5"' in text_of(response)
        assert dict(response.context["proposed"])["ticket_score"] == "0.7"

    def test_of_a_model_without_predictions_says_so(self, world, lea):
        response = lea.get("/t/acme/models/nothing/thresholds/")

        assert response.status_code == 404

    def test_offers_nothing_to_apply_to_who_may_only_look(self, sign_in):
        text = text_of(sign_in(Role.AUDITOR).get(PATH))

        assert "Apply what is proposed" not in text
        assert "Try it" in text

    def test_suggests_thresholds_that_lead_to_themselves(self, lea):
        found = lea.get(PATH).context["suggestions"]

        hrefs = [each["href"] for each in found if "href" in each]
        assert len(found) == 3
        assert hrefs
        assert all(lea.get(PATH + href).status_code == 200 for href in hrefs)


class TestExact:
    def test_replays_every_prediction_with_its_reason(self, lea):
        exact = lea.get(PATH, {"review_score": "0.2", "exact": "yes"}).context["exact"]

        today, proposed = (
            sum(int(row[k].replace("\u202f", "").replace(",", "")) for row in exact["rows"])
            for k in (1, 2)
        )
        assert today == proposed == exact["n"] > 0

    def test_says_why_not_where_there_is_too_much(self, lea, monkeypatch):
        monkeypatch.setattr(replays, "MOST_ROWS", 10)

        response = lea.get(PATH, {"exact": "yes"})

        assert "choose fewer weeks" in text_of(response)


class TestAnswer:
    def test_is_the_part_that_moves_and_nothing_else(self, lea):
        response = lea.get(f"{PATH}answer/", {"review_score": "0.3", "ticket_score": "0.8"})

        text = text_of(response)
        assert response.status_code == 200
        assert "<html" not in text
        assert 'form="apply" name="review_score" value="0.3"' in text

    def test_costs_a_handful_of_queries_whatever_is_asked(self, lea, django_assert_max_num_queries):
        lea.get(f"{PATH}answer/")

        with django_assert_max_num_queries(30):
            lea.get(f"{PATH}answer/", {"review_score": "0.1", "weeks": "52"})


class TestApply:
    def test_moves_what_differs_with_its_reason_and_its_simulation(self, world, lea):
        told = form_of(lea, review_score="0.3") | {"reason": "two were missed"}

        response = lea.post(f"{PATH}apply/", told)

        assert response.status_code == 302
        assert in_force(world)["review_score"] == 0.3
        newest = ThresholdAuditLog.objects.for_tenant(world.acme).latest("seq")
        assert (newest.key, newest.change_reason) == ("review_score", "two were missed")
        assert newest.simulation["snapshot"]

    def test_asks_why(self, world, lea):
        before = in_force(world)

        response = lea.post(f"{PATH}apply/", form_of(lea, review_score="0.3"))

        assert response.status_code == 422
        assert in_force(world) == before

    def test_tells_who_was_slower_and_keeps_what_they_proposed(self, world, lea, sign_in):
        late = form_of(lea, review_score="0.45") | {"reason": "too many"}
        admin = sign_in(Role.TENANT_ADMIN)
        admin.post(f"{PATH}apply/", form_of(admin, review_score="0.3") | {"reason": "faster"})

        response = lea.post(f"{PATH}apply/", late)

        assert response.status_code == 409
        assert "Somebody moved a threshold meanwhile" in text_of(response)
        assert dict(response.context["proposed"])["review_score"] == "0.45"
        assert in_force(world)["review_score"] == 0.3

    def test_of_what_is_in_force_moves_nothing(self, world, lea):
        before = ThresholdAuditLog.objects.for_tenant(world.acme).count()

        lea.post(f"{PATH}apply/", form_of(lea) | {"reason": "nothing"})

        assert ThresholdAuditLog.objects.for_tenant(world.acme).count() == before

    def test_is_taken_back_from_the_history(self, world, lea):
        before = in_force(world)
        lea.post(f"{PATH}apply/", form_of(lea, ticket_score="0.8") | {"reason": "fewer"})
        change = ThresholdAuditLog.objects.for_tenant(world.acme).latest("seq")

        response = lea.post(
            f"/t/acme/manage/threshold-changes/{change.pk}/take-back/",
            {"reason": "worse", "then": "what_if"},
        )

        assert response["Location"] == PATH
        assert in_force(world) == before
        assert "takes a change back" in text_of(lea.get(f"{PATH}history/"))


class TestLargeStep:
    def proposed(self, lea):
        told = form_of(lea, review_score="0.85") | {"reason": "alone at night"}
        return lea.post(f"{PATH}apply/", told, follow=True)

    def test_is_proposed_and_waits_for_somebody_else(self, world, lea, sign_in):
        page = self.proposed(lea)

        [waiting] = page.context["waiting"]
        assert in_force(world)["review_score"] == 0.4
        assert waiting["is_own"]
        assert "Somebody else has to approve it." in text_of(page)
        assert 'name="approve"' not in text_of(page)
        assert 'name="approve"' in text_of(sign_in(Role.TENANT_ADMIN).get(PATH))

    def test_is_in_force_once_another_approves_it(self, world, lea, sign_in):
        [waiting] = self.proposed(lea).context["waiting"]
        told = {"proposal": waiting["row"].pk, "reason": "seen", "approve": "yes"}

        own = lea.post(f"{PATH}decide/", told, follow=True)
        sign_in(Role.TENANT_ADMIN).post(f"{PATH}decide/", told)

        assert "nobody approves what they proposed" in text_of(own)
        assert in_force(world)["review_score"] == 0.85
        assert lea.get(PATH).context["waiting"] == []

    def test_is_turned_down_with_a_reason_alone(self, world, lea, sign_in):
        [waiting] = self.proposed(lea).context["waiting"]
        admin, told = sign_in(Role.TENANT_ADMIN), {"proposal": waiting["row"].pk, "refuse": "yes"}

        admin.post(f"{PATH}decide/", told)
        still = admin.get(PATH).context["waiting"]
        admin.post(f"{PATH}decide/", told | {"reason": "wait"})

        assert len(still) == 1
        assert admin.get(PATH).context["waiting"] == []
        assert in_force(world)["review_score"] == 0.4


def response_costs(response):
    form = response.context["form"]
    return what_if_words.Costs(
        **{
            name: form.cleaned_data[name]
            for name in ("review_minutes", "reviewer_hour", "false_ticket", "miss")
        }
    )
