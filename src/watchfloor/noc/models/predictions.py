"""Predictions about guard check-ins."""

from typing import ClassVar

from django.db import models

from watchfloor.ml.models.predictions import ScoredPrediction


class FraudPredictionLog(ScoredPrediction):
    """How likely one check-in is fraud, and what was decided about it."""

    person = models.ForeignKey("tenants.Person", models.PROTECT, null=True, related_name="+")
    prediction_type = models.CharField(max_length=20, default="ATTENDANCE")
    # The score once more as an exact number, for the reports that round its average in SQL.
    fraud_probability = models.DecimalField(max_digits=9, decimal_places=8, null=True)
    risk_level = models.CharField(max_length=10, blank=True)
    actual_fraud_detected = models.BooleanField(null=True)

    class Meta:
        db_table = "noc_fraud_prediction_log"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-occurred_at"], name="noc_fraud_recent"),
            models.Index(fields=["tenant", "person", "-occurred_at"], name="noc_fraud_person"),
            models.Index(fields=["tenant", "risk_level", "-predicted_at"], name="noc_fraud_risk"),
            models.Index(
                fields=["tenant", "model_type", "occurred_at"],
                condition=models.Q(score__isnull=True),
                name="noc_fraud_unscored",
            ),
            models.Index(
                fields=["tenant", "model_type", "calibration_hash"],
                condition=models.Q(decision__in=["auto_ticket", "suppressed_duplicate"]),
                name="noc_fraud_acted_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} {self.score} {self.decision}"
