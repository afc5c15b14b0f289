"""A night: metrics of the day, drift of scores and of performance, an alarm, a retrain request."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.retrain_gate import judge, requires_approval
from watchfloor.core.local_time import local_day
from watchfloor.core.ml_config import MLConfig
from watchfloor.ledger import audit, due
from watchfloor.ledger.models import DueRow
from watchfloor.ml.calibration import numeric_calibration, recalibration
from watchfloor.ml.coverage import coverage_monitor
from watchfloor.ml.health import (
    common_cause,
    drift_detection,
    expected_error,
    feature_days,
    performance,
    performance_monitor,
)
from watchfloor.ml.health.drift_reports import Finding
from watchfloor.ml.health.feature_days import Rebuilt
from watchfloor.ml.inference import exchangeability_guard
from watchfloor.ml.models import CutReason, Deployment
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.retraining import auto_retrain
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import calibrations, thresholds
from watchfloor.noc.desk import alert_correlation, drift_alerts
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.intake import logs
from watchfloor.noc.queries import retrain_facts
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.tenants.models import Tenant

METRICS = "compute_daily_performance_metrics"
STATISTICAL = "detect_statistical_drift"
PERFORMANCE = "detect_performance_drift"
LOCAL_HOUR = {METRICS: 2, STATISTICAL: 3, PERFORMANCE: 4}
NIGHT_KINDS = tuple(LOCAL_HOUR)
ESCALATION = "escalate_unseen_alert"
ACTOR = "system:model_health"
# Two weekly sets that could not be cut: people hear of it long before the set is too old.
TELL_AFTER = timedelta(days=15)


def plan_first_nights(*, tenant: Tenant, now: datetime) -> None:
    """Plan a tenant's first night of each kind, once; each night then plans the next one."""
    for kind in NIGHT_KINDS:
        day = local_day(now, tenant.zone)
        due_at = _at_local_hour(tenant, kind, day)
        if due_at <= now:
            day += timedelta(days=1)
        if not DueRow.objects.for_tenant(tenant).filter(kind=kind).exists():
            _plan(tenant, kind, day)


def _plan(tenant: Tenant, kind: str, night: date) -> None:
    due.plan(
        tenant=tenant,
        kind=kind,
        dedupe_key=f"{kind}:{night.isoformat()}",
        due_at=_at_local_hour(tenant, kind, night),
        payload={"night": night.isoformat()},
    )


def _at_local_hour(tenant: Tenant, kind: str, night: date) -> datetime:
    return datetime.combine(night, time(LOCAL_HOUR[kind]), tzinfo=tenant.zone)


@transaction.atomic
def run_night(*, tenant: Tenant, kind: str, payload: Mapping[str, Any], now: datetime) -> None:
    """Do one kind of nightly work for the local day that has ended, and plan the next night."""
    night = date.fromisoformat(payload["night"])
    day = night - timedelta(days=1)
    config = ml_config_for(tenant)
    if kind == STATISTICAL and config.enable_drift_monitoring:
        # Before the models: what moves with all the others is told once.
        _tell_common_cause(tenant, day, config, now)
    for deployment in registry.deployments_of(tenant):
        if kind == METRICS:
            # Before a new set is cut: the rows it is cut from are judged by the old one's guard.
            _follow_outcomes(tenant, deployment, day, config, now)
            _compute_metrics(tenant, deployment, day, now)
        elif config.enable_drift_monitoring and deployment.stack is not None:
            _check(tenant, deployment, kind, day, config, now)
    if kind == METRICS:
        numeric_calibration.recalibrate_due(tenant=tenant, now=now)
        calibrations.look_after(tenant=tenant, now=now)
    _plan(tenant, kind, night + timedelta(days=1))


def _check(
    tenant: Tenant, deployment: Deployment, kind: str, day: date, config: MLConfig, now: datetime
) -> None:
    """React to every finding of a night about one model, and cut one set for all that cleared."""
    find = _statistical if kind == STATISTICAL else _performance
    has_cleared = [
        _react(tenant, deployment, finding, day, config, now)
        for finding in find(tenant, deployment, day, now)
    ]
    if any(has_cleared):
        _recalibrate(tenant, deployment, CutReason.DRIFT_CLEARED, now)


def backfill_metrics(*, tenant: Tenant, last_day: date, days: int, now: datetime) -> int:
    """Compute the metrics of past days anew for every model type; return how many rows."""
    return sum(
        _write_metrics(tenant, deployment.model_type, last_day, days, now)
        for deployment in registry.deployments_of(tenant)
    )


def _write_metrics(
    tenant: Tenant, model_type: str, last_day: date, days: int, now: datetime
) -> int:
    values = thresholds.values_in_force(tenant=tenant, model_type=model_type)
    return performance.compute_daily_metrics(
        tenant=tenant,
        model_type=model_type,
        table=logs.table_of(logs.log_of(model_type)),
        last_day=last_day,
        threshold=values["review_score"],
        now=now,
        days=days,
    )


def rebuild_feature_days(*, tenant: Tenant, write: bool) -> list[Rebuilt]:
    """Hold the day histograms of features against the log, and put right what differs."""
    return [
        feature_days.rebuild(
            tenant=tenant,
            version=version,
            table=logs.table_of(logs.log_of(version.model_type)),
            write=write,
        )
        for version in feature_days.counted_versions(tenant=tenant)
    ]


def _compute_metrics(tenant: Tenant, deployment: Deployment, day: date, now: datetime) -> None:
    _write_metrics(tenant, deployment.model_type, day, performance.RECOMPUTED_DAYS, now)
    reason = recalibration.reason_due(tenant=tenant, deployment=deployment, now=now)
    if reason is not None:
        _recalibrate(tenant, deployment, reason, now)


def _recalibrate(tenant: Tenant, deployment: Deployment, reason: CutReason, now: datetime) -> None:
    """Cut a new calibration set, and tell people while none can be cut for too long."""
    recut = calibrations.recalibrate(tenant=tenant, deployment=deployment, reason=reason, now=now)
    if recut.row is not None:
        alert_correlation.resolve_condition(
            tenant=tenant, fingerprint=_ageing(deployment), actor=ACTOR, now=now
        )
        return
    cut_at = recalibration.last_cut_at(tenant=tenant, deployment=deployment)
    if cut_at is None or now - cut_at < TELL_AFTER:
        return
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="ML_CALIBRATION_AGEING",
            severity=Severity.MEDIUM.value,
            fingerprint=_ageing(deployment),
            message=f"{deployment.model_type} is calibrated on outcomes of {cut_at:%d %b %Y}, and "
            f"no newer set could be cut: {recut.why_not}.",
            entity_type="ml_model",
            entity_id=deployment.model_type,
        ),
        now=now,
    )


def _ageing(deployment: Deployment) -> str:
    return f"calibration_ageing:{deployment.model_type}"


def _follow_outcomes(
    tenant: Tenant, deployment: Deployment, day: date, config: MLConfig, now: datetime
) -> None:
    """Feed the live coverage monitor, and the guard of the calibration set that serves."""
    if deployment.stack is None:
        return
    coverage_monitor.advance(
        tenant=tenant,
        model_type=deployment.model_type,
        version=deployment.stack.model_version.version,
        table=logs.table_of(logs.log_of(deployment.model_type)),
        now=now,
    )
    if config.enable_drift_monitoring:
        values = thresholds.values_in_force(tenant=tenant, model_type=deployment.model_type)
        finding = exchangeability_guard.detect_lost_exchangeability(
            tenant=tenant, deployment=deployment, day=day, level=values["guard_level"], now=now
        )
        _react(tenant, deployment, finding, day, config, now)


def _tell_common_cause(tenant: Tenant, day: date, config: MLConfig, now: datetime) -> None:
    """Raise one alert while most site groups move at once, and end it when they are back."""
    review_scores = {
        deployment.model_type: thresholds.values_in_force(
            tenant=tenant, model_type=deployment.model_type
        )["review_score"]
        for deployment in registry.deployments_of(tenant)
    }
    found = common_cause.detect_common_cause(
        tenant=tenant, day=day, thresholds=review_scores, now=now
    )
    fingerprint = f"drift:{common_cause.KIND}"
    if found.severity is None:
        alert_correlation.resolve_condition(
            tenant=tenant, fingerprint=fingerprint, actor=ACTOR, now=now
        )
    elif config.enable_drift_alerts:
        alert_correlation.keep_up_to_date(
            tenant=tenant,
            condition=drift_alerts.condition_of(
                found, fingerprint, entity_type="tenant", entity_id=common_cause.LABEL
            ),
            now=now,
        )


def _statistical(tenant: Tenant, deployment: Deployment, day: date, now: datetime) -> list[Finding]:
    table = logs.table_of(logs.log_of(deployment.model_type))
    values = thresholds.values_in_force(tenant=tenant, model_type=deployment.model_type)
    drift_detection.check_data_quality(tenant=tenant, deployment=deployment, day=day, now=now)
    expected = expected_error.detect_expected_error(
        tenant=tenant,
        deployment=deployment,
        table=table,
        day=day,
        threshold=values["review_score"],
        now=now,
    )
    moved = drift_detection.detect_drift_of_data(
        tenant=tenant,
        deployment=deployment,
        table=table,
        day=day,
        now=now,
        estimated_drop=expected.evidence.get("estimated_drop", 0.0),
    )
    return [expected, *moved]


def _performance(tenant: Tenant, deployment: Deployment, day: date, now: datetime) -> list[Finding]:
    values = thresholds.values_in_force(tenant=tenant, model_type=deployment.model_type)
    found = performance_monitor.detect_performance_drift(
        tenant=tenant,
        deployment=deployment,
        day=day,
        threshold=values["review_score"],
        now=now,
    )
    return [found]


def _react(
    tenant: Tenant,
    deployment: Deployment,
    finding: Finding,
    day: date,
    config: MLConfig,
    now: datetime,
) -> bool:
    """
    Raise one alert an episode, end it with the episode, and ask for a retrain while it lasts.

    What begins while most site groups move at once is part of their one alert.

    Returns:
        Whether an episode has ended, after which a new calibration set should be cut.
    """
    if deployment.stack is None:
        return False
    version = deployment.stack.model_version.version
    fingerprint = f"drift:{finding.kind}:{deployment.model_type}:{version}"
    if not finding.drifted or finding.severity is None:
        was_open = alert_correlation.resolve_condition(
            tenant=tenant, fingerprint=fingerprint, actor=ACTOR, now=now
        )
        # What ends the guard's alarm is a new set: there is none to cut after it.
        return was_open and finding.kind != exchangeability_guard.KIND
    part = common_cause.explained(finding, tenant=tenant, day=day)
    if _is_told(tenant, part, fingerprint, day):
        return False
    _tell_of_model(tenant, deployment, part or finding, fingerprint, config, now)
    if finding.kind == "performance" and part is None:
        _request_retrain(tenant, deployment.model_type, finding, config, now)
    return False


def _is_told(tenant: Tenant, part: Finding | None, fingerprint: str, day: date) -> bool:
    """Return whether the alert about most site groups speaks for a finding without its own."""
    if part is None and not common_cause.is_open(tenant=tenant, day=day):
        return False
    return not alert_correlation.open_fingerprints(tenant=tenant, beginning=fingerprint)


def _tell_of_model(
    tenant: Tenant,
    deployment: Deployment,
    finding: Finding,
    fingerprint: str,
    config: MLConfig,
    now: datetime,
) -> None:
    assert deployment.stack is not None
    if config.enable_drift_alerts:
        alert = alert_correlation.keep_up_to_date(
            tenant=tenant,
            condition=drift_alerts.condition_of(
                finding,
                fingerprint,
                entity_type="ml_model",
                entity_id=f"{deployment.model_type} {deployment.stack.model_version.version}",
            ),
            now=now,
        )
        if alert.severity == Severity.CRITICAL:
            _plan_escalation(tenant, alert.pk, config, now)


def _plan_escalation(tenant: Tenant, alert_id: int, config: MLConfig, now: datetime) -> None:
    """Plan, once an alert, to look whether somebody has seen it."""
    due.plan(
        tenant=tenant,
        kind=ESCALATION,
        dedupe_key=f"{ESCALATION}:{alert_id}",
        due_at=now + timedelta(minutes=config.critical_drift_auto_escalate_minutes),
        payload={"alert_id": alert_id},
    )


def _request_retrain(
    tenant: Tenant, model_type: str, finding: Finding, config: MLConfig, now: datetime
) -> None:
    cause = f"drift:{finding.report_id}"
    severity = finding.severity or Severity.LOW
    if auto_retrain.find_job_of(tenant=tenant, model_type=model_type, requested_by=cause):
        return
    facts = retrain_facts.gather(
        tenant=tenant,
        model_type=model_type,
        severity=severity,
        data_is_clean=finding.data_is_clean,
        config=config,
        now=now,
        changed_at=finding.changed_at,
    )
    verdicts = judge(facts, config)
    if auto_retrain.was_refused_alike(tenant=tenant, model_type=model_type, verdicts=verdicts):
        return
    job = auto_retrain.open_job(
        tenant=tenant,
        model_type=model_type,
        requested_by=cause,
        severity=severity.value,
        verdicts=verdicts,
        needs_approval=requires_approval(facts, config),
        now=now,
    )
    if job.state == RetrainState.QUEUED:
        due.plan(
            tenant=tenant,
            kind=auto_retrain.RETRAIN,
            dedupe_key=f"retrain:{job.pk}",
            due_at=now,
            payload={"job_id": job.pk},
        )
    audit.append(
        tenant=tenant,
        actor=ACTOR,
        action=f"retrain.{job.state}",
        target_kind="retrain_job",
        target_id=str(job.pk),
        reason=finding.sentence,
        detail={v.safeguard.value: v.reason.value for v in verdicts},
        now=now,
    )
