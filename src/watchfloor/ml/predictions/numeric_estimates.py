"""Estimates of numbers: write them beside their predictions, find them, set what became known."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from watchfloor.core.errors import InvalidInput
from watchfloor.ml.models import NumericEstimate, PredictionLog
from watchfloor.tenants.models import Tenant

# Statements about numbers are records of a log of their own: no reader of events meets them.
LOG = "number"


@dataclass(frozen=True, slots=True)
class Number:
    """An estimate as it was posted; sigma None where the model does not say how sure it is."""

    estimate: float
    unit: str
    sigma: float | None = None


def unit_of(*, tenant: Tenant, model_type: str, version: str) -> str | None:
    """Return the unit in which a version has estimated so far; None while it has not."""
    rows = NumericEstimate.objects.for_tenant(tenant).filter(
        model_type=model_type, model_version=version
    )
    return rows.order_by("occurred_at").values_list("unit", flat=True).first()


def refusal_of(number: Number, *, unit: str | None) -> InvalidInput | None:
    """Return why an estimate is not taken; `unit` is the one its version keeps to, if any."""
    if not math.isfinite(number.estimate):
        return InvalidInput(field="estimate", value=number.estimate, expected="a finite number")
    if number.sigma is not None and not 0 <= number.sigma < math.inf:
        return InvalidInput(field="sigma", value=number.sigma, expected="a number from 0 on")
    if not number.unit:
        return InvalidInput(field="unit", value=number.unit, expected="the unit of the estimate")
    if unit is not None and number.unit != unit:
        return InvalidInput(
            field="unit", value=number.unit, expected=f"{unit}, as this version has it"
        )
    return None


def write(
    *,
    tenant: Tenant,
    rows: Sequence[PredictionLog],
    numbers: Sequence[Number],
    calibrations: Mapping[str, str],
) -> None:
    """
    Store the estimate of each logged prediction, in the transaction that logs them.

    Args:
        calibrations: digest in force by version; a version without one has none yet.
    """
    NumericEstimate.objects.bulk_create(
        NumericEstimate(
            tenant=tenant,
            prediction_id=row.id,
            occurred_at=row.occurred_at,
            model_type=row.model_type,
            model_version=row.model_version,
            entity_id=row.entity_id,
            estimate=number.estimate,
            sigma=number.sigma,
            unit=number.unit,
            calibration_sha256=calibrations.get(row.model_version, ""),
        )
        for row, number in zip(rows, numbers, strict=True)
    )


def find_many(*, tenant: Tenant, ids: Iterable[UUID]) -> dict[UUID, NumericEstimate]:
    """Return estimates by the id of their prediction; predictions of events have none."""
    wanted = list(ids)
    found: dict[UUID, NumericEstimate] = {}
    for start in range(0, len(wanted), 5000):
        rows = NumericEstimate.objects.for_tenant(tenant).filter(
            prediction_id__in=wanted[start : start + 5000]
        )
        found.update((row.prediction_id, row) for row in rows)
    return found


def set_outcomes(*, tenant: Tenant, values: Mapping[UUID, tuple[float, datetime, float]]) -> None:
    """Write known numbers, since when they are known, and the chance of becoming known."""
    rows = list(NumericEstimate.objects.for_tenant(tenant).filter(prediction_id__in=list(values)))
    for row in rows:
        row.outcome, row.outcome_known_at, row.propensity = values[row.prediction_id]
    NumericEstimate.objects.bulk_update(rows, ["outcome", "outcome_known_at", "propensity"])


def versions_since(*, tenant: Tenant, since: datetime) -> list[tuple[str, str]]:
    """Return (model type, version) of estimates since a moment, by name."""
    rows = NumericEstimate.objects.for_tenant(tenant).filter(occurred_at__gte=since)
    return sorted(set(rows.values_list("model_type", "model_version").order_by().distinct()))


def of_version(
    *, tenant: Tenant, model_type: str, version: str, since: datetime
) -> list[NumericEstimate]:
    """Return a version's estimates since a moment, known outcome or not, oldest first."""
    rows = NumericEstimate.objects.for_tenant(tenant).filter(
        model_type=model_type, model_version=version, occurred_at__gte=since
    )
    return list(rows.order_by("occurred_at", "prediction_id"))
