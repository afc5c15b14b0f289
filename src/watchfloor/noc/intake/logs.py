"""Which log a model type's predictions are in, and that log's operations."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from watchfloor.core.errors import InvalidInput
from watchfloor.ml.models import PredictionLog, ScoredPrediction
from watchfloor.ml.predictions import prediction_log
from watchfloor.noc.intake import fraud_log
from watchfloor.noc.models import FraudPredictionLog
from watchfloor.tenants.models import Tenant

FRAUD_DETECTOR = "fraud_detector"


class Log(Protocol):
    """What both logs can do."""

    def get_many(self, *, tenant: Tenant, ids: Iterable[UUID]) -> Mapping[UUID, Any]: ...

    def set_outcomes(
        self, *, tenant: Tenant, values: Mapping[UUID, tuple[float, datetime]]
    ) -> None: ...

    def features_of(
        self, *, tenant: Tenant, ids: Iterable[UUID]
    ) -> dict[UUID, Mapping[str, Any]]: ...


_LOGS: dict[str, Log] = {prediction_log.LOG: prediction_log, fraud_log.LOG: fraud_log}
_TABLES: dict[str, type[ScoredPrediction]] = {
    prediction_log.LOG: PredictionLog,
    fraud_log.LOG: FraudPredictionLog,
}


def log_of(model_type: str) -> str:
    """Return the name of the log that holds a model type's predictions."""
    return fraud_log.LOG if model_type == FRAUD_DETECTOR else prediction_log.LOG


def get_log(name: str) -> Log:
    """
    Return a log by name.

    Raises:
        InvalidInput: there is no such log.
    """
    if name not in _LOGS:
        raise InvalidInput(field="log", value=name, expected=f"one of {', '.join(_LOGS)}")
    return _LOGS[name]


def table_of(name: str) -> type[ScoredPrediction]:
    """Return the table of a log."""
    get_log(name)
    return _TABLES[name]


def tables() -> list[type[ScoredPrediction]]:
    """Return the tables of all logs."""
    return list(_TABLES.values())


def event_ids_of(*, tenant: Tenant, log: str, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the sender's id of each predicted event."""
    rows = table_of(log)._default_manager.filter(tenant_id=tenant.pk, id__in=list(ids))
    return dict(rows.values_list("id", "event_id"))
