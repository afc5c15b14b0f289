"""Models as programs see them: versions, and what each did on each day."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.paging import page, read_query
from watchfloor.entrypoints.api.schema import described, page_of
from watchfloor.entrypoints.api.shapes.models import MetricOut, MetricQuery, ModelOut, ModelQuery
from watchfloor.ml.versions import model_pages
from watchfloor.tenants.roles import Permission

MODEL_EXAMPLE = {
    "id": 5,
    "model_type": "sla_breach",
    "version": "2026-03-01",
    "role": "champion",
    "is_serving": True,
    "calibration_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "artifact_sha256": "",
    "trained_at": None,
    "created_at": "2026-03-01T02:00:00Z",
    "manifest": {"origin": "posted"},
}
METRIC_EXAMPLE = {
    "id": 120,
    "model_type": "sla_breach",
    "model_version": "2026-03-01",
    "metric_date": "2026-03-01",
    "total_predictions": 412,
    "predictions_with_outcomes": 371,
    "true_positives": 61,
    "false_positives": 14,
    "true_negatives": 281,
    "false_negatives": 15,
    "accuracy": 0.922,
    "precision": 0.813,
    "recall": 0.803,
    "f1_score": 0.808,
    "pr_auc": 0.861,
    "roc_auc": 0.944,
    "brier": 0.061,
    "ece": 0.018,
    "mean_score": 0.211,
    "coverage_90": 0.911,
    "coverage_95": 0.954,
    "coverage_99": 0.992,
    "avg_confidence_interval_width": 0.124,
    "total_decisions": 412,
    "automated_decisions": 48,
    "manual_review_decisions": 27,
    "is_degraded": False,
    "computed_at": "2026-03-02T02:00:04Z",
}


class Models(Endpoint):
    """Model versions, newest first."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="models",
        summary="List model versions",
        description="Newest first; at most one version of a model type serves.",
        query=ModelQuery,
        answers={200: page_of(ModelOut, name="ModelPage")},
        example={"items": [MODEL_EXAMPLE], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(ModelQuery, request)
        rows = model_pages.versions(
            tenant=self.actor.tenant,
            limit=asked["limit"] + 1,
            after=asked.get("after"),
            model_type=asked.get("model_type"),
        )
        return Response(
            page(
                rows,
                limit=asked["limit"],
                show=lambda listed: ModelOut(listed).data,
                key=lambda listed: listed.version.pk,
            )
        )


class Metrics(Endpoint):
    """Daily metrics, newest day first."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="models",
        summary="List daily metrics",
        description="Newest day first; days are recomputed while their outcomes come in.",
        query=MetricQuery,
        answers={
            200: page_of(
                MetricOut,
                name="MetricPage",
                next_is=serializers.CharField(allow_null=True, help_text="Day and id."),
            )
        },
        example={"items": [METRIC_EXAMPLE], "next": "2026-03-01.120"},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(MetricQuery, request)
        rows = model_pages.metric_days(
            tenant=self.actor.tenant,
            limit=asked["limit"] + 1,
            after=asked.get("after"),
            model_type=asked.get("model_type"),
        )
        return Response(
            page(
                rows,
                limit=asked["limit"],
                show=lambda day: MetricOut(day).data,
                key=lambda day: f"{day.metric_date.isoformat()}.{day.pk}",
            )
        )
