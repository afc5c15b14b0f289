"""Deeds are chained, and neither code nor SQL can change one without a trace."""

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from watchfloor.ledger import audit
from watchfloor.ledger.models import AuditEntry

pytestmark = pytest.mark.django_db


def _deed(tenant, now, action="flag.switched"):
    return audit.append(
        tenant=tenant,
        actor="user:1",
        action=action,
        target_kind="flag",
        target_id="auto_ticket",
        reason="pilot begins",
        detail={"before": False, "after": True},
        now=now,
    )


class TestAppend:
    def test_links_each_deed_to_the_one_before_it(self, tenant, now):
        first, second = _deed(tenant, now), _deed(tenant, now)

        assert (first.seq, second.seq) == (1, 2)
        assert second.prev_hash == first.hash
        assert audit.verify_chain(tenant=tenant).is_whole

    def test_keeps_a_chain_for_each_tenant(self, tenant, other_tenant, now):
        _deed(tenant, now)

        alien = _deed(other_tenant, now)

        assert (alien.seq, alien.prev_hash) == (1, audit.FIRST)


class TestTheDatabase:
    def test_refuses_to_change_a_deed(self, tenant, now):
        deed = _deed(tenant, now)

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AuditEntry.objects.filter(pk=deed.pk).update(actor="user:2")

    def test_refuses_to_delete_a_deed(self, tenant, now):
        deed = _deed(tenant, now)

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AuditEntry.objects.filter(pk=deed.pk).delete()


class TestVerifyChain:
    def test_names_the_row_that_somebody_changed_behind_the_triggers(self, tenant, now):
        for _ in range(3):
            _deed(tenant, now)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("ALTER TABLE ledger_audit DISABLE TRIGGER USER")
            else:
                cursor.execute("DROP TRIGGER ledger_audit_no_update")
            cursor.execute("UPDATE ledger_audit SET actor = 'user:9' WHERE seq = 2")

        check = audit.verify_chain(tenant=tenant)

        assert not check.is_whole
        assert check.broken_at == 2

    def test_finds_an_empty_chain_whole(self, tenant):
        assert audit.verify_chain(tenant=tenant).is_whole
