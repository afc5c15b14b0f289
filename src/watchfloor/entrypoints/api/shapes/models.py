"""Model versions and what each did on each day."""

from typing import Any

from rest_framework import serializers

from watchfloor.entrypoints.api.fields import Name, RowId
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.paging import MOST_ROWS, DayKey, PageQuery
from watchfloor.ml.models.registry import ModelRole


class ModelQuery(PageQuery):
    """Which model versions."""

    model_type = Name(50, required=False)


class MetricQuery(Strict):
    """Which days of metrics."""

    after = DayKey(required=False, help_text="`next` of the page before.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MOST_ROWS)
    model_type = Name(50, required=False)


class ModelOut(serializers.Serializer[Any]):
    """One model version."""

    id = RowId(source="version.pk")
    model_type = serializers.CharField(source="version.model_type")
    version = serializers.CharField(source="version.version")
    role = serializers.ChoiceField(choices=ModelRole.choices, source="version.role")
    is_serving = serializers.BooleanField()
    calibration_sha256 = serializers.CharField(allow_blank=True)
    artifact_sha256 = serializers.CharField(
        source="version.artifact_sha256", allow_blank=True, help_text="Empty: it scores elsewhere."
    )
    trained_at = serializers.DateTimeField(source="version.trained_at", allow_null=True)
    created_at = serializers.DateTimeField(source="version.created_at")
    manifest = serializers.DictField(source="version.manifest")


class MetricOut(serializers.Serializer[Any]):
    """One day of one model version; a rate is null where it is not defined."""

    id = RowId()
    model_type = serializers.CharField()
    model_version = serializers.CharField()
    metric_date = serializers.DateField()
    total_predictions = serializers.IntegerField()
    predictions_with_outcomes = serializers.IntegerField()
    true_positives = serializers.IntegerField()
    false_positives = serializers.IntegerField()
    true_negatives = serializers.IntegerField()
    false_negatives = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True)
    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)
    f1_score = serializers.FloatField(allow_null=True)
    pr_auc = serializers.FloatField(allow_null=True)
    roc_auc = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)
    ece = serializers.FloatField(allow_null=True)
    mean_score = serializers.FloatField(allow_null=True)
    coverage_90 = serializers.FloatField(allow_null=True)
    coverage_95 = serializers.FloatField(allow_null=True)
    coverage_99 = serializers.FloatField(allow_null=True)
    avg_confidence_interval_width = serializers.FloatField(allow_null=True)
    total_decisions = serializers.IntegerField()
    automated_decisions = serializers.IntegerField()
    manual_review_decisions = serializers.IntegerField()
    is_degraded = serializers.BooleanField()
    computed_at = serializers.DateTimeField()
