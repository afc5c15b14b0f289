"""Retrain jobs with their safeguards, and the watch after a promotion."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.ml.models.registry import ModelStack, ModelVersion, TrainingDataset
from watchfloor.tenants.scoping import TenantRow


class RetrainState(models.TextChoices):
    """Life of a retrain job; the words are shown to operators."""

    BLOCKED = "blocked", "Blocked"
    AWAITING_APPROVAL = "awaiting_approval", "Awaiting approval"
    QUEUED = "queued", "Queued"
    TRAINING = "training", "Training"
    VALIDATING = "validating", "Validating"
    REJECTED = "rejected", "Rejected"
    WATCHING = "watching", "Watching"
    CONFIRMED = "confirmed", "Confirmed"
    ROLLED_BACK = "rolled_back", "Rolled back"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    FAILED = "failed", "Failed"


ACTIVE_STATES = (
    RetrainState.AWAITING_APPROVAL,
    RetrainState.QUEUED,
    RetrainState.TRAINING,
    RetrainState.VALIDATING,
    RetrainState.WATCHING,
)


class RetrainJob(TenantRow):
    """One request to retrain one model type, from the request to its end."""

    model_type = models.CharField(max_length=50)
    state = models.CharField(max_length=20, choices=RetrainState.choices)
    # "drift:<report id>" or "user:<id>"; asked twice by one cause it is one job
    requested_by = models.CharField(max_length=80)
    severity = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    progress = models.FloatField(default=0.0)
    note = models.TextField(blank=True)
    dataset = models.ForeignKey(TrainingDataset, models.PROTECT, null=True, related_name="+")
    challenger = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="+")
    validation = models.JSONField(default=dict)

    class Meta:
        db_table = "ml_retrain_job"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type"],
                condition=Q(state__in=[state.value for state in ACTIVE_STATES]),
                name="one_active_retrain_job",
            ),
            models.UniqueConstraint(
                fields=["tenant", "model_type", "requested_by"], name="retrain_job_once_per_cause"
            ),
        ]

    def __str__(self) -> str:
        return f"retrain {self.model_type} {self.state}"


class RetrainSafeguard(TenantRow):
    """The verdict of one of the five safeguards on one job."""

    job = models.ForeignKey(RetrainJob, models.CASCADE, related_name="safeguards")
    safeguard = models.CharField(max_length=20)
    passed = models.BooleanField()
    reason = models.TextField()

    class Meta:
        db_table = "ml_retrain_safeguard"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "safeguard"], name="safeguard_once_per_job")
        ]

    def __str__(self) -> str:
        return f"{self.safeguard} {'passed' if self.passed else 'refused'}"


class RollbackWatch(TenantRow):
    """The paired comparison of a promoted stack with the one it replaced."""

    model_type = models.CharField(max_length=50)
    job = models.OneToOneField(RetrainJob, models.PROTECT, related_name="watch")
    new_stack = models.ForeignKey(ModelStack, models.PROTECT, related_name="+")
    old_stack = models.ForeignKey(ModelStack, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    state = models.CharField(max_length=20, default="watching")
    # Canonical bytes of core.lifecycle.rollback.PairedWatch.
    evidence = models.BinaryField()
    n_pairs = models.PositiveIntegerField(default=0)
    last_outcome_id = models.BigIntegerField(default=0)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ml_rollback_watch"

    def __str__(self) -> str:
        return f"watch of {self.new_stack} {self.state}"
