"""What turned out to be true, who says so, and since when it could be known."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.tenants.scoping import TenantRow


class OutcomeRecord(TenantRow):
    """One statement about one prediction; a later one supersedes it and both stay."""

    # which log the prediction is in: "prediction" or "fraud"
    log = models.CharField(max_length=20)
    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    # the score and the local day it was given on, so that monitors need no join
    score = models.FloatField(null=True)
    local_day = models.DateField()
    value = models.FloatField()
    # ticket, review, audit_sample, api, replay
    source = models.CharField(max_length=30)
    labeller = models.CharField(max_length=120)
    # Probability that this prediction would be labelled at all; 1 for whole streams.
    propensity = models.FloatField(default=1.0)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    dedupe_key = models.CharField(max_length=200)
    is_current = models.BooleanField(default=True)

    class Meta:
        db_table = "ml_outcome"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "dedupe_key"], name="outcome_once"),
            models.UniqueConstraint(
                fields=["tenant", "prediction_id"],
                condition=Q(is_current=True),
                name="one_current_outcome_per_prediction",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "model_type", "known_at"], name="ml_outcome_known")
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id} = {self.value} ({self.source})"
