"""Thirty days of a help desk's model: two sites and none, late outcomes, two calibrations."""

from datetime import UTC, datetime, timedelta

import numpy as np

from watchfloor.ml.predictions import rollups
from watchfloor.tenants.models import Site
from watchfloor.workflows import calibration_load, outcome_feedback
from watchfloor.workflows.outcome_feedback import OutcomeRequest
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DESK = "sla_breach"
DAYS, A_DAY = 30, 24
SITES = ("harbour-gate", "north-campus", None)


def fill(tenant, *, now=NOON):
    """Post, tell and calibrate as a desk would; return the tenant."""
    Site.objects.filter(code="harbour-gate").update(site_group="harbour")
    Site.objects.filter(code="north-campus").update(site_group="north")
    rng = np.random.default_rng(20260302)
    for day in range(DAYS, -1, -1):
        at = now - timedelta(days=day)
        scores = np.round(rng.beta(0.7, 1.4, A_DAY), 3)
        requests = [
            PredictionRequest(
                event_id=f"INC{day:02d}{i:02d}",
                source="itsm",
                model_type=DESK,
                entity_type="incident",
                entity_id=f"INC{day:02d}{i:02d}",
                occurred_at=at - timedelta(minutes=i),
                score=None if i == 0 else float(score),
                model_version=None if i == 0 else "v1",
                site=SITES[i % 3],
            )
            for i, score in enumerate(scores)
        ]
        handle_predictions(tenant=tenant, requests=requests, now=at)
        _tell(tenant, requests, rng, at)
        if day in {20, 10}:
            _calibrate(tenant, at)
    rollups.compact_all(tenant=tenant)
    return tenant


def _tell(tenant, requests, rng, at):
    told = [
        OutcomeRequest(
            event=("itsm", request.event_id),
            value=float(rng.random() < (request.score or 0.5)),
            known_at=at,
            source="api",
            labeller="desk",
            dedupe_key=request.event_id,
            propensity=0.7,
        )
        for request in requests
        if rng.random() < 0.7
    ]
    outcome_feedback.record_outcomes(tenant=tenant, log="prediction", requests=told, now=at)


def _calibrate(tenant, at):
    loading = calibration_load.from_log(
        tenant=tenant, source="prediction_log", model_type=DESK, version="v1", days=30, now=at
    )
    calibration_load.load(tenant=tenant, loading=loading, min_samples=30, actor="cli:test", now=at)
