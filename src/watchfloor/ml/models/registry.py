"""Model versions and the content-addressed blobs that make one stack."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.tenants.scoping import TenantRow


class ModelRole(models.TextChoices):
    """What a model version is to its model type."""

    CHALLENGER = "challenger", "Challenger"
    CHAMPION = "champion", "Champion"
    RETIRED = "retired", "Retired"
    REJECTED = "rejected", "Rejected"


class Blob(TenantRow):
    """Bytes exactly as first written, named by their digest."""

    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    # lightgbm-json, calibration-json, thresholds-json, monitor-json
    format = models.CharField(max_length=40)
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "ml_blob"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="blob_once_per_tenant")
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.sha256[:12]}"


class ModelVersion(TenantRow):
    """One trained model; what it was trained on stands in its manifest."""

    model_type = models.CharField(max_length=50)
    version = models.CharField(max_length=50)
    role = models.CharField(max_length=20, choices=ModelRole.choices)
    # Empty for a model that scores elsewhere and only posts its predictions here.
    artifact_sha256 = models.CharField(max_length=64, blank=True)
    trained_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    manifest = models.JSONField(default=dict)

    class Meta:
        db_table = "ml_model_version"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "version"], name="model_version_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "model_type"],
                condition=Q(role="champion"),
                name="one_champion_per_model_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.version}"


class ModelStack(TenantRow):
    """Everything that decides together: model, calibration, thresholds, monitor state."""

    model_type = models.CharField(max_length=50)
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    calibration_sha256 = models.CharField(max_length=64, blank=True)
    thresholds_sha256 = models.CharField(max_length=64, blank=True)
    monitor_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "ml_model_stack"

    def __str__(self) -> str:
        return f"stack {self.pk} of {self.model_version}"


class Deployment(TenantRow):
    """What serves one model type of one tenant now, and what last served it well."""

    model_type = models.CharField(max_length=50)
    stack = models.ForeignKey(ModelStack, models.PROTECT, null=True, related_name="+")
    last_known_good = models.ForeignKey(ModelStack, models.PROTECT, null=True, related_name="+")
    # Promotion and rollback compare and set this, so two of them cannot both win.
    pointer_version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "ml_deployment"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type"], name="one_deployment_per_model_type"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_type} at {self.pointer_version}"


class TrainingDataset(TenantRow):
    """Which rows a model was trained on: counts, window and the hash of their ids and values."""

    model_type = models.CharField(max_length=50)
    sha256 = models.CharField(max_length=64)
    n = models.PositiveIntegerField()
    n_positive = models.PositiveIntegerField()
    labels_known_until = models.DateTimeField()
    manifest = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "ml_training_dataset"

    def __str__(self) -> str:
        return f"{self.model_type} {self.n} rows until {self.labels_known_until}"
