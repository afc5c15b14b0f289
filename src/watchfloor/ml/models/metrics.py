"""What a model did on one local day of its tenant, recomputed as late outcomes arrive."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class ModelPerformanceMetrics(TenantRow):
    """One day of one model version; a rate is null where it is not defined, never 0."""

    # identity and window
    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    metric_date = models.DateField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()

    # counts
    total_predictions = models.PositiveIntegerField()
    predictions_with_outcomes = models.PositiveIntegerField()
    true_positives = models.PositiveIntegerField()
    false_positives = models.PositiveIntegerField()
    true_negatives = models.PositiveIntegerField()
    false_negatives = models.PositiveIntegerField()

    # quality at the review threshold, and of the score
    accuracy = models.FloatField(null=True)
    precision = models.FloatField(null=True)
    recall = models.FloatField(null=True)
    f1_score = models.FloatField(null=True)
    pr_auc = models.FloatField(null=True)
    roc_auc = models.FloatField(null=True)
    brier = models.FloatField(null=True)
    ece = models.FloatField(null=True)
    mean_score = models.FloatField(null=True)

    # interval
    avg_confidence_interval_width = models.FloatField(null=True)
    narrow_interval_percentage = models.FloatField(null=True)
    avg_calibration_score = models.FloatField(null=True)
    coverage_90 = models.FloatField(null=True)
    coverage_95 = models.FloatField(null=True)
    coverage_99 = models.FloatField(null=True)

    # serving
    total_decisions = models.PositiveIntegerField(default=0)
    automated_decisions = models.PositiveIntegerField(default=0)
    manual_review_decisions = models.PositiveIntegerField(default=0)
    # the automated ones apart, and what was added to an open ticket; null on rows of before
    auto_ticket_decisions = models.PositiveIntegerField(null=True)
    auto_clear_decisions = models.PositiveIntegerField(null=True)
    duplicate_decisions = models.PositiveIntegerField(null=True)

    # drift
    statistical_drift_pvalue = models.FloatField(null=True)
    performance_delta_from_baseline = models.FloatField(null=True)
    is_degraded = models.BooleanField(default=False)

    created_at = models.DateTimeField()
    computed_at = models.DateTimeField()

    class Meta:
        db_table = "ml_model_performance_metrics"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version", "metric_date"],
                name="metrics_once_per_model_day",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "model_type", "-metric_date"], name="ml_metrics_recent")
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.model_version} {self.metric_date}"
