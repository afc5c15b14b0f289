"""Gather what the five safeguards judge: switches, attempts, labels, severity, other jobs."""

from datetime import datetime, timedelta

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.retrain_gate import GateFacts
from watchfloor.core.ml_config import MLConfig
from watchfloor.ml.predictions import training_data
from watchfloor.ml.retraining import auto_retrain
from watchfloor.noc.intake import logs
from watchfloor.tenants import flags
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Tenant

ACTIVATION_SPAN = timedelta(days=30)


def gather(
    *,
    tenant: Tenant,
    model_type: str,
    severity: Severity,
    data_is_clean: bool,
    config: MLConfig,
    now: datetime,
    changed_at: datetime | None = None,
) -> GateFacts:
    """Return the facts as they stand at this moment."""
    known = training_data.count_known(
        tenant=tenant,
        log=logs.log_of(model_type),
        model_type=model_type,
        days=config.training_data_days,
        changed_at=changed_at,
        enough_held_out=config.retrain_min_validation_samples,
        now=now,
    )
    automation = flags.automation_in_force(tenant=tenant, model_type=model_type)
    active = auto_retrain.active_job(tenant=tenant, model_type=model_type)
    return GateFacts(
        tenant=tenant.code,
        model_type=model_type,
        now=now,
        flag_on=automation.allows(Flag.AUTO_RETRAIN),
        severity=severity,
        data_is_clean=data_is_clean,
        last_attempt_at=auto_retrain.last_attempt_at(tenant=tenant, model_type=model_type),
        failures_in_a_row=auto_retrain.failures_in_a_row(tenant=tenant, model_type=model_type),
        n_labelled=known.n,
        n_positive=known.n_positive,
        n_holdout_since_change=known.n_held_out,
        active_job=None if active is None else f"job {active.pk} is {active.state}",
        n_active_jobs=auto_retrain.n_training(),
        rollbacks_in_a_row=auto_retrain.rollbacks_in_a_row(tenant=tenant, model_type=model_type),
        activations_30_days=auto_retrain.activations_since(
            tenant=tenant, model_type=model_type, since=now - ACTIVATION_SPAN
        ),
    )
