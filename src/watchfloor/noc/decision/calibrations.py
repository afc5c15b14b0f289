"""
The calibration sets that decide: cut anew with what is in force, and told of when unreadable.

A set whose bytes are gone or damaged sends everything to people; one alert says so until it can
be read again or another one decides.
"""

from datetime import datetime

from watchfloor.core.drift.severity import Severity
from watchfloor.ml.calibration import recalibration, unreadable
from watchfloor.ml.calibration.calibration_cohort import Log
from watchfloor.ml.calibration.recalibration import Recut
from watchfloor.ml.models import CutReason, Deployment
from watchfloor.noc.decision import thresholds
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.intake import logs
from watchfloor.tenants.models import Tenant

ACTOR = "system:calibrations"
UNREADABLE = "calibration_unreadable:"


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


def tell_unreadable(*, tenant: Tenant, model_type: str, version: str, now: datetime) -> None:
    """Raise the alert about a calibration that cannot be read; once, however much it is needed."""
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="ML_CALIBRATION_UNREADABLE",
            severity=Severity.HIGH.value,
            fingerprint=_unreadable(model_type, version),
            message=f"The calibration of {model_type} {version} is gone or damaged: nothing is "
            "known of its predictions, and none is acted on without a person. The next night "
            "cuts another one; load_calibration_data does it now.",
            entity_type="ml_model",
            entity_id=f"{model_type} {version}",
            metadata=lambda: {
                each.sha256: each.why
                for each in unreadable.in_force(tenant=tenant, now=now)
                if not each.is_readable and each.model_type == model_type
            },
        ),
        now=now,
    )


def look_after(*, tenant: Tenant, now: datetime) -> None:
    """Tell of each calibration in force that cannot be read, and end the alerts of all others."""
    found = unreadable.in_force(tenant=tenant, now=now)
    broken = {(each.model_type, each.version) for each in found if not each.is_readable}
    for model_type, version in sorted(broken):
        tell_unreadable(tenant=tenant, model_type=model_type, version=version, now=now)
    told = alert_correlation.open_fingerprints(tenant=tenant, beginning=UNREADABLE)
    for fingerprint in told - {_unreadable(*each) for each in broken}:
        alert_correlation.resolve_condition(
            tenant=tenant, fingerprint=fingerprint, actor=ACTOR, now=now
        )


def _unreadable(model_type: str, version: str) -> str:
    return f"{UNREADABLE}{model_type}:{version}"
