"""Model versions and their daily metrics, page by page, of one tenant."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from watchfloor.ml.models import ModelPerformanceMetrics, ModelVersion
from watchfloor.ml.versions import registry
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One model version, and the calibration it decides with while it serves."""

    version: ModelVersion
    is_serving: bool
    calibration_sha256: str


def versions(
    *, tenant: Tenant, limit: int, after: int | None = None, model_type: str | None = None
) -> list[ListedVersion]:
    """Return versions with an id below `after`, newest first."""
    rows = ModelVersion.objects.for_tenant(tenant)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    if model_type:
        rows = rows.filter(model_type=model_type)
    serving = {
        deployment.stack.model_version_id: deployment.stack.calibration_sha256
        for deployment in registry.deployments_of(tenant)
        if deployment.stack is not None
    }
    return [
        ListedVersion(row, row.pk in serving, serving.get(row.pk, ""))
        for row in rows.order_by("-pk")[:limit]
    ]


def metric_days(
    *,
    tenant: Tenant,
    limit: int,
    after: tuple[date, int] | None = None,
    model_type: str | None = None,
) -> list[ModelPerformanceMetrics]:
    """
    Return days of metrics, newest day first.

    Args:
        after: day and id of the last row somebody has; a day that is computed late has a
            high id, so the id alone would not keep the order.
    """
    rows = ModelPerformanceMetrics.objects.for_tenant(tenant)
    if after is not None:
        day, key = after
        rows = rows.filter(Q(metric_date__lt=day) | Q(metric_date=day, pk__lt=key))
    if model_type:
        rows = rows.filter(model_type=model_type)
    return list(rows.order_by("-metric_date", "-pk")[:limit])
