"""Predictions whose outcome is a number in a unit, and the calibrations that say how far off."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class NumericEstimate(TenantRow):
    """
    What one prediction estimates; the prediction itself is in its log, without a score.

    Intervals follow from the estimate and the calibration, so they are not stored again.
    """

    # Found by id and never by a foreign key, as every prediction is.
    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    # Rows about one thing depend on one another: a calibration counts things.
    entity_id = models.CharField(max_length=120)

    estimate = models.FloatField()
    # How difficult the model takes this case to be; null where it does not say.
    sigma = models.FloatField(null=True)
    unit = models.CharField(max_length=20)
    calibration_sha256 = models.CharField(max_length=64, blank=True)

    outcome = models.FloatField(null=True)
    outcome_known_at = models.DateTimeField(null=True)
    propensity = models.FloatField(default=1.0)

    class Meta:
        db_table = "ml_numeric_estimate"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "prediction_id"], name="one_estimate_per_prediction"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "model_type", "model_version", "occurred_at"],
                name="ml_estimate_of_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id} = {self.estimate} {self.unit}"


class NumericCalibrationSet(TenantRow):
    """Where one calibration of estimates came from; its numbers are an immutable blob."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)
    n = models.PositiveIntegerField()
    # null: rows are independent
    n_groups = models.PositiveIntegerField(null=True)
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    self_test_passed = models.BooleanField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "ml_numeric_calibration_set"
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "model_type", "model_version", "-created_at"],
                name="ml_numeric_newest_set",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.model_version} n={self.n}"
