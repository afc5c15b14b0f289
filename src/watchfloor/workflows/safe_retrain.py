"""A retrain that cannot make things worse: train, validate, promote, watch, roll back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from watchfloor.core.errors import NotReady
from watchfloor.core.lifecycle import rollback
from watchfloor.core.lifecycle.rollback import PairedWatch, WatchVerdict
from watchfloor.core.ml_config import MLConfig
from watchfloor.ledger import audit, due, outbox
from watchfloor.ml.health import drift_reports, performance_monitor
from watchfloor.ml.inference import shadow
from watchfloor.ml.models import ModelStack, ModelVersion, RetrainJob, RollbackWatch
from watchfloor.ml.models.registry import ModelRole
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.predictions import outcomes
from watchfloor.ml.retraining import auto_retrain, challengers
from watchfloor.ml.retraining.challengers import Recipe, Trained
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import calibrations, thresholds
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.intake import logs
from watchfloor.tenants import flags
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.tenants.models import Tenant

ACTOR = "system:safe_retrain"
WATCH_EVERY = timedelta(hours=6)
RUNNING = (RetrainState.QUEUED, RetrainState.TRAINING, RetrainState.VALIDATING)


def first_model(*, tenant: Tenant, model_type: str, now: datetime, seed: int = 0) -> ModelVersion:
    """
    Train the first model of a type on what is known, and let it serve: nothing is compared.

    Raises:
        NotReady: too few labels, or one class only.
    """
    with transaction.atomic():
        deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
        if deployment.stack is not None:
            raise NotReady(f"{model_type} of {tenant.code} has a model already")
        trained = _train(tenant, model_type, seed, None, now)
        challengers.start_monitor(trained, now=now)
        stack = _stack_of(tenant, trained, now)
        registry.point_to(deployment=deployment, stack=stack, last_known_good=stack, now=now)
        _tell(tenant, "model.promoted", trained.version, now)
    return trained.version


def run_job(*, tenant: Tenant, job_id: int, now: datetime) -> RetrainJob:
    """
    Carry a queued job to its promotion or rejection; a crash in between is taken up here again.

    Raises:
        NotReady: the job is not queued, training or validating.
    """
    job = auto_retrain.get_job(tenant=tenant, job_id=job_id)
    if job.state not in RUNNING:
        # Promoted or ended in an earlier attempt that died before its due row was closed.
        return job
    job = auto_retrain.move(
        job,
        to=RetrainState.TRAINING,
        allowed=RUNNING,
        now=now,
        started_at=job.started_at or now,
        progress=0.1,
    )
    # Each attempt learns from what was known at the first: a job leaves one version behind.
    as_of = job.started_at or now
    try:
        changed_at = drift_reports.changed_at(tenant=tenant, cause=job.requested_by)
        seed = auto_retrain.ordinal_of(job)
        trained = _train(tenant, job.model_type, seed, changed_at, as_of)
    except NotReady as error:
        return auto_retrain.move(
            job, to=RetrainState.REJECTED, allowed=RUNNING, now=now, progress=1.0, note=str(error)
        )
    job = auto_retrain.move(
        job,
        to=RetrainState.VALIDATING,
        allowed=(RetrainState.TRAINING,),
        now=now,
        progress=0.6,
        challenger=trained.version,
    )
    verdict = challengers.judge(
        tenant=tenant,
        trained=trained,
        champion=_champion(tenant, job.model_type, now),
        least=ml_config_for(tenant).retrain_min_validation_samples,
        now=as_of,
    )
    if not verdict["passed"]:
        return _reject(job, trained, verdict, now)
    return _promote(tenant, job, trained, verdict, now)


def _train(
    tenant: Tenant, model_type: str, seed: int, changed_at: datetime | None, now: datetime
) -> Trained:
    log = calibrations.log_for(model_type)
    return challengers.train(
        tenant=tenant,
        recipe=Recipe(
            model_type=model_type,
            log=log,
            days=ml_config_for(tenant).training_data_days,
            seed=seed,
            values=thresholds.values_in_force(tenant=tenant, model_type=model_type),
            changed_at=changed_at,
        ),
        features_of=lambda ids: logs.get_log(log.name).features_of(tenant=tenant, ids=ids),
        now=now,
    )


def _champion(tenant: Tenant, model_type: str, now: datetime) -> ModelVersion:
    deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
    if deployment.stack is None or not deployment.stack.model_version.artifact_sha256:
        raise NotReady(f"{model_type} of {tenant.code} has no champion that could be compared")
    return deployment.stack.model_version


@transaction.atomic
def _promote(
    tenant: Tenant,
    job: RetrainJob,
    trained: Trained,
    verdict: Mapping[str, Any],
    now: datetime,
) -> RetrainJob:
    """Freeze what serves, let the challenger serve, and plan the watch: all or nothing."""
    deployment = registry.deployment_of(tenant=tenant, model_type=job.model_type, now=now)
    snapshot = thresholds.snapshot(tenant=tenant, model_type=job.model_type)
    old_stack = registry.freeze_serving_stack(deployment=deployment, thresholds=snapshot, now=now)
    assert old_stack is not None  # _validate compared with it
    challengers.start_monitor(trained, now=now)
    new_stack = _stack_of(tenant, trained, now)
    registry.point_to(deployment=deployment, stack=new_stack, last_known_good=old_stack, now=now)
    job = auto_retrain.move(
        job,
        to=RetrainState.WATCHING,
        allowed=(RetrainState.VALIDATING,),
        now=now,
        progress=0.8,
        validation=dict(verdict),
        note=str(verdict["sentence"]),
    )
    watch = auto_retrain.open_watch(
        job=job,
        new_stack=new_stack,
        old_stack=old_stack,
        evidence=PairedWatch().to_bytes(),
        now=now,
    )
    due.plan(
        tenant=tenant,
        kind=auto_retrain.ROLLBACK_WATCH,
        dedupe_key=f"watch:{watch.pk}",
        due_at=now + WATCH_EVERY,
        payload={"watch_id": watch.pk},
    )
    _resolve_drift_alerts(tenant, old_stack.model_version, now)
    _audit(tenant, "model.promoted", trained.version, str(verdict["sentence"]), now)
    _tell(tenant, "model.promoted", trained.version, now)
    return job


def check_watch(*, tenant: Tenant, watch_id: int, now: datetime) -> datetime | None:
    """Judge by the labels that came for both; return when to look again, None at the end."""
    watch = auto_retrain.get_watch(tenant=tenant, watch_id=watch_id)
    if watch.state != "watching":
        return None
    evidence = _observe_pairs(tenant, watch, now)
    config = ml_config_for(tenant)
    elapsed_h = (now - watch.started_at) / timedelta(hours=1)
    verdict = rollback.verdict(evidence, elapsed_h=elapsed_h, min_hours=config.rollback_check_hours)
    if verdict is WatchVerdict.WATCHING:
        return now + WATCH_EVERY
    _conclude(tenant, watch, evidence, verdict, config, now)
    return None


def _observe_pairs(tenant: Tenant, watch: RollbackWatch, now: datetime) -> PairedWatch:
    new = watch.new_stack.model_version.version
    old = watch.old_stack.model_version.version
    fresh = outcomes.outcomes_after(
        tenant=tenant,
        model_type=watch.model_type,
        version=new,
        after_id=watch.last_outcome_id,
        known_by=now,
    )
    beside = shadow.scores_of(
        tenant=tenant, version=old, prediction_ids=[record.prediction_id for record in fresh]
    )
    threshold = thresholds.values_in_force(tenant=tenant, model_type=watch.model_type)[
        "review_score"
    ]
    evidence = PairedWatch.from_bytes(bytes(watch.evidence))
    n_pairs = watch.n_pairs
    for record in fresh:
        old_score = beside.get(record.prediction_id)
        if old_score is None:
            continue
        is_event = record.value >= 0.5
        evidence = rollback.observe(
            evidence,
            error_new=performance_monitor.loss(record, threshold),
            error_old=float((old_score >= threshold) != is_event),
        )
        n_pairs += 1
    auto_retrain.save_evidence(
        watch,
        evidence=evidence.to_bytes(),
        n_pairs=n_pairs,
        last_outcome_id=fresh[-1].pk if fresh else watch.last_outcome_id,
    )
    return evidence


@transaction.atomic
def _conclude(
    tenant: Tenant,
    watch: RollbackWatch,
    evidence: PairedWatch,
    verdict: WatchVerdict,
    config: MLConfig,
    now: datetime,
) -> None:
    if not auto_retrain.end_watch(watch, state=verdict.value, now=now):
        return
    states = {
        WatchVerdict.CONFIRMED: RetrainState.CONFIRMED,
        WatchVerdict.INCONCLUSIVE: RetrainState.INCONCLUSIVE,
        WatchVerdict.ROLL_BACK: RetrainState.ROLLED_BACK,
    }
    if verdict is WatchVerdict.ROLL_BACK:
        if not _may_roll_back(tenant, watch.model_type, config):
            _page_for_rollback(tenant, watch, now)
            return
        _restore(tenant, watch.model_type, watch.old_stack, "the watch found it worse", now)
    auto_retrain.move(
        watch.job,
        to=states[verdict],
        allowed=(RetrainState.WATCHING,),
        now=now,
        progress=1.0,
        note=f"Watch over {evidence.n} labelled pairs: {verdict.value}",
    )
    _audit(
        tenant, f"watch.{verdict.value}", watch.new_stack.model_version, "paired comparison", now
    )


def _may_roll_back(tenant: Tenant, model_type: str, config: MLConfig) -> bool:
    automation = flags.automation_in_force(tenant=tenant, model_type=model_type)
    return config.enable_auto_rollback and automation.allows(Flag.AUTO_ROLLBACK)


def _page_for_rollback(tenant: Tenant, watch: RollbackWatch, now: datetime) -> None:
    version = watch.new_stack.model_version
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="ML_ROLLBACK_NEEDED",
            severity="CRITICAL",
            fingerprint=f"rollback:{version.model_type}:{version.version}",
            message=f"{version.model_type} {version.version} is worse than the model it replaced; "
            "automatic rollback is off.",
            entity_type="ml_model",
            entity_id=version.version,
        ),
        now=now,
    )


@transaction.atomic
def roll_back(
    *, tenant: Tenant, model_type: str, actor: str, reason: str, now: datetime
) -> ModelStack:
    """
    Bring back the last known good stack by hand: model, calibration, thresholds, monitor.

    Raises:
        NotReady: nothing else was known good.
    """
    deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
    good = deployment.last_known_good
    if good is None or deployment.stack is None or good.pk == deployment.stack.pk:
        raise NotReady(f"{model_type} of {tenant.code} has nothing to go back to")
    job = auto_retrain.active_job(tenant=tenant, model_type=model_type)
    if job is not None and job.state == RetrainState.WATCHING:
        auto_retrain.end_watch(job.watch, state=WatchVerdict.ROLL_BACK.value, now=now)
        auto_retrain.move(
            job, to=RetrainState.ROLLED_BACK, allowed=(RetrainState.WATCHING,), now=now, note=reason
        )
    _restore(tenant, model_type, good, reason, now)
    return good


def _restore(
    tenant: Tenant, model_type: str, stack: ModelStack, reason: str, now: datetime
) -> None:
    """Let a frozen stack serve again, every part verified against its digest first."""
    content = registry.stack_bytes(stack)
    deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
    registry.point_to(deployment=deployment, stack=stack, last_known_good=stack, now=now)
    thresholds.restore(
        tenant=tenant,
        model_type=model_type,
        content=content.thresholds,
        actor=ACTOR,
        reason=f"Rollback: {reason}",
        now=now,
    )
    performance_monitor.restore_monitor(version=stack.model_version, state=content.monitor, now=now)
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="ML_MODEL_ROLLED_BACK",
            severity="HIGH",
            fingerprint=f"rolled_back:{model_type}:{deployment.pointer_version}",
            message=f"{model_type} is back at {stack.model_version.version}: {reason}.",
            entity_type="ml_model",
            entity_id=stack.model_version.version,
        ),
        now=now,
    )
    _audit(tenant, "model.rolled_back", stack.model_version, reason, now)
    _tell(tenant, "model.rolled_back", stack.model_version, now)


def _stack_of(tenant: Tenant, trained: Trained, now: datetime) -> ModelStack:
    return registry.new_stack(
        tenant=tenant,
        version=trained.version,
        calibration_sha256=trained.calibration.sha256 if trained.calibration else "",
        thresholds=thresholds.snapshot(tenant=tenant, model_type=trained.version.model_type),
        monitor=registry.monitor_bytes(trained.version),
        now=now,
    )


def _resolve_drift_alerts(tenant: Tenant, version: ModelVersion, now: datetime) -> None:
    for kind in drift_reports.OF_A_VERSION:
        alert_correlation.resolve_condition(
            tenant=tenant,
            fingerprint=f"drift:{kind}:{version.model_type}:{version.version}",
            actor=ACTOR,
            now=now,
        )


@transaction.atomic
def _reject(
    job: RetrainJob, trained: Trained, verdict: Mapping[str, Any], now: datetime
) -> RetrainJob:
    registry.set_role(trained.version, role=ModelRole.REJECTED)
    job = auto_retrain.move(
        job,
        to=RetrainState.REJECTED,
        allowed=(RetrainState.VALIDATING,),
        now=now,
        progress=1.0,
        validation=dict(verdict),
        note=str(verdict["sentence"]),
    )
    _audit(job.tenant, "model.rejected", trained.version, str(verdict["sentence"]), now)
    return job


def _audit(tenant: Tenant, action: str, version: ModelVersion, reason: str, now: datetime) -> None:
    audit.append(
        tenant=tenant,
        actor=ACTOR,
        action=action,
        target_kind="model_version",
        target_id=f"{version.model_type} {version.version}",
        reason=reason,
        now=now,
    )


def _tell(tenant: Tenant, kind: str, version: ModelVersion, now: datetime) -> None:
    outbox.publish(
        tenant=tenant,
        kind=kind,
        data={"model_type": version.model_type, "version": version.version},
        now=now,
    )
