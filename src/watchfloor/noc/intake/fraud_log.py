"""The log of predictions about check-ins: write in bulk, find again, set what became known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from watchfloor.ml.predictions import prediction_log
from watchfloor.noc.models import FraudPredictionLog
from watchfloor.tenants.models import Tenant

LOG = "fraud"


def write(rows: Sequence[FraudPredictionLog]) -> None:
    """Store new predictions, in the transaction that stored their signals."""
    FraudPredictionLog.objects.bulk_create(rows)


def get_many(*, tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, FraudPredictionLog]:
    """Return this tenant's predictions by id; ids of others are simply not found."""
    rows = FraudPredictionLog.objects.for_tenant(tenant).select_related("site", "person")
    return {row.id: row for row in rows.filter(id__in=list(ids))}


def set_outcomes(*, tenant: Tenant, values: Mapping[UUID, tuple[float, datetime]]) -> None:
    """Write known outcomes onto their predictions."""
    rows = list(FraudPredictionLog.objects.for_tenant(tenant).filter(id__in=list(values)))
    for row in rows:
        row.outcome, row.outcome_known_at = values[row.id]
        row.actual_fraud_detected = row.outcome >= 0.5
    FraudPredictionLog.objects.bulk_update(
        rows, ["outcome", "outcome_known_at", "actual_fraud_detected"]
    )


def features_of(*, tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Return the features that were served for each prediction."""
    return prediction_log.features_in(FraudPredictionLog, tenant=tenant, ids=ids)
