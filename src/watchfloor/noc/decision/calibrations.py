"""Cut a new calibration set for what serves, with the log and the thresholds that are in force."""

from datetime import datetime

from watchfloor.ml.calibration import recalibration
from watchfloor.ml.calibration.calibration_cohort import Log
from watchfloor.ml.calibration.recalibration import Recut
from watchfloor.ml.models import CutReason, Deployment
from watchfloor.noc.decision import thresholds
from watchfloor.noc.intake import logs
from watchfloor.tenants.models import Tenant


def recalibrate(
    *, tenant: Tenant, deployment: Deployment, reason: CutReason, now: datetime
) -> Recut:
    """Cut a set for the version that serves, and let it decide with it; or say why not."""
    model_type = deployment.model_type
    log = logs.log_of(model_type)
    return recalibration.recalibrate(
        tenant=tenant,
        deployment=deployment,
        log=log_for(model_type),
        features_of=lambda ids: logs.get_log(log).features_of(tenant=tenant, ids=ids),
        values=thresholds.values_in_force(tenant=tenant, model_type=model_type),
        thresholds=thresholds.snapshot(tenant=tenant, model_type=model_type),
        reason=reason,
        now=now,
    )


def log_for(model_type: str) -> Log:
    """Return name and table of the log that holds a model type's predictions."""
    name = logs.log_of(model_type)
    return Log(name=name, table=logs.table_of(name))
