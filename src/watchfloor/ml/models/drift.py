"""Every drift check, the quiet ones included, and the state of the monitors."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class DriftReport(TenantRow):
    """One check of one model version on one local day."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    # score, feature, performance, expected, exchangeability, data_quality, common_cause
    kind = models.CharField(max_length=20)
    day = models.DateField()
    checked_at = models.DateTimeField()
    drifted = models.BooleanField()
    # none, low, medium, high, critical; "insufficient" when there is too little to say
    severity = models.CharField(max_length=20)
    evidence = models.JSONField(default=dict)

    class Meta:
        db_table = "ml_drift_report"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version", "kind", "day"],
                name="drift_check_once_per_day",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "model_type", "-day"], name="ml_drift_recent")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.model_type} {self.day} {self.severity}"


class FeatureDay(TenantRow):
    """
    All features on one local day, in the bins of one model version.

    `n` is how many predictions the day had when it was counted; a day without a row is not
    counted yet. One row holds every feature: a night reads five weeks of each of them.
    """

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    local_day = models.DateField()
    n = models.BigIntegerField()
    # int32 a bin, little-endian, the features one after another as `FeatureBins.places` says;
    # nothing where n is zero.
    counts = models.BinaryField()

    class Meta:
        db_table = "ml_feature_day"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version", "local_day"],
                name="feature_day_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.local_day} n={self.n}"


class PerformanceMonitor(TenantRow):
    """The sequential test that each arriving label of one model version feeds."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    # Canonical bytes of core.drift.performance.Monitor; null while labels are too few.
    state = models.BinaryField(null=True)
    # Labels up to this id have been seen; the next look starts behind it.
    last_outcome_id = models.BigIntegerField(default=0)
    # An episode: from the first alarm until a sound model serves or the errors are back.
    alarmed_at = models.DateTimeField(null=True)
    # When the first event of the rise happened; what is trained next starts there.
    changed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "ml_performance_monitor"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version"], name="one_monitor_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"monitor of {self.model_type} {self.model_version}"


class ExpectedErrorMonitor(TenantRow):
    """The sequential test of one model version that needs no label: it reads scores alone."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    # Canonical bytes of core.drift.performance.Monitor; null when it is to be fitted anew.
    state = models.BinaryField(null=True)
    # Canonical bytes of core.drift.expected_error.ErrorMap.
    error_map = models.BinaryField(null=True)
    # What an answer was when the map was made; another threshold needs another monitor.
    threshold = models.FloatField()
    # Local days up to this one have been seen.
    last_day = models.DateField()
    alarmed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "ml_expected_error_monitor"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version"],
                name="one_expected_error_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"expected error of {self.model_type} {self.model_version}"
