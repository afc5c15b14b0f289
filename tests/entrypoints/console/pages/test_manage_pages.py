"""Looking after a tenant: switches, thresholds, tokens and ML_CONFIG, each with a reason."""

import pytest
from doors import member
from entrypoints.console.pages.world import DESK, deeds, ids_of

from watchfloor.core.decision.reason import Reason
from watchfloor.entrypoints.console.views.manage.automation import about_flag
from watchfloor.ledger.models import AuditEntry
from watchfloor.noc.decision import thresholds, ticket_caps
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.tenants import directory, tokens
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.tenants.models import (
    ApiToken,
    FeatureFlag,
    KillSwitch,
    MLConfigOverride,
    Tenant,
    User,
)
from watchfloor.tenants.roles import Permission, Role
from watchfloor.workflows import policy_switch

MANAGE = "/t/acme/manage/"
SENSORS = {
    "name": "door sensors",
    "role": "service_account",
    "scopes": ["submit_events"],
    "days": "30",
}


@pytest.fixture
def lea(sign_in):
    """The lead of Acme's control room."""
    return sign_in(Role.NOC_LEAD)


@pytest.fixture
def ada(sign_in):
    """Acme's administrator."""
    return sign_in(Role.TENANT_ADMIN)


def words(response) -> str:
    return response.content.decode()


def is_on(tenant: Tenant, flag: Flag) -> bool:
    return FeatureFlag.objects.filter(tenant=tenant, key=flag.value, is_on=True).exists()


class TestFlags:
    @pytest.mark.parametrize("flag", Flag)
    def test_each_says_what_it_lets_happen(self, flag):
        assert about_flag(flag).endswith(".")

    def test_are_all_shown_those_never_touched_as_off(self, lea):
        flags = lea.get(MANAGE).context["flags"]

        assert {each["state"].flag: each["state"].is_on for each in flags} == {
            flag: flag is Flag.AUTO_TICKET for flag in Flag
        }

    def test_are_switched_with_a_reason(self, world, lea):
        told = {"do": "flag", "flag": "auto_clear", "model_type": "", "is_on": "on"}

        response = lea.post(MANAGE, told | {"reason": "The quarter went well."}, follow=True)

        assert "Auto clear is on." in words(response)
        assert is_on(world.acme, Flag.AUTO_CLEAR)
        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.reason) == ("flag.switched", "The quarter went well.")
        assert entry.actor.startswith("user:")

    def test_are_not_switched_without_one_and_the_form_stays_open(self, world, lea):
        told = {"do": "flag", "flag": "auto_clear", "model_type": "", "is_on": "on", "reason": ""}

        response = lea.post(MANAGE, told)

        assert response.status_code == 422
        bound = [e for e in response.context["flags"] if e["form"].is_bound]
        assert [each["state"].flag for each in bound] == [Flag.AUTO_CLEAR]
        assert not is_on(world.acme, Flag.AUTO_CLEAR)

    @pytest.mark.parametrize("told", [{"flag": "self_destruct"}, {"is_on": "perhaps"}])
    def test_of_another_name_or_state_do_not_exist(self, world, lea, told):
        sent = {"do": "flag", "flag": "auto_clear", "model_type": "", "is_on": "on", "reason": "?"}

        response = lea.post(MANAGE, sent | told)

        assert response.status_code == 422
        assert not is_on(world.acme, Flag.AUTO_CLEAR)

    def test_are_not_turned_by_who_may_only_look(self, world, sign_in):
        mara = sign_in(Role.ML_ENGINEER)
        told = {"do": "flag", "flag": "auto_ticket", "model_type": "", "is_on": "off"}

        response = mara.post(MANAGE, told | {"reason": "?"})

        assert response.status_code == 403
        assert is_on(world.acme, Flag.AUTO_TICKET)

    @pytest.mark.parametrize("do", ["", "nothing", "flag; drop"])
    def test_are_the_only_things_there_is_to_do(self, lea, do):
        assert lea.post(MANAGE, {"do": do, "reason": "?"}).status_code == 404


class TestStop:
    def test_switches_every_automation_of_one_customer_off(self, world, lea):
        policy_switch.switch_flag(
            tenant=world.borealis,
            flag=Flag.AUTO_TICKET,
            is_on=True,
            actor="t",
            reason="t",
            now=world.now,
        )

        response = lea.post(MANAGE, {"do": "stop", "reason": "Alarms everywhere."}, follow=True)

        assert "1 automation is switched off" in words(response)
        assert not is_on(world.acme, Flag.AUTO_TICKET)
        assert is_on(world.borealis, Flag.AUTO_TICKET)
        assert response.context["shell"].automation == "off"
        assert deeds(world.acme)[-1] == "automation.stopped"

    def test_needs_a_reason(self, world, lea):
        response = lea.post(MANAGE, {"do": "stop", "reason": " "})

        assert response.status_code == 422
        assert is_on(world.acme, Flag.AUTO_TICKET)


class TestLimits:
    @pytest.fixture
    def stopped(self, world):
        """The breaker and the cap of one site are reached."""
        values = {"breaker_cap": 40, "site_ticket_cap": 10, "ticket_cap": 50}
        site = directory.sites_of(world.acme)[0]
        for reason in (Reason.BREAKER_OPEN, Reason.CAP_REACHED_SITE, Reason.CAP_REACHED):
            ticket_caps.stop(
                tenant=world.acme,
                reason=reason,
                model_type=DESK,
                site=site,
                values=values,
                now=world.now,
            )

    def test_are_not_mentioned_while_none_is_reached(self, lea):
        assert "Limits reached" not in words(lea.get(MANAGE))

    def test_are_shown_while_they_are_reached(self, stopped, lea):
        page = words(lea.get(MANAGE))

        assert "The breaker is open: 40 tickets in an hour." in page
        assert "harbour-gate: 10 tickets in an hour." in page
        assert "Sla breach: 50 tickets today." in page

    def test_of_the_breaker_is_lifted_with_a_reason(self, world, stopped, lea):
        told = {"do": "breaker", "reason": "A real storm."}

        response = lea.post(MANAGE, told, follow=True)

        assert "The breaker is closed; it counts anew from now." in words(response)
        assert "The breaker is open" not in words(response)
        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.reason) == ("breaker.closed", "A real storm.")

    def test_is_not_lifted_without_one(self, world, stopped, lea):
        response = lea.post(MANAGE, {"do": "breaker", "reason": " "})

        assert response.status_code == 422
        assert len(ticket_caps.open_stops(tenant=world.acme, now=world.now)) == 3

    def test_that_is_over_already_is_said_so(self, lea):
        response = lea.post(MANAGE, {"do": "breaker", "reason": "Now."}, follow=True)

        assert "The breaker was closed already." in words(response)

    def test_are_not_lifted_by_who_may_only_look(self, world, stopped, sign_in):
        mara = sign_in(Role.ML_ENGINEER)

        response = mara.post(MANAGE, {"do": "breaker", "reason": "?"})

        assert response.status_code == 403
        assert len(ticket_caps.open_stops(tenant=world.acme, now=world.now)) == 3


class TestKillSwitch:
    def test_is_not_offered_to_a_customers_own_people(self, ada):
        response = ada.post(MANAGE, {"do": "kill_switch", "engaged": "yes", "reason": "Stop."})

        assert response.status_code == 403
        assert not KillSwitch.objects.get().engaged
        assert "Only a platform admin turns it" in words(ada.get(MANAGE))

    @pytest.mark.parametrize("where", ["here", "on the platform"])
    def test_is_engaged_and_released_by_a_platform_admin(self, world, sign_in, ada, where):
        client = sign_in(Role.PLATFORM_ADMIN)
        if where == "on the platform":
            client, person = ada, User.objects.get(username="tenant_admin-of-acme")
            platform = directory.platform_tenant()
            member(person.username, tenant=platform, role=Role.PLATFORM_ADMIN)

        engaged = client.post(
            MANAGE, {"do": "kill_switch", "engaged": "yes", "reason": "Stop."}, follow=True
        )
        assert KillSwitch.objects.get().engaged
        released = client.post(
            MANAGE, {"do": "kill_switch", "engaged": "no", "reason": "Sound again."}, follow=True
        )

        assert "Nothing is done automatically anywhere." in words(engaged)
        assert engaged.context["shell"].automation == "stopped"
        assert not KillSwitch.objects.get().engaged
        assert released.context["shell"].automation == "on"
        assert deeds(directory.platform_tenant())[-2:] == [
            "kill_switch.engaged",
            "kill_switch.released",
        ]


class TestStage:
    def test_is_moved_with_a_reason(self, world, lea):
        response = lea.post(
            MANAGE, {"do": "stage", "stage": "alerts_only", "reason": "A new model."}, follow=True
        )

        assert "The roll-out is at “Alerts only”." in words(response)
        assert Tenant.objects.get(pk=world.acme.pk).stage == "alerts_only"
        # The flag is still on, and yet nothing is decided: the frame must not claim it.
        assert response.context["shell"].automation == "off"

    def test_of_another_name_does_not_exist_and_the_reason_stays(self, world, lea):
        response = lea.post(MANAGE, {"do": "stage", "stage": "moon", "reason": "A new model."})

        assert response.status_code == 422
        assert 'value="A new model."' in words(response)
        assert Tenant.objects.get(pk=world.acme.pk).stage == "on"


class TestThresholds:
    PATH = f"/t/acme/manage/thresholds/{DESK}/review_score/"

    def test_are_shown_with_their_defaults(self, lea):
        page = lea.get(f"/t/acme/manage/thresholds/?model_type={DESK}")

        values = {
            r["each"].spec.key: (r["value"], r["default"]) for r in page.context["thresholds"]
        }
        assert values["width_limit"] == ("0.15", "0.2")
        assert values["ticket_cap"] == ("50", "50")

    def test_are_moved_with_a_reason_and_the_version_that_was_read(self, world, lea):
        version = lea.get(self.PATH).context["form"]["version"].value()

        response = lea.post(
            self.PATH, {"value": "0.5", "reason": "Too many.", "version": version}, follow=True
        )

        assert "A person sees scores from: moved." in words(response)
        values = thresholds.values_in_force(tenant=world.acme, model_type=DESK)
        assert values["review_score"] == 0.5
        change = ThresholdAuditLog.objects.latest("seq")
        assert (change.old_value, change.new_value, change.change_reason) == (
            None,
            0.5,
            "Too many.",
        )

    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ({"value": "1.4", "reason": "More.", "version": "0"}, "0.0 to 1.0"),
            ({"value": "a lot", "reason": "More.", "version": "0"}, "Enter a number."),
            ({"value": "0.5", "reason": "", "version": "0"}, "This field is required."),
            ({"value": "nan", "reason": "More.", "version": "0"}, "Enter a number."),
        ],
        ids=["out of range", "no number", "no reason", "not a number"],
    )
    def test_are_refused_with_words_and_keep_what_was_typed(self, world, lea, told, said):
        response = lea.post(self.PATH, told)

        assert response.status_code == 422
        assert said in words(response)
        assert f'value="{told["value"]}"' in words(response)
        assert thresholds.values_in_force(tenant=world.acme, model_type=DESK)["review_score"] == 0.4

    def test_say_when_somebody_moved_them_meanwhile(self, world, lea):
        lea.post(self.PATH, {"value": "0.5", "reason": "Too many.", "version": "0"})

        response = lea.post(self.PATH, {"value": "0.6", "reason": "Mine.", "version": "0"})
        again = lea.post(
            self.PATH,
            {
                "value": "0.6",
                "reason": "Mine.",
                "version": response.context["form"]["version"].value(),
            },
        )

        assert "Somebody moved it to 0.5 meanwhile." in words(response)
        assert 'value="0.6"' in words(response)
        assert again.status_code == 302

    def test_go_back_to_their_default(self, world, lea):
        path = f"/t/acme/manage/thresholds/{DESK}/width_limit/"

        lea.post(path, {"value": "0.15", "reason": "Enough.", "version": "1", "default": "yes"})

        assert thresholds.values_in_force(tenant=world.acme, model_type=DESK)["width_limit"] == 0.2

    def test_are_taken_back_by_a_new_change(self, world, lea):
        entry = ThresholdAuditLog.objects.get(key="width_limit")

        response = lea.post(
            f"/t/acme/manage/threshold-changes/{entry.pk}/take-back/",
            {"reason": "It was a mistake."},
            follow=True,
        )

        assert "The change is taken back." in words(response)
        assert ThresholdAuditLog.objects.latest("seq").undoes_id == entry.pk
        assert thresholds.values_in_force(tenant=world.acme, model_type=DESK)["width_limit"] == 0.2

    @pytest.mark.parametrize("key", ["nothing", "REVIEW_SCORE"])
    def test_of_another_name_do_not_exist(self, lea, key):
        assert lea.get(f"/t/acme/manage/thresholds/{DESK}/{key}/").status_code == 404

    def test_say_that_they_belong_to_a_model_type(self, world, sign_in):
        client = sign_in(Role.NOC_LEAD, tenant=world.borealis, sites=())

        page = client.get("/t/borealis/manage/thresholds/")

        assert page.context["empty"].title == "No threshold yet"


class TestTokens:
    PATH = "/t/acme/manage/tokens/"

    def test_are_shown_once(self, world, ada):
        response = ada.post(self.PATH, SENSORS)

        text = response.context["text"]
        actor = tokens.find_actor_of_token(text, now=world.now)
        assert actor.scopes == {Permission.SUBMIT_EVENTS}
        assert text in words(response)
        assert text not in words(ada.get(self.PATH))
        assert deeds(world.acme)[-1] == "token.issued"
        assert text.rpartition("_")[2] not in str(AuditEntry.objects.latest("seq").detail)

    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ({"name": " "}, "This field is required."),
            ({"scopes": []}, "Choose at least one."),
            ({"days": "400"}, "less than or equal to 366"),
            ({"scopes": ["view_floor"]}, "A token of this role may not do all of this"),
            ({"scopes": ["manage_platform"]}, "Select a valid choice"),
            ({"role": "emperor"}, "Select a valid choice"),
        ],
        ids=["no name", "no scope", "too long", "not of its role", "not the giver's", "no role"],
    )
    def test_are_refused_with_words(self, ada, told, said):
        before = ApiToken.objects.count()

        response = ada.post(self.PATH, SENSORS | told)

        assert response.status_code == 422
        assert said in words(response)
        assert ApiToken.objects.count() == before

    def test_never_hold_more_than_their_giver(self, world, ada):
        told = {"role": "platform_admin", "scopes": ["view_floor", "manage_tenant"]}

        ada.post(self.PATH, SENSORS | told)

        token = ApiToken.objects.latest("pk")
        assert Permission.MANAGE_PLATFORM.value not in token.scopes

    def test_are_ended_at_once(self, world, ada):
        token = ApiToken.objects.get(pk=ids_of(world)["token_id"])

        response = ada.post(f"{self.PATH}{token.pk}/revoke/", follow=True)
        ada.post(f"{self.PATH}{token.pk}/revoke/")

        assert "“help desk model” is ended." in words(response)
        token.refresh_from_db()
        assert token.revoked_at == world.now
        assert deeds(world.acme).count("token.revoked") == 1


class TestMLConfig:
    PATH = "/t/acme/manage/ml-config/"

    def test_shows_every_key_and_which_are_the_customers_own(self, ada):
        rows = ada.get(self.PATH).context["keys"]

        own = [row["key"] for row in rows if row["is_own"]]
        assert len(rows) > 30
        assert own == ["RETRAIN_COOLDOWN_DAYS"]

    @pytest.mark.parametrize(
        ("key", "typed", "value"),
        [
            ("RETRAIN_COOLDOWN_DAYS", "21", 21),
            ("ENABLE_AUTO_RETRAIN", "true", True),
            ("FRAUD_MIN_PR_AUC", "0.8", 0.8),
            ("AUTO_RETRAIN_ENABLED_TENANTS", '["acme"]', ("acme",)),
            ("DRIFT_ALERT_TARGET_TEAM", "night_shift", "night_shift"),
        ],
    )
    def test_takes_a_value_as_it_is_written_in_a_file(self, world, ada, key, typed, value):
        ada.post(f"{self.PATH}{key}/", {"value": typed, "reason": "A trial."})

        assert getattr(ml_config_for(world.acme), key.lower()) == value
        assert AuditEntry.objects.latest("seq").reason == "A trial."

    @pytest.mark.parametrize(
        ("key", "typed", "said"),
        [
            ("RETRAIN_COOLDOWN_DAYS", "-1", "a whole number from 0 to 365"),
            ("RETRAIN_COOLDOWN_DAYS", "soon", "a whole number from 0 to 365"),
            ("ENABLE_AUTO_RETRAIN", "yes", "true or false"),
            ("DRIFT_BASELINE_END_DAYS", "10", "more than DRIFT_BASELINE_START_DAYS"),
        ],
        ids=["out of range", "no number", "no flag", "contradiction"],
    )
    def test_refuses_what_does_not_fit_and_keeps_it(self, ada, key, typed, said):
        before = MLConfigOverride.objects.count()

        response = ada.post(f"{self.PATH}{key}/", {"value": typed, "reason": "A trial."})

        assert response.status_code == 422
        assert said in words(response)
        assert f'value="{typed}"' in words(response)
        assert MLConfigOverride.objects.count() == before

    def test_takes_the_installations_value_again(self, world, ada):
        path = f"{self.PATH}RETRAIN_COOLDOWN_DAYS/"
        installed = ml_config_for(world.borealis).retrain_cooldown_days

        ada.post(path, {"value": "14", "reason": "Enough.", "installed": "yes"})

        assert ml_config_for(world.acme).retrain_cooldown_days == installed

    def test_has_no_key_of_another_name(self, ada):
        assert ada.get(f"{self.PATH}MAKE_IT_SO/").status_code == 404
