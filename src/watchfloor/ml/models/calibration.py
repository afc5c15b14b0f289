"""Calibration sets: where each came from, by which rule it was cut, and what it promised."""

from typing import ClassVar

from django.db import models

from watchfloor.ml.models.registry import ModelVersion
from watchfloor.tenants.scoping import TenantRow

# What counts as an event: the newest statement about the prediction, whoever made it.
RECORDED = "recorded"


class CutReason(models.TextChoices):
    """Why a set was cut."""

    FIRST = "first", "First model"
    PROMOTION = "promotion", "Promotion"
    WEEKLY = "weekly", "Weekly"
    DRIFT_CLEARED = "drift_cleared", "Drift cleared"
    LOAD = "load", "Loaded by hand"


class CalibrationSet(TenantRow):
    """
    One calibration of one model version; its numbers are an immutable blob named by `sha256`.

    A row is never changed and never deleted: the database refuses it. Which set serves is the
    stack's to say.
    """

    # identity
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    outcome_definition = models.CharField(max_length=60, default=RECORDED)
    sha256 = models.CharField(max_length=64)
    # Empty in rows that are older than the column.
    reason = models.CharField(max_length=20, choices=CutReason.choices, blank=True)
    created_at = models.DateTimeField()

    # which rows: outcomes, holdout, prediction_log, fraud_log, csv
    source = models.CharField(max_length=40)
    rows_sha256 = models.CharField(max_length=64, blank=True)
    n = models.PositiveIntegerField()
    n_positive = models.PositiveIntegerField()
    n_effective = models.FloatField(null=True)
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    # Only predictions at least so old are in it: by then their outcomes are as good as known.
    label_delay_s = models.FloatField(null=True)
    cohort_rule = models.TextField(blank=True)
    provenance = models.JSONField(default=dict)

    # what it promises
    eps_ticket = models.FloatField(null=True)
    eps_clear = models.FloatField(null=True)
    delta = models.FloatField(null=True)
    levels = models.JSONField(default=dict)
    self_test = models.JSONField(default=dict)
    # Null where too few rows could be checked.
    self_test_passed = models.BooleanField(null=True)

    class Meta:
        db_table = "ml_calibration_set"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_version", "outcome_definition", "sha256"],
                name="calibration_set_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_version} n={self.n}"
