"""Models, retrains, dead letters, audit, health, and one's own account."""

import json

import pytest
from django.test import Client
from entrypoints.console.pages.world import DESK, LIFTS, deeds, ids_of

from watchfloor.core.lifecycle.retrain_gate import Safeguard
from watchfloor.entrypoints import ingest_health
from watchfloor.entrypoints.ingest_health import IngestHealth
from watchfloor.ledger.models import AuditEntry, DueRow
from watchfloor.ml.models import Deployment, ModelVersion, RetrainJob
from watchfloor.noc.models import ActivitySignal, DeadLetter
from watchfloor.tenants.models import Tenant, User
from watchfloor.tenants.roles import Role


@pytest.fixture
def lea(sign_in):
    """The lead of Acme's control room."""
    return sign_in(Role.NOC_LEAD)


@pytest.fixture
def mara(sign_in):
    """Acme's ML engineer."""
    return sign_in(Role.ML_ENGINEER)


def words(response) -> str:
    return response.content.decode()


class TestModels:
    def test_lists_what_serves_and_what_has_no_model_yet(self, mara):
        cards = {
            each["card"].model_type: each for each in mara.get("/t/acme/models/").context["cards"]
        }

        assert set(cards) == {"fraud_detector", LIFTS, DESK}
        assert cards[DESK]["card"].version.version == "2026-02"
        assert cards["fraud_detector"]["state"] == "nothing serves; people see every event"

    def test_says_so_when_there_is_none(self, world, sign_in):
        client = sign_in(Role.ML_ENGINEER, tenant=world.borealis, sites=())

        assert client.get("/t/borealis/models/").context["empty"].title == "No model yet"

    def test_shows_the_champion_with_its_digests_and_calibration(self, world, mara):
        stack = Deployment.objects.get(tenant=world.acme, model_type=LIFTS).stack

        page = words(mara.get(f"/t/acme/models/{LIFTS}/"))

        for digest in (
            stack.model_version.artifact_sha256,
            stack.calibration_sha256,
            stack.thresholds_sha256,
        ):
            assert digest[:16] in page
        assert "n = 200" in page

    def test_lists_the_calibration_sets_with_where_they_came_from(self, world, mara):
        page = mara.get(f"/t/acme/models/{DESK}/")

        sets = page.context["calibrations"]
        assert [one["reason"] for one in sets] == ["Loaded by hand", "Loaded by hand"]
        assert [one["is_serving"] for one in sets] == [True, False]
        assert sets[0]["self_test"].startswith("passed")
        assert "tickets from" in words(page)
        assert "all predictions together: 90" in words(page)
        facts = dict(sets[0]["facts"])
        assert facts["Training rows"].startswith("trained elsewhere")
        assert facts["Rows"] == sets[0]["row"].rows_sha256[:16]
        assert page.context["spent"]["sum"] == "0.20"

    def test_says_so_where_a_model_type_has_no_set(self, mara):
        page = words(mara.get("/t/acme/models/fraud_detector/"))

        assert "No set yet: it takes known outcomes" in page

    def test_draws_each_metric_day_by_day_with_its_interval(self, mara):
        captions = {
            metric: mara.get(f"/t/acme/models/{DESK}/?metric={metric}").context["metrics"].caption
            for metric in ("coverage", "accuracy", "precision", "recall", "nonsense")
        }

        assert captions["accuracy"].startswith("Accuracy: ")
        assert "n = 30" in captions["coverage"]
        assert captions["nonsense"] == captions["coverage"]

    def test_says_why_no_retrain(self, mara):
        blocked = mara.get(f"/t/acme/models/{DESK}/").context["blocked"]

        named = [verdict["row"].safeguard for verdict in blocked["verdicts"]]
        assert named == [safeguard.value for safeguard in Safeguard]
        held = {v["row"].safeguard for v in blocked["verdicts"] if not v["row"].passed}
        assert held == {"flags", "data_floor", "severity"}

    def test_shows_every_drift_check_with_its_evidence(self, mara):
        page = mara.get(f"/t/acme/models/{DESK}/")

        kinds = {report["kind"] for report in page.context["reports"]}
        assert kinds == {"Score", "Feature", "Performance", "Data quality", "Expected"}
        assert "The number of predictions is as usual." in words(page)

    def test_of_a_type_that_nobody_predicts_is_404(self, mara):
        assert mara.get("/t/acme/models/nothing/").status_code == 404

    def test_trains_nothing_from_too_few_outcomes_and_says_so(self, mara):
        response = mara.post("/t/acme/models/fraud_detector/first/", follow=True)

        assert "Nothing was trained" in words(response)
        assert not ModelVersion.objects.filter(model_type="fraud_detector").exists()

    def test_trains_the_first_model_once(self, mara):
        response = mara.post(f"/t/acme/models/{LIFTS}/first/", follow=True)

        assert "has a model already" in words(response)


class TestRetrainJob:
    @pytest.fixture
    def path(self, world):
        return f"/t/acme/models/{LIFTS}/jobs/{ids_of(world)['job_id']}/"

    def test_is_approved_with_a_reason_and_is_due_at_once(self, world, lea, path):
        response = lea.post(
            path, {"decision": "approve", "reason": "The drift is real."}, follow=True
        )

        assert "Approved: it is queued" in words(response)
        job = RetrainJob.objects.get(model_type=LIFTS)
        assert (job.state, job.note) == ("queued", "The drift is real.")
        due = DueRow.objects.get(dedupe_key=f"retrain:{job.pk}")
        assert (due.payload, due.due_at) == ({"job_id": job.pk}, world.now)
        assert deeds(world.acme)[-1] == "retrain.approved"

    def test_is_refused_with_a_reason(self, world, lea, path):
        lea.post(path, {"decision": "reject", "reason": "A sensor was broken."})

        assert RetrainJob.objects.get(model_type=LIFTS).state == "rejected"
        assert not DueRow.objects.filter(dedupe_key__startswith="retrain:").exists()
        assert AuditEntry.objects.latest("seq").reason == "A sensor was broken."

    @pytest.mark.parametrize(
        "told", [{"decision": "approve"}, {"decision": "approve", "reason": " "}]
    )
    def test_does_nothing_without_a_reason(self, lea, path, told):
        response = lea.post(path, told)

        assert response.status_code == 422
        assert RetrainJob.objects.get(model_type=LIFTS).state == "awaiting_approval"

    def test_is_not_decided_by_who_trains_models(self, mara, path):
        response = mara.post(path, {"decision": "approve", "reason": "Mine."})

        assert response.status_code == 403
        assert "Your role does not decide about retrains." in words(mara.get(path))

    def test_is_decided_once(self, lea, path):
        lea.post(path, {"decision": "reject", "reason": "No."})

        response = lea.post(path, {"decision": "approve", "reason": "Yes."}, follow=True)

        assert "Somebody decided about this retrain first." in words(response)

    def test_is_not_found_under_another_model(self, world, lea):
        assert lea.get(f"/t/acme/models/{DESK}/jobs/{ids_of(world)['job_id']}/").status_code == 404


class TestRollBack:
    PATH = f"/t/acme/models/{LIFTS}/roll-back/"

    def test_shows_what_would_change_and_that_it_is_whole(self, lea):
        page = lea.get(self.PATH)

        changes = {part["name"]: part["changes"] for part in page.context["parts"]}
        assert changes == {
            "Model": False,
            "Calibration": True,
            "Thresholds": False,
            "Monitor": False,
        }
        assert "the same byte for byte" in words(page)

    def test_needs_the_version_typed_and_keeps_what_was_typed(self, lea):
        before = Deployment.objects.get(model_type=LIFTS).stack_id

        response = lea.post(self.PATH, {"typed": "v1", "reason": "It is worse."})

        assert response.status_code == 422
        assert "This is not the version that comes back." in words(response)
        assert 'value="It is worse."' in words(response)
        assert Deployment.objects.get(model_type=LIFTS).stack_id == before

    def test_brings_the_last_known_good_stack_back(self, world, lea):
        good = Deployment.objects.get(model_type=LIFTS).last_known_good

        response = lea.post(
            self.PATH, {"typed": good.model_version.version, "reason": "Worse."}, follow=True
        )

        assert "serves again, verified byte for byte." in words(response)
        assert Deployment.objects.get(model_type=LIFTS).stack_id == good.pk
        assert "model.rolled_back" in deeds(world.acme)

    def test_says_that_there_is_nothing_to_go_back_to(self, lea):
        response = lea.get(f"/t/acme/models/{DESK}/roll-back/", follow=True)

        assert "There is nothing to go back to." in words(response)


class TestDeadLetters:
    def test_lists_open_ones_with_the_field_the_error_and_the_beginning(self, lea):
        page = lea.get("/t/acme/dead-letters/")

        shown = {each["row"].field: each for each in page.context["letters"]}
        assert shown["battery"]["preview"] == '{"event_id": "t1", "battery": 340}'
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in words(page)
        assert "<script>alert(1)" not in words(page)

    def test_does_not_load_what_it_does_not_show(self, lea):
        page = lea.get("/t/acme/dead-letters/")

        assert all(
            "payload" in each["row"].get_deferred_fields() for each in page.context["letters"]
        )

    def test_shows_a_payload_with_its_lines_apart(self, world, lea):
        page = lea.get(f"/t/acme/dead-letters/{ids_of(world)['letter_id']}/")

        assert page.context["payload"] == '{\n  "event_id": "t1",\n  "battery": 340\n}'

    def test_is_taken_again_and_still_cannot_be_read(self, world, lea):
        path = f"/t/acme/dead-letters/{ids_of(world)['letter_id']}/"

        response = lea.post(path, {"replay": "yes"}, follow=True)

        assert "It still cannot be read: battery" in words(response)
        assert DeadLetter.objects.get(pk=ids_of(world)["letter_id"]).state == "open"

    def test_is_taken_again_once_its_cause_is_mended(self, world, lea):
        letter = DeadLetter.objects.get(pk=ids_of(world)["letter_id"])
        mended = {"event_id": "t1", "device_at": world.now.isoformat(), "battery": 34}
        DeadLetter.objects.filter(pk=letter.pk).update(payload=json.dumps(mended).encode())

        response = lea.post(f"/t/acme/dead-letters/{letter.pk}/", {"replay": "yes"}, follow=True)

        assert "Taken again: 1 event stored." in words(response)
        assert ActivitySignal.objects.filter(event_id="t1").exists()
        letter.refresh_from_db()
        assert letter.state == "replayed"

    def test_is_dismissed_with_a_reason_even_when_only_its_head_was_kept(self, world, lea):
        letter = DeadLetter.objects.get(tenant=world.acme, truncated=True)
        path = f"/t/acme/dead-letters/{letter.pk}/"

        without = lea.post(path, {"dismiss": "yes", "reason": ""})
        response = lea.post(path, {"dismiss": "yes", "reason": "A broken phone."}, follow=True)

        assert without.status_code == 422
        assert "The letter is dismissed" in words(response)
        letter.refresh_from_db()
        assert (letter.state, letter.note) == ("dismissed", "A broken phone.")

    def test_of_which_only_the_head_was_kept_is_not_offered_again(self, world, lea):
        letter = DeadLetter.objects.get(tenant=world.acme, truncated=True)
        path = f"/t/acme/dead-letters/{letter.pk}/"

        page = words(lea.get(path))
        response = lea.post(path, {"replay": "yes"}, follow=True)

        assert "Take it again" not in page
        assert "It was not taken again" in words(response)

    def test_of_nobody_says_that_all_is_well(self, world, sign_in):
        client = sign_in(Role.NOC_LEAD, tenant=world.borealis, sites=())

        assert client.get("/t/borealis/dead-letters/").context["empty"].title == "No dead letter"


class TestAudit:
    def test_lists_deeds_newest_first_with_who_did_them_and_why(self, lea):
        entries = lea.get("/t/acme/audit/").context["entries"]

        assert [entry["row"].seq for entry in entries] == list(range(len(entries), 0, -1))
        assert any(entry["row"].reason == "The desk changes slowly." for entry in entries)

    def test_walks_both_chains_when_asked(self, lea):
        quiet = lea.get("/t/acme/audit/")
        page = lea.get("/t/acme/audit/?verify=1")

        assert quiet.context["chains"] == []
        assert [chain["check"].is_whole for chain in page.context["chains"]] == [True, True]
        assert "Deeds: whole." in words(page)

    def test_shows_a_chain_that_was_broken(self, lea, monkeypatch):
        from watchfloor.entrypoints.console.views import audit
        from watchfloor.ledger.audit import ChainCheck

        monkeypatch.setattr(
            audit.audit, "verify_chain", lambda **_: ChainCheck(rows=3, head="", broken_at=3)
        )

        page = words(lea.get("/t/acme/audit/?verify=1"))

        assert "Row 3 does not fit the ones before it" in page

    def test_narrows_to_deeds_that_begin_alike(self, lea):
        page = lea.get("/t/acme/audit/?action=flag.")
        nothing = lea.get("/t/acme/audit/?action=zzz")

        assert {e["row"].action for e in page.context["entries"]} == {"flag.switched"}
        assert nothing.context["empty"].title == "Nothing matches"

    def test_lists_threshold_changes_from_their_own_chain(self, lea):
        changes = lea.get("/t/acme/audit/thresholds/").context["changes"]

        assert [(c["row"].key, c["before"], c["after"]) for c in changes] == [
            ("eps_ticket", "default", "0.2"),
            ("width_limit", "default", "0.15"),
        ]


class TestHealth:
    def test_shows_every_part_and_names_what_is_not_configured(self, lea):
        page = lea.get("/t/acme/health/")

        told = {sign.label: sign.word for sign in page.context["signs"]}
        assert told["Database"] == "well"
        assert told["MQTT"] == "elsewhere"
        assert "not configured" in words(page)
        assert "Backup and restore" in words(page)

    def test_shows_planned_work_that_is_late(self, lea):
        work = lea.get("/t/acme/health/state/").context["work"]

        assert work.n_late == 2
        assert [row.kind for row in work.planned] == [
            "detect_statistical_drift",
            "detect_performance_drift",
        ]

    def test_says_that_the_broker_is_away(self, lea, ingest):
        ingest(is_connected=False)

        told = {s.label: s.word for s in lea.get("/t/acme/health/").context["signs"]}

        assert told["MQTT"] == told["Edge"] == "failed"

    def test_tells_counters_of_all_customers_to_the_platform_alone(self, lea, sign_in, ingest):
        ingest(is_connected=True)

        mine = lea.get("/t/acme/health/").context["counters"]
        platform = sign_in(Role.PLATFORM_ADMIN).get("/t/acme/health/").context["counters"]

        assert mine == ()
        assert dict(platform)["Received"] == "12"

    @pytest.fixture
    def ingest(self):
        def told(*, is_connected):
            health = IngestHealth(
                is_connected=is_connected,
                last_message_at=None,
                waiting=0,
                received=12,
                stored=10,
                duplicate=1,
                dead=1,
            )
            ingest_health.tell(lambda: health)

        yield told
        ingest_health.tell(None)


class TestAccount:
    @pytest.fixture
    def dana(self, world):
        return User.objects.create_user("dana", password="correct horse battery")

    def test_signs_in_and_goes_where_it_was_going(self, dana):
        response = Client().post(
            "/sign-in/?next=/t/acme/review/",
            {"username": "dana", "password": "correct horse battery", "next": "/t/acme/review/"},
        )

        assert response["Location"] == "/t/acme/review/"

    @pytest.mark.parametrize(
        "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:1"]
    )
    def test_never_leads_to_another_site(self, dana, elsewhere):
        response = Client().post(
            "/sign-in/",
            {"username": "dana", "password": "correct horse battery", "next": elsewhere},
        )

        assert response["Location"] == "/"

    def test_keeps_the_name_that_was_typed_with_a_wrong_password(self, dana):
        response = Client().post("/sign-in/", {"username": "dana", "password": "wrong"})

        assert 'value="dana"' in words(response)
        assert "wrong" not in words(response)

    def test_slows_down_who_tries_passwords(self, dana):
        client = Client(REMOTE_ADDR="203.0.113.9")
        told = {"username": "dana", "password": "wrong"}
        for _ in range(10):
            client.post("/sign-in/", told)

        response = client.post("/sign-in/", told | {"password": "correct horse battery"})

        assert response.status_code == 429
        assert int(response["Retry-After"]) >= 1
        assert "Too many attempts" in words(response)

    def test_signs_out_by_a_form_alone(self, sign_in):
        client = sign_in(Role.NOC_OPERATOR)

        link = client.get("/sign-out/")
        response = client.post("/sign-out/")

        assert link.status_code == 405
        assert response["Location"] == "/sign-in/"
        assert client.get("/t/acme/").status_code == 302

    def test_changes_its_own_password(self, dana):
        client = Client()
        client.force_login(dana)
        new = "another horse entirely"

        wrong = client.post(
            "/account/", {"old_password": "?", "new_password1": new, "new_password2": new}
        )
        client.post(
            "/account/",
            {"old_password": "correct horse battery", "new_password1": new, "new_password2": new},
        )

        assert "incorrectly" in words(wrong)
        dana.refresh_from_db()
        assert dana.check_password(new)

    def test_needs_the_form_that_was_served_to_this_browser(self, sign_in, world):
        client = Client(enforce_csrf_checks=True)
        client.cookies = sign_in(Role.NOC_OPERATOR).cookies

        response = client.post("/t/acme/alerts/", {"resolve": "1"})

        assert response.status_code == 403
        assert "This form was open too long" in words(response)


class TestErrors:
    def test_that_nobody_foresaw_say_where_they_can_be_found(self, sign_in, monkeypatch):
        from watchfloor.noc.queries import wall_numbers

        def broken(**_):
            raise RuntimeError("a bug")

        client = sign_in(Role.NOC_OPERATOR)
        client.raise_request_exception = False
        monkeypatch.setattr(wall_numbers, "wall_numbers", broken)

        response = client.get("/t/acme/")

        assert response.status_code == 500
        assert response["X-Request-ID"] in words(response)
        assert "a bug" not in words(response)

    def test_of_a_missing_page_leave_the_tenants_name_out(self, world):
        response = Client().get("/no/such/page/")

        assert response.status_code == 404
        assert Tenant.objects.get(code="acme").name not in words(response)

    def test_keep_pages_out_of_caches(self, sign_in):
        response = sign_in(Role.NOC_OPERATOR).get("/t/acme/")

        assert response["Cache-Control"] == "no-store"
        assert "default-src 'self'" in response["Content-Security-Policy"]
