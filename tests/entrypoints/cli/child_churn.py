"""Write a tenant whose churn model serves, and a retrain of it that is due, into a database."""

import os
from datetime import UTC, datetime, timedelta

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchfloor.config.settings")

import django

django.setup()

from cast import acme

from watchfloor.entrypoints import clock
from watchfloor.ledger import due
from watchfloor.ledger.clock import set_clock
from watchfloor.ml.retraining import auto_retrain
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import safe_retrain
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

CHURN = "churn"
N_CLIENTS = 400
MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# Ten minutes pass in a second: an attempt that is made later has another time.
SPEED = 600.0


def live(tenant: Tenant, at: datetime, *, name: str) -> datetime:
    """Predict about clients and learn an hour later who left; return that hour."""
    visits = np.random.default_rng([3, ord(name)]).uniform(size=N_CLIENTS)
    later = at + timedelta(hours=1)
    results = handle_predictions(
        tenant=tenant,
        requests=[
            PredictionRequest(
                event_id=f"{name}{place}",
                source="crm",
                model_type=CHURN,
                entity_type="client",
                entity_id=f"{name}{place}",
                occurred_at=at + timedelta(seconds=place),
                features={"visits": float(value)},
            )
            for place, value in enumerate(visits)
        ],
        now=later,
    )
    record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                prediction_id=result.id,
                value=float(value > 0.6),
                known_at=later,
                source="crm",
                labeller="crm",
                dedupe_key=f"{name}{place}",
            )
            for place, (result, value) in enumerate(zip(results, visits, strict=True))
        ],
        now=later,
    )
    return later


def main() -> None:
    """Let a first model serve a day, and time pass from the moment at which the job is due."""
    tenant = acme(now=MONDAY)
    safe_retrain.first_model(tenant=tenant, model_type=CHURN, now=live(tenant, MONDAY, name="a"))
    at = live(tenant, MONDAY + timedelta(days=1), name="b")
    job = auto_retrain.open_job(
        tenant=tenant,
        model_type=CHURN,
        requested_by="user:mia",
        severity="HIGH",
        verdicts=(),
        needs_approval=False,
        now=at,
    )
    due.plan(
        tenant=tenant,
        kind=auto_retrain.RETRAIN,
        dedupe_key=f"retrain:{job.pk}",
        due_at=at,
        payload={"job_id": job.pk},
    )
    set_clock(virtual_now=at, speed=SPEED, real_now=clock.real_now())


if __name__ == "__main__":
    main()
