"""A retrain that cannot make things worse: train, validate, promote, watch, roll back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import NotReady
from watchfloor.core.lifecycle import rollback
from watchfloor.core.lifecycle.rollback import PairedWatch, WatchVerdict
from watchfloor.core.lifecycle.validation import ModelValidator
from watchfloor.core.ml_config import MLConfig
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ledger import audit, due, outbox
from watchfloor.ml import (
    artifacts,
    auto_retrain,
    conformal_predictor,
    drift_detection,
    outcomes,
    registry,
    shadow,
    trainers,
    training_data,
)
from watchfloor.ml.models import (
    CalibrationSet,
    ModelStack,
    ModelVersion,
    RetrainJob,
    RollbackWatch,
)
from watchfloor.ml.models.registry import ModelRole
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.training_data import LabelledRows
from watchfloor.noc import alert_correlation, logs, thresholds
from watchfloor.noc.alert_correlation import Condition
from watchfloor.tenants import flags
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.tenants.models import Tenant

ACTOR = "system:safe_retrain"
WATCH_EVERY = timedelta(hours=6)
RUNNING = (RetrainState.QUEUED, RetrainState.TRAINING, RetrainState.VALIDATING)
# Losses are compared on holdout events of the last weeks: what the challenger will meet next.
JUDGED_DAYS = 28
# How much worse the squared error may be at the upper end of its 95 % interval.
BRIER_MARGIN = 0.005
FEWEST_POSITIVES = 10


@dataclass(frozen=True, slots=True)
class Trained:
    """A challenger with what the judgement of it needs."""

    version: ModelVersion
    calibration: CalibrationSet
    rows: LabelledRows
    holdout_scores: FloatArray
    changed_at: datetime | None


def first_model(*, tenant: Tenant, model_type: str, now: datetime, seed: int = 0) -> ModelVersion:
    """
    Train the first model of a type on what is known, and let it serve.

    There is no champion to beat and nothing to roll back to.

    Raises:
        NotReady: too few labels, or one class only.
    """
    with transaction.atomic():
        deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
        if deployment.stack is not None:
            raise NotReady(f"{model_type} of {tenant.code} has a model already")
        trained = _train(tenant=tenant, model_type=model_type, seed=seed, now=now)
        _start_monitor(tenant, trained, now)
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
    try:
        trained = _train(
            tenant=tenant,
            model_type=job.model_type,
            seed=job.pk,
            changed_at=drift_detection.changed_at(tenant=tenant, cause=job.requested_by),
            now=now,
        )
    except NotReady as error:
        return _end(job, RetrainState.REJECTED, str(error), now)
    job = auto_retrain.move(
        job,
        to=RetrainState.VALIDATING,
        allowed=(RetrainState.TRAINING,),
        now=now,
        progress=0.6,
        challenger=trained.version,
    )
    verdict = _validate(tenant, job, trained, now)
    if not verdict["passed"]:
        return _reject(job, trained, verdict, now)
    return _promote(tenant, job, trained, verdict, now)


def _train(
    *,
    tenant: Tenant,
    model_type: str,
    seed: int,
    now: datetime,
    changed_at: datetime | None = None,
) -> Trained:
    config = ml_config_for(tenant)
    log = logs.log_of(model_type)
    records = training_data.known_records(
        tenant=tenant, log=log, model_type=model_type, days=config.training_data_days, now=now
    )
    features = logs.get_log(log).features_of(tenant=tenant, ids=[r.prediction_id for r in records])
    rows = training_data.labelled_rows(
        tenant=tenant, log=log, model_type=model_type, features=features, records=records
    )
    names = rows.feature_names()
    window = training_data.best_window(rows, changed_at=changed_at, feature_names=names, seed=seed)
    artifact = trainers.train(window.part(holdout=False), feature_names=names, seed=seed)
    with transaction.atomic():
        dataset = training_data.snapshot(tenant=tenant, model_type=model_type, rows=window, now=now)
        version = registry.add_version(
            tenant=tenant,
            model_type=model_type,
            version=f"v{now:%Y%m%d.%H%M}.{seed}",
            artifact=artifact,
            manifest={"dataset": dataset.sha256, "n": dataset.n, "seed": seed},
            now=now,
        )
        # Calibrated on what the model will meet: the world since its change.
        return _calibrated(tenant, version, _enough(rows, changed_at), changed_at, now)


def _enough(rows: LabelledRows, changed_at: datetime | None) -> LabelledRows:
    """Return the rows since the change, or all while their holdout is too small to calibrate."""
    recent = rows.since(changed_at)
    if int(recent.is_holdout.sum()) >= conformal_predictor.FEWEST_OUTCOMES:
        return recent
    return rows


def _calibrated(
    tenant: Tenant,
    version: ModelVersion,
    rows: LabelledRows,
    changed_at: datetime | None,
    now: datetime,
) -> Trained:
    """Calibrate a version on the quarter of events that it never saw."""
    holdout = rows.part(holdout=True)
    model = artifacts.load(tenant=tenant, sha256=version.artifact_sha256)
    _, scores = PROBABILITY.quantise(model.score(holdout.features))
    values = thresholds.values_in_force(tenant=tenant, model_type=version.model_type)
    _, calibration = conformal_predictor.calibrate(
        tenant=tenant,
        version=version,
        scores=scores,
        outcomes_known=holdout.labels,
        eps_ticket=values["eps_ticket"],
        eps_clear=values["eps_clear"],
        delta=values["delta"],
        source="holdout",
        window=None,
        now=now,
    )
    return Trained(version, calibration, rows, scores, changed_at)


def _validate(
    tenant: Tenant, job: RetrainJob, trained: Trained, now: datetime
) -> Mapping[str, Any]:
    """Judge the challenger against the champion on the same holdout events."""
    config = ml_config_for(tenant)
    champion = _champion(tenant, job.model_type, now)
    recent = _recent_holdout(trained, now)
    holdout = trained.rows.part(holdout=True).part(recent)
    challenger_scores = trained.holdout_scores[recent]
    _, champion_scores = PROBABILITY.quantise(
        artifacts.load(tenant=tenant, sha256=champion.artifact_sha256).score(holdout.features)
    )
    least = config.retrain_min_validation_samples
    verdict = ModelValidator(
        margin=BRIER_MARGIN, min_n=least, min_positives=max(FEWEST_POSITIVES, least // 6)
    ).judge(
        champion_losses=_squared(champion_scores, holdout.labels),
        challenger_losses=_squared(challenger_scores, holdout.labels),
        outcomes=holdout.labels,
    )
    return {
        **asdict(verdict),
        "sentence": verdict.reason.sentence,
        "champion": champion.version,
    }


def _squared(scores: FloatArray, labels: FloatArray) -> FloatArray:
    return (scores - labels) ** 2


def _recent_holdout(trained: Trained, now: datetime) -> list[int]:
    holdout = [
        record
        for record, held in zip(trained.rows.records, trained.rows.is_holdout, strict=True)
        if held
    ]
    since = now - timedelta(days=JUDGED_DAYS)
    if trained.changed_at is not None:
        since = max(since, trained.changed_at)
    return [i for i, record in enumerate(holdout) if record.occurred_at >= since]


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
    _start_monitor(tenant, trained, now)
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
    """
    Look at the labels that came for both models; confirm, roll back, or look again later.

    Returns:
        When to look again; None when the watch has ended.
    """
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
            error_new=drift_detection.loss(record, threshold),
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
    return config.enable_auto_rollback and Flag.AUTO_ROLLBACK in automation.on


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
    drift_detection.restore_monitor(version=stack.model_version, state=content.monitor, now=now)
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
        calibration_sha256=trained.calibration.sha256,
        thresholds=thresholds.snapshot(tenant=tenant, model_type=trained.version.model_type),
        monitor=registry.monitor_bytes(trained.version),
        now=now,
    )


def _start_monitor(tenant: Tenant, trained: Trained, now: datetime) -> None:
    """Hold the version against its errors on events it never saw."""
    threshold = thresholds.values_in_force(tenant=tenant, model_type=trained.version.model_type)[
        "review_score"
    ]
    held = [
        record
        for record, is_held in zip(trained.rows.records, trained.rows.is_holdout, strict=True)
        if is_held
    ]
    called = trained.holdout_scores >= threshold
    actual = np.array([record.value >= 0.5 for record in held], dtype=np.bool_)
    drift_detection.start_monitor(
        version=trained.version,
        losses=(called != actual).astype(np.float64).tolist(),
        days=[record.local_day for record in held],
        now=now,
    )


def _resolve_drift_alerts(tenant: Tenant, version: ModelVersion, now: datetime) -> None:
    for kind in ("performance", "score"):
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
    ModelVersion.objects.filter(pk=trained.version.pk).update(role=ModelRole.REJECTED)
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


def _end(job: RetrainJob, state: RetrainState, note: str, now: datetime) -> RetrainJob:
    return auto_retrain.move(job, to=state, allowed=RUNNING, now=now, progress=1.0, note=note)


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
