"""Thresholds over HTTP: read, tried, moved by one of two, given back, taken back, told in full."""

import csv
import io
import json

import pytest
from cast import acme
from desk import DESK, NOON, fill
from django.test import Client
from doors import caller, post, token
from jsonschema import Draft202012Validator
from standing import standing

from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.thresholds import SPECS
from watchfloor.entrypoints import clock
from watchfloor.ledger.clock import set_clock
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.tenants.roles import Role
from watchfloor.workflows import threshold_change

ROOT = "/api/v2/noc/thresholds/"
REVIEW = f"{ROOT}{DESK}.review_score"
LARGE = {
    "model_type": DESK,
    "changes": [{"key": "review_score", "value": 0.8, "version": 0}],
    "change_reason": "the night shift is alone",
}


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Acme with a month behind it, as one transaction that is taken back."""
    with standing(django_db_blocker):
        set_clock(virtual_now=NOON, speed=0, real_now=clock.real_now())
        yield fill(acme(now=NOON))
    clock.forget()


def client_of(tenant, role):
    clock.forget()
    return caller(token(tenant, role=role, now=NOON))


@pytest.fixture
def lead(filled, db):
    """A shift lead, who may move thresholds."""
    return client_of(filled, Role.NOC_LEAD)


@pytest.fixture(scope="module")
def schemas():
    document = Client().get("/api/v2/openapi.json").json()

    def misfits(name, content):
        schema = {"components": document["components"], "$ref": f"#/components/schemas/{name}"}
        return [each.message for each in Draft202012Validator(schema).iter_errors(content)]

    return misfits


def patch(client, path, content):
    return client.patch(path, data=json.dumps(content), content_type="application/json")


def move(client, value=0.35, version=0, reason="two were missed"):
    return patch(client, REVIEW, {"value": value, "version": version, "change_reason": reason})


class TestRead:
    def test_lists_the_whole_registry_with_ranges_and_versions(self, lead, schemas):
        told = lead.get(ROOT).json()

        assert [each["key"] for each in told["items"]] == list(SPECS)
        assert not schemas("ThresholdsOut", told)
        assert lead.get(f"{ROOT}?model_type=nothing").json() == {"items": []}

    def test_tells_who_moved_one_last(self, lead):
        move(lead)

        told = lead.get(REVIEW).json()

        assert (told["value"], told["version"], told["is_default"]) == (0.35, 1, False)
        assert told["last_changed_by"].startswith("token:")

    @pytest.mark.parametrize("name", ["nothing.review_score", f"{DESK}.speed", "review_score"])
    def test_finds_nothing_under_another_name(self, lead, name):
        assert lead.get(f"{ROOT}{name}").status_code == 404


class TestMove:
    def test_is_in_force_and_written_down_with_what_was_simulated(self, lead, filled, schemas):
        told = move(lead).json()

        values = thresholds.values_in_force(tenant=filled, model_type=DESK)
        entry = ThresholdAuditLog.objects.get(pk=told["audit_log_id"])
        assert values["review_score"] == 0.35
        assert entry.change_reason == "two were missed"
        assert entry.simulation == told["simulation"]
        assert (
            told["simulation"]["after"]["reviews"]["n"]
            > told["simulation"]["before"]["reviews"]["n"]
        )
        assert not schemas("MovedOut", told)

    def test_lets_one_of_two_win_and_tells_the_other(self, lead):
        assert move(lead, 0.35).status_code == 200

        late = move(lead, 0.45)

        assert late.status_code == 409
        assert lead.get(REVIEW).json()["value"] == 0.35

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"value": 1.5}, "review_score"),
            ({"value": "0.5"}, "value"),
            ({"change_reason": " "}, "reason"),
            ({"change_reason": None}, "change_reason"),
            ({"version": -1}, "version"),
            ({"threshold": 1}, "threshold"),
        ],
    )
    def test_refuses_what_does_not_fit_by_its_name(self, lead, change, field):
        body = {"value": 0.35, "version": 0, "change_reason": "why"} | change

        response = patch(lead, REVIEW, body)

        assert (response.status_code, response.json()["field"]) == (400, field)

    def test_of_a_limit_needs_no_simulation(self, lead):
        body = {"value": 20, "version": 0, "change_reason": "a small team"}

        told = patch(lead, f"{ROOT}{DESK}.ticket_cap", body).json()

        assert (told["value"], told["simulation"]) == (20, None)

    def test_goes_back_to_the_default(self, lead):
        move(lead)

        told = post(lead, f"{REVIEW}/reset", {"version": 1, "change_reason": "enough"}).json()

        assert (told["value"], told["is_default"], told["version"]) == (0.4, True, 2)

    def test_is_taken_back_by_a_new_row(self, lead, schemas):
        first = move(lead).json()["audit_log_id"]

        path = f"{ROOT}history/{first}/rollback"
        told = post(lead, path, {"change_reason": "too many"}).json()

        assert told["value"] == 0.4
        changes = lead.get(f"{ROOT}history").json()
        assert [each["undoes"] for each in changes["items"]] == [first, None]
        assert not schemas("ThresholdChangePage", changes)


class TestBatch:
    def test_moves_all_or_none(self, lead, filled):
        body = {
            "model_type": DESK,
            "change_reason": "together",
            "changes": [
                {"key": "review_score", "value": 0.3, "version": 0},
                {"key": "ticket_score", "value": 0.9, "version": 7},
            ],
        }

        stale = post(lead, f"{ROOT}batch", body)
        body["changes"][1]["version"] = 0
        told = post(lead, f"{ROOT}batch", body).json()

        assert stale.status_code == 409
        assert [(each["value"], each["version"]) for each in told["items"]] == [(0.3, 1), (0.9, 1)]

    def test_names_the_change_that_does_not_fit(self, lead):
        good, bad = ({"key": key, "value": 0.3, "version": 0} for key in ("review_score", "speed"))
        body = {"model_type": DESK, "change_reason": "why", "changes": [good, bad]}

        told = post(lead, f"{ROOT}batch", body).json()

        assert (told["field"], told["value"]) == ("changes.1.key", "speed")

    def test_refuses_a_threshold_named_twice(self, lead):
        change = {"key": "review_score", "value": 0.3, "version": 0}
        body = {"model_type": DESK, "change_reason": "twice", "changes": [change, change]}

        response = post(lead, f"{ROOT}batch", body)

        assert (response.status_code, response.json()["field"]) == (400, "key")


class TestSimulate:
    def test_tells_what_the_workflow_tells(self, lead, filled, schemas):
        body = {"model_type": DESK, "proposed": {"review_score": 0.3}, "costs": {"miss": 10}}

        told = post(lead, f"{ROOT}simulate", body).json()

        simulation = threshold_change.simulate(
            tenant=filled, model_type=DESK, changes={"review_score": 0.3}, weeks=4, now=NOON
        )
        assert told == threshold_change.figures_of(simulation, Costs(miss=10))
        assert not schemas("SimulationOut", told)
        assert told["n"] == told["before"]["reviews"]["n"] + sum(
            told["before"][fate]["n"] for fate in ("tickets", "cleared", "logged")
        )

    def test_changes_nothing_and_answers_twice_the_same(self, lead):
        body = {"model_type": DESK, "proposed": {"ticket_score": 0.8, "eps_ticket": 0.2}}

        answers = [post(lead, f"{ROOT}simulate", body).json() for _ in range(2)]

        assert answers[0] == answers[1]
        assert not ThresholdAuditLog.objects.exists()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"proposed": {"review_score": 2}}, "review_score"),
            ({"proposed": {"ticket_cap": 2}}, "proposed.ticket_cap"),
            ({"weeks": 105}, "weeks"),
            ({"costs": {"miss": -1}}, "costs.miss"),
        ],
    )
    def test_refuses_what_does_not_fit_by_its_name(self, lead, change, field):
        body = {"model_type": DESK, "proposed": {}} | change

        response = post(lead, f"{ROOT}simulate", body)

        assert response.status_code == 400
        assert response.json()["field"] == field

    def test_is_replayed_exactly_with_limits_too(self, lead, schemas):
        body = {"model_type": DESK, "proposed": {"review_score": 0.3, "ticket_cap": 0}}

        told = post(lead, f"{ROOT}replay", body).json()

        simulated = post(
            lead,
            f"{ROOT}simulate",
            {"model_type": DESK, "proposed": {"review_score": 0.3}},
        ).json()
        scored = sum(simulated["before"][fate]["n"] for fate in ("cleared", "logged"))
        before, after = (
            {each["outcome"]: each["predictions"]["n"] for each in told[side]["outcomes"]}
            for side in ("before", "after")
        )
        assert not schemas("ExactOut", told)
        assert after["auto_ticket"] == 0
        assert before["log_only"] + before["auto_clear"] == scored
        assert sum(before.values()) == sum(after.values()) == told["n"]

    def test_suggests_for_each_aim_or_says_why_not(self, lead, schemas):
        told = post(lead, f"{ROOT}suggest", {"model_type": DESK, "hours_a_day": 1}).json()

        assert not schemas("SuggestionsOut", told)
        assert all(each["why_not"] or each["found"] for each in told["items"])
        fitting = next(each for each in told["items"] if each["aim"] == "fits_team")
        assert fitting["found"]["hours_a_day"] <= 1


class TestSecondPerson:
    @pytest.fixture
    def dana(self, filled, db):
        """Another who may move thresholds."""
        return client_of(filled, Role.TENANT_ADMIN)

    def test_is_wanted_for_a_large_move_by_any_way(self, lead, filled):
        alone = [
            move(lead, 0.8),
            post(lead, f"{ROOT}batch", LARGE),
            patch(
                lead,
                f"{ROOT}{DESK}.alone_step",
                {"value": 1, "version": 0, "change_reason": "then I can"},
            ),
        ]

        assert [answer.status_code for answer in alone] == [409, 409, 409]
        assert "somebody else approves it" in alone[0].json()["detail"]
        assert thresholds.values_in_force(tenant=filled, model_type=DESK)["review_score"] == 0.4

    def test_approves_what_another_proposed(self, lead, dana, filled, schemas):
        proposal = post(lead, f"{ROOT}proposals", LARGE).json()
        path = f"{ROOT}proposals/{proposal['id']}/approve"

        own = post(lead, path, {"reason": "I agree with myself"})
        other = post(dana, path, {"reason": "seen"}).json()

        assert own.status_code == 403
        assert (other["state"], other["decision_reason"]) == ("applied", "seen")
        assert thresholds.values_in_force(tenant=filled, model_type=DESK)["review_score"] == 0.8
        assert not schemas("ProposalOut", proposal)
        entry = ThresholdAuditLog.objects.latest("seq")
        assert entry.simulation["proposed_by"] == proposal["proposed_by"]
        assert entry.change_reason == "the night shift is alone"
        assert post(dana, path, {"reason": "again"}).status_code == 409

    def test_cannot_approve_what_was_overtaken(self, lead, dana, filled):
        proposal = post(lead, f"{ROOT}proposals", LARGE).json()
        move(dana, 0.45)

        late = post(dana, f"{ROOT}proposals/{proposal['id']}/approve", {"reason": "seen"})

        assert late.status_code == 409
        [waiting] = lead.get(f"{ROOT}proposals?state=waiting").json()["items"]
        assert waiting["id"] == proposal["id"]
        assert thresholds.values_in_force(tenant=filled, model_type=DESK)["review_score"] == 0.45

    def test_may_be_told_no_and_so_may_oneself(self, lead, filled):
        proposal = post(lead, f"{ROOT}proposals", LARGE).json()

        told = post(lead, f"{ROOT}proposals/{proposal['id']}/refuse", {"reason": "no"}).json()

        assert told["state"] == "refused"
        assert thresholds.values_in_force(tenant=filled, model_type=DESK)["review_score"] == 0.4


class TestHistory:
    def test_is_a_file_in_which_no_reason_is_a_formula(self, lead):
        move(lead, reason='=HYPERLINK("x")')

        response = lead.get(f"{ROOT}history.csv", headers={"accept": "text/csv"})

        [row] = csv.DictReader(io.StringIO(response.content.decode()))
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert (row["key"], row["old_value"], row["new_value"]) == ("review_score", "", "0.35")
        assert row["change_reason"] == '\'=HYPERLINK("x")'

    def test_comes_page_by_page_and_by_threshold(self, lead):
        for version, value in enumerate((0.3, 0.35, 0.45)):
            move(lead, value, version)

        first = lead.get(f"{ROOT}history?limit=2").json()
        rest = lead.get(f"{ROOT}history?limit=2&after={first['next']}").json()

        assert [each["new_value"] for each in first["items"] + rest["items"]] == [0.45, 0.35, 0.3]
        assert rest["next"] is None
        assert lead.get(f"{ROOT}history?key=ticket_score").json()["items"] == []


class TestRoles:
    @pytest.mark.parametrize("role", [Role.NOC_OPERATOR, Role.AUDITOR, Role.ML_ENGINEER])
    def test_that_only_look_may_try_and_not_move(self, filled, db, role):
        client = client_of(filled, role)
        tried = {"model_type": DESK, "proposed": {"review_score": 0.3}}

        assert post(client, f"{ROOT}simulate", tried).status_code == 200
        assert move(client).status_code == 403
        batch = {"model_type": DESK, "change_reason": "x", "changes": []}
        assert post(client, f"{ROOT}batch", batch).status_code == 403
        assert post(client, f"{REVIEW}/reset", {}).status_code == 403
        assert post(client, f"{ROOT}history/1/rollback", {}).status_code == 403

    @pytest.mark.parametrize("role", [Role.SERVICE_ACCOUNT, Role.SITE_SUPERVISOR])
    def test_that_have_no_business_with_models_see_nothing(self, filled, db, role):
        client = client_of(filled, role)

        assert client.get(ROOT).status_code == 403
        assert client.get(f"{ROOT}history.csv").status_code == 403
