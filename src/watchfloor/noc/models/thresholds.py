"""Numbers an operator may turn, and the append-only record of every turn."""

from typing import ClassVar

from django.db import models

from watchfloor.ledger.models.audit import ChainedRow
from watchfloor.tenants.scoping import TenantRow


class Threshold(TenantRow):
    """One number that differs from its default, for one scope of one tenant."""

    # tenant, site, model_type; the scope id is a code of that kind
    scope_kind = models.CharField(max_length=20)
    scope_id = models.CharField(max_length=60)
    # unit, range and default live in core.thresholds
    key = models.CharField(max_length=60)
    value = models.FloatField()
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "noc_threshold"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "scope_kind", "scope_id", "key"], name="threshold_once_per_scope"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}={self.value} at {self.scope_kind} {self.scope_id}"


class ThresholdAuditLog(ChainedRow):
    """Who moved a threshold, from what to what and why; undoing it is a new row."""

    scope_kind = models.CharField(max_length=20)
    scope_id = models.CharField(max_length=60)
    key = models.CharField(max_length=60)
    # null: the default was in force
    old_value = models.FloatField(null=True)
    new_value = models.FloatField(null=True)
    actor = models.CharField(max_length=120)
    change_reason = models.TextField()
    simulation = models.JSONField(default=dict)
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "noc_threshold_audit_log"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "seq"], name="threshold_audit_seq_once_per_tenant"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.old_value} -> {self.new_value}"


class ProposalState(models.TextChoices):
    """What became of a proposal."""

    WAITING = "waiting", "waiting"
    APPLIED = "applied", "applied"
    REFUSED = "refused", "refused"


class ThresholdProposal(TenantRow):
    """Thresholds that one person wants to move and another has to agree to."""

    model_type = models.CharField(max_length=50)
    # [{"key", "value", "version", "before"}]; value null: back to the default
    changes = models.JSONField()
    reason = models.TextField()
    simulation = models.JSONField(default=dict)
    proposed_by = models.CharField(max_length=120)
    proposed_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=ProposalState.choices, default=ProposalState.WAITING
    )
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True)

    class Meta:
        db_table = "noc_threshold_proposal"
        constraints: ClassVar = [
            # The wall behind the rule: whatever code forgets, nobody approves what they proposed.
            models.CheckConstraint(
                condition=~models.Q(state=ProposalState.APPLIED)
                | ~models.Q(decided_by=models.F("proposed_by")),
                name="threshold_proposal_second_person",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "state", "model_type"], name="noc_threshold_proposal_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.state} by {self.proposed_by}"


class WatchState(models.TextChoices):
    """What a watch has found."""

    RUNNING = "running", "running"
    KEPT = "kept", "as promised"
    BROKEN = "broken", "not as promised"
    OVERTAKEN = "overtaken", "moved again meanwhile"
    NOTHING = "nothing", "nothing came"


class ThresholdWatch(TenantRow):
    """A day after thresholds moved: what came, beside what the simulation had promised."""

    model_type = models.CharField(max_length=50)
    # Ids of the changes that are watched.
    changes = models.JSONField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=WatchState.choices, default=WatchState.RUNNING)
    checked_at = models.DateTimeField(null=True)
    # [{"figure", "promised", "realised", "n", "chance", "is_broken"}]
    findings = models.JSONField(default=list)
    # The way back that was proposed, where something was broken.
    proposal = models.ForeignKey(ThresholdProposal, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "noc_threshold_watch"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "model_type", "-id"], name="noc_threshold_watch_newest")
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.state} since {self.started_at}"
