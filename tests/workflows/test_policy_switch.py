"""Automations are off until somebody switches them on, gives a reason, and is written down."""

import pytest

from watchfloor.core.errors import InvalidConfiguration, InvalidInput
from watchfloor.ledger import audit
from watchfloor.ledger.models import AuditEntry
from watchfloor.tenants import directory, flags
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.tenants.models.places import RolloutStage
from watchfloor.workflows import policy_switch

pytestmark = pytest.mark.django_db
LEA = {"actor": "user:lea", "reason": "the pilot begins"}


class TestSwitchFlag:
    def test_finds_every_automation_off_at_first(self, tenant):
        found = flags.automation_in_force(tenant=tenant, model_type="fraud_detector")

        assert found.on == frozenset()

    def test_is_in_force_at_the_next_reading_and_for_that_tenant_alone(
        self, tenant, other_tenant, now
    ):
        policy_switch.switch_flag(tenant=tenant, flag=Flag.AUTO_TICKET, is_on=True, now=now, **LEA)

        ours = flags.automation_in_force(tenant=tenant, model_type="churn")
        theirs = flags.automation_in_force(tenant=other_tenant, model_type="churn")

        assert ours.allows(Flag.AUTO_TICKET)
        assert not theirs.allows(Flag.AUTO_TICKET)

    def test_may_hold_for_one_model_type(self, tenant, now):
        policy_switch.switch_flag(
            tenant=tenant,
            flag=Flag.AUTO_TICKET,
            is_on=True,
            model_type="churn",
            now=now,
            **LEA,
        )

        other = flags.automation_in_force(tenant=tenant, model_type="fraud_detector")

        assert not other.allows(Flag.AUTO_TICKET)

    def test_asks_for_a_reason(self, tenant, now):
        with pytest.raises(InvalidInput, match="reason"):
            policy_switch.switch_flag(
                tenant=tenant,
                flag=Flag.AUTO_TICKET,
                is_on=True,
                actor="user:lea",
                reason=" ",
                now=now,
            )

    def test_writes_down_what_it_was_and_what_it_is(self, tenant, now):
        policy_switch.switch_flag(tenant=tenant, flag=Flag.AUTO_TICKET, is_on=True, now=now, **LEA)

        deed = AuditEntry.objects.get(action="flag.switched")
        assert deed.detail == {"before": False, "after": True}
        assert audit.verify_chain(tenant=tenant).is_whole


class TestKillSwitch:
    def test_stops_every_automation_of_every_tenant(self, tenant, now):
        policy_switch.switch_flag(tenant=tenant, flag=Flag.AUTO_TICKET, is_on=True, now=now, **LEA)

        policy_switch.set_kill_switch(engaged=True, now=now, **LEA)

        found = flags.automation_in_force(tenant=tenant, model_type="churn")
        assert not found.allows(Flag.AUTO_TICKET)
        assert AuditEntry.objects.for_tenant(directory.platform_tenant()).exists()

    def test_lets_them_go_on_when_released(self, tenant, now):
        policy_switch.switch_flag(tenant=tenant, flag=Flag.AUTO_TICKET, is_on=True, now=now, **LEA)
        policy_switch.set_kill_switch(engaged=True, now=now, **LEA)

        policy_switch.set_kill_switch(engaged=False, now=now, **LEA)

        found = flags.automation_in_force(tenant=tenant, model_type="churn")
        assert found.allows(Flag.AUTO_TICKET)


class TestMoveStage:
    def test_moves_one_tenant(self, tenant, now):
        policy_switch.move_stage(tenant=tenant, stage=RolloutStage.PILOT, now=now, **LEA)

        found = flags.automation_in_force(tenant=tenant, model_type="churn")
        assert found.stage == RolloutStage.PILOT


class TestOverrideMLConfig:
    def test_holds_for_one_tenant(self, tenant, other_tenant, now):
        policy_switch.override_ml_config(
            tenant=tenant, key="RETRAIN_COOLDOWN_DAYS", value=21, now=now, **LEA
        )

        assert ml_config_for(tenant).retrain_cooldown_days == 21
        assert ml_config_for(other_tenant).retrain_cooldown_days != 21

    def test_refuses_a_value_that_does_not_fit_and_keeps_the_old_one(self, tenant, now):
        before = ml_config_for(tenant)

        with pytest.raises(InvalidConfiguration, match="RETRAIN_COOLDOWN_DAYS"):
            policy_switch.override_ml_config(
                tenant=tenant, key="RETRAIN_COOLDOWN_DAYS", value="soon", now=now, **LEA
            )

        assert ml_config_for(tenant) == before
