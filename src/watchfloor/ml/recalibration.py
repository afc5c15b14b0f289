"""Give the serving version a fresh calibration from outcomes that came since."""

from datetime import datetime, timedelta

from watchfloor.ml import conformal_predictor, registry
from watchfloor.ml.models import CalibrationSet, Deployment
from watchfloor.tenants.models import Tenant

# A certificate is spent by looking twice, so a version is not recalibrated every night.
EVERY = timedelta(days=7)
WINDOW = timedelta(days=90)
FEWEST = 100


def recalibrate_if_due(
    *,
    tenant: Tenant,
    deployment: Deployment,
    log: str,
    values: dict[str, float],
    thresholds: bytes,
    now: datetime,
) -> CalibrationSet | None:
    """Calibrate on outcomes known by now, once a week at most; None when nothing changed."""
    if deployment.stack is None:
        return None
    version = deployment.stack.model_version
    newest = (
        CalibrationSet.objects.filter(model_version=version)
        .order_by("-created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    if newest is not None and now - newest < EVERY:
        return None
    scores, known = conformal_predictor.calibration_set_for(
        tenant=tenant,
        log=log,
        model_type=deployment.model_type,
        version=version.version,
        since=now - WINDOW,
        now=now,
    )
    if len(scores) < FEWEST:
        return None
    _, row = conformal_predictor.calibrate(
        tenant=tenant,
        version=version,
        scores=scores,
        outcomes_known=known,
        eps_ticket=values["eps_ticket"],
        eps_clear=values["eps_clear"],
        delta=values["delta"],
        source="outcomes",
        window=(now - WINDOW, now),
        now=now,
    )
    registry.recalibrated_stack(
        deployment=deployment, calibration=row, thresholds=thresholds, now=now
    )
    return row
