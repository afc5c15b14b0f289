"""A model that runs elsewhere, with a calibration under which high scores are certified."""

from dataclasses import replace
from datetime import datetime, timedelta

from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import calibration_load, policy_switch
from watchfloor.workflows.calibration_load import FileRow
from watchfloor.workflows.prediction_intake import (
    PredictionRequest,
    PredictionResult,
    handle_predictions,
)

MODEL_TYPE, VERSION = "sla_breach", "2026-03"
HIGH, CRITICAL, MEDIUM, LOW = 0.7, 0.9, 0.5, 0.1
WHO = "user:lea"


def request(n: int, *, at: datetime, entity: str = "", score: float = HIGH) -> PredictionRequest:
    """Return the n-th event, about a thing of its own unless it is named."""
    return PredictionRequest(
        event_id=f"e{n}",
        source="itsm",
        model_type=MODEL_TYPE,
        entity_type="incident",
        entity_id=entity or f"INC{n}",
        occurred_at=at,
        features={"priority": 1 + n % 4},
        score=score,
        model_version=VERSION,
        site="harbour-gate",
    )


def serve(tenant: Tenant, *, now: datetime) -> None:
    """Let the model serve, certified at the promises in force: what it calls high is real."""
    first = replace(request(0, at=now), score=0.0, site=None)
    handle_predictions(tenant=tenant, requests=[first], now=now)
    calibrate(tenant, now=now)


def calibrate(tenant: Tenant, *, now: datetime) -> None:
    """Give it a calibration of 1,200 outcomes, perfect at both ends and mixed in the middle."""
    rows = [(CRITICAL, 1.0)] * 150 + [(HIGH, 1.0)] * 150 + [(LOW, 0.0)] * 800
    rows += [(MEDIUM, float(n % 2)) for n in range(100)]
    loading = calibration_load.from_file(
        tenant=tenant,
        model_type=MODEL_TYPE,
        version=VERSION,
        lines=[
            FileRow(line=line, prediction=score, actual=outcome)
            for line, (score, outcome) in enumerate(rows, start=2)
        ],
        stated_not_trained_on=True,
    )
    calibration_load.load(tenant=tenant, loading=loading, min_samples=30, actor=WHO, now=now)


def switch_on(tenant: Tenant, *flags: Flag, now: datetime) -> None:
    """Switch automations on."""
    for flag in flags:
        policy_switch.switch_flag(
            tenant=tenant, flag=flag, is_on=True, actor=WHO, reason="test", now=now
        )


def post(
    tenant: Tenant, *requests: PredictionRequest, after: timedelta = timedelta()
) -> list[PredictionResult]:
    """Post events at the time of the last one, or some time after it."""
    now = max(each.occurred_at for each in requests) + after
    results = handle_predictions(tenant=tenant, requests=requests, now=now)
    assert all(isinstance(each, PredictionResult) for each in results)
    return results
