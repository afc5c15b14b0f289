"""Gather what the five safeguards judge: switches, attempts, labels, severity, other jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.retrain_gate import GateFacts
from watchfloor.core.ml_config import MLConfig
from watchfloor.ml import auto_retrain, training_data
from watchfloor.ml.models import OutcomeRecord
from watchfloor.noc import logs
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
    records = training_data.known_records(
        tenant=tenant,
        log=logs.log_of(model_type),
        model_type=model_type,
        days=config.training_data_days,
        now=now,
    )
    automation = flags.automation_in_force(tenant=tenant, model_type=model_type)
    active = auto_retrain.active_job(tenant=tenant, model_type=model_type)
    positive = sum(record.value >= 0.5 for record in records)
    return GateFacts(
        tenant=tenant.code,
        model_type=model_type,
        now=now,
        flag_on=automation.allows(Flag.AUTO_RETRAIN),
        severity=severity,
        data_is_clean=data_is_clean,
        last_attempt_at=auto_retrain.last_attempt_at(tenant=tenant, model_type=model_type),
        failures_in_a_row=auto_retrain.failures_in_a_row(tenant=tenant, model_type=model_type),
        n_labelled=len(records),
        n_positive=positive,
        n_holdout_since_change=_held_out_since(records, changed_at),
        active_job=None if active is None else f"job {active.pk} is {active.state}",
        n_active_jobs=auto_retrain.n_training(),
        rollbacks_in_a_row=auto_retrain.rollbacks_in_a_row(tenant=tenant, model_type=model_type),
        activations_30_days=auto_retrain.activations_since(
            tenant=tenant, model_type=model_type, since=now - ACTIVATION_SPAN
        ),
    )


def _held_out_since(records: Sequence[OutcomeRecord], moment: datetime | None) -> int:
    return sum(
        training_data.is_holdout(record.prediction_id)
        for record in records
        if moment is None or record.occurred_at >= moment
    )
