"""A threshold moves by compare-and-set, with a reason, and can be taken back."""

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from watchfloor.core.errors import ChangedMeanwhile, InvalidInput, NotFound, SecondPersonWanted
from watchfloor.ledger import audit
from watchfloor.ledger.models import AuditEntry
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import ThresholdAuditLog, ThresholdProposal
from watchfloor.workflows import threshold_change
from watchfloor.workflows.threshold_change import Change

pytestmark = pytest.mark.django_db


def _move(tenant, now, value, version, **changes):
    arguments = {
        "model_type": "churn",
        "key": "review_score",
        "actor": "user:lea",
        "reason": "too many reviews",
    }
    return threshold_change.apply(
        tenant=tenant, value=value, expected_version=version, now=now, **{**arguments, **changes}
    )


def _value(tenant):
    return thresholds.values_in_force(tenant=tenant, model_type="churn")["review_score"]


class TestApply:
    def test_is_in_force_at_once_and_for_that_tenant_alone(self, tenant, other_tenant, now):
        _move(tenant, now, 0.55, 0)

        assert _value(tenant) == 0.55
        assert _value(other_tenant) == 0.4

    def test_lets_one_of_two_operators_win(self, tenant, now):
        _move(tenant, now, 0.55, 0)

        with pytest.raises(ChangedMeanwhile, match="version 0"):
            _move(tenant, now, 0.6, 0)
        assert _value(tenant) == 0.55

    @pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
    def test_refuses_a_value_out_of_range(self, tenant, now, value):
        with pytest.raises(InvalidInput, match="review_score"):
            _move(tenant, now, value, 0)

    def test_refuses_an_unknown_threshold_and_an_empty_reason(self, tenant, now):
        with pytest.raises(InvalidInput, match="key"):
            _move(tenant, now, 0.5, 0, key="speed")
        with pytest.raises(InvalidInput, match="reason"):
            _move(tenant, now, 0.5, 0, reason="")

    def test_gives_a_threshold_back_to_its_default(self, tenant, now):
        _move(tenant, now, 0.55, 0)

        _move(tenant, now, None, 1)

        assert _value(tenant) == 0.4


class TestTakeBack:
    def test_restores_the_former_value_by_a_row_that_points_to_the_change(self, tenant, now):
        _move(tenant, now, 0.5, 0)
        change = _move(tenant, now, 0.7, 1)

        undone = threshold_change.take_back(
            tenant=tenant, entry_id=change.pk, actor="user:lea", reason="worse", now=now
        )

        assert _value(tenant) == 0.5
        assert undone.undoes == change
        assert audit.verify_chain(tenant=tenant, table=ThresholdAuditLog).is_whole

    def test_does_not_know_another_tenants_change(self, tenant, other_tenant, now):
        change = _move(tenant, now, 0.5, 0)

        with pytest.raises(NotFound):
            threshold_change.take_back(
                tenant=other_tenant, entry_id=change.pk, actor="user:eve", reason="x", now=now
            )


class TestTheRecord:
    def test_cannot_be_changed(self, tenant, now):
        change = _move(tenant, now, 0.5, 0)

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            ThresholdAuditLog.objects.filter(pk=change.pk).update(change_reason="none")


class TestSecondPerson:
    @pytest.mark.parametrize(
        ("key", "value"),
        [("review_score", 0.75), ("eps_ticket", 0.4), ("width_limit", 0.6), ("alone_step", 0.31)],
    )
    def test_is_wanted_for_a_step_that_is_large_or_would_allow_one(self, tenant, now, key, value):
        with pytest.raises(SecondPersonWanted, match=key):
            _move(tenant, now, value, 0, key=key)

    @pytest.mark.parametrize(
        ("key", "value"),
        [("review_score", 0.7), ("ticket_cap", 5_000), ("alone_step", 0.1)],
    )
    def test_is_not_wanted_for_a_small_step_a_limit_or_more_care(self, tenant, now, key, value):
        assert _move(tenant, now, value, 0, key=key).new_value == value

    def test_is_wanted_for_any_step_where_the_tenant_says_so(self, tenant, now):
        _move(tenant, now, 0.0, 0, key="alone_step")

        with pytest.raises(SecondPersonWanted):
            _move(tenant, now, 0.41, 0)

    def test_is_not_asked_of_the_system_nor_to_take_a_change_back(self, tenant, now):
        _move(tenant, now, 0.9, 0, actor="system:sample")
        change = _move(tenant, now, 0.1, 1, actor="system:sample")

        threshold_change.take_back(
            tenant=tenant, entry_id=change.pk, actor="user:lea", reason="worse", now=now
        )

        assert _value(tenant) == 0.9

    def test_is_held_by_the_database_whatever_code_forgets(self, tenant, now):
        row = threshold_change.propose(
            tenant=tenant,
            model_type="churn",
            changes=[Change("review_score", 0.9, 0)],
            actor="user:lea",
            reason="a quiet week",
            now=now,
        )

        with pytest.raises(IntegrityError), transaction.atomic():
            ThresholdProposal.objects.filter(pk=row.pk).update(
                state="applied", decided_by="user:lea"
            )

    def test_is_written_into_the_audit_with_both_names(self, tenant, now):
        row = threshold_change.propose(
            tenant=tenant,
            model_type="churn",
            changes=[Change("review_score", 0.9, 0)],
            actor="user:lea",
            reason="a quiet week",
            now=now,
        )

        threshold_change.approve(
            tenant=tenant, proposal_id=row.pk, actor="user:omar", reason="seen", now=now
        )

        deeds = AuditEntry.objects.for_tenant(tenant).filter(target_kind="threshold_proposal")
        assert [(deed.action, deed.actor) for deed in deeds.order_by("seq")] == [
            ("threshold.proposed", "user:lea"),
            ("threshold.approved", "user:omar"),
        ]
        assert _value(tenant) == 0.9


class TestSnapshot:
    def test_restores_every_threshold_byte_for_byte(self, tenant, now):
        _move(tenant, now, 0.55, 0)
        kept = thresholds.snapshot(tenant=tenant, model_type="churn")
        _move(tenant, now, 0.8, 1)

        moved = thresholds.restore(
            tenant=tenant,
            model_type="churn",
            content=kept,
            actor="system:safe_retrain",
            reason="rollback",
            now=now,
        )

        assert len(moved) == 1
        assert thresholds.snapshot(tenant=tenant, model_type="churn") == kept
