"""Deeds are written once: the database refuses changes, and a chain shows any."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class ChainedRow(TenantRow):
    """A row whose hash covers its content and the hash of the tenant's row before it."""

    seq = models.BigIntegerField()
    at = models.DateTimeField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        abstract = True


class AuditEntry(ChainedRow):
    """Who did what to which thing, when and why."""

    # "user:17", "token:ab12", "system:safe_retrain": an actor outlives its row.
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=60)
    target_id = models.CharField(max_length=80)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "ledger_audit"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="audit_seq_once_per_tenant")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-at"], name="ledger_audit_recent")]

    def __str__(self) -> str:
        return f"{self.seq} {self.actor} {self.action} {self.target_kind}:{self.target_id}"
