"""
May drift start a retrain: five safeguards, each of which always answers.

They answer together, so that an operator sees everything that holds a retrain back at once
and not one obstacle a night.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.gate_reason import GateReason
from watchfloor.core.ml_config import MLConfig

__all__ = [
    "GateFacts",
    "GateReason",
    "Safeguard",
    "SafeguardVerdict",
    "cooldown_ends",
    "judge",
    "may_retrain",
    "requires_approval",
]

MIN_PER_CLASS = 20
LONGEST_BACKOFF = 8
ACTIVATIONS_PER_30_DAYS = 2
ROLLBACKS_THAT_STOP = 2


class Safeguard(StrEnum):
    """The five, in the order in which an operator would ask."""

    FLAGS = "flags"
    COOLDOWN = "cooldown"
    DATA_FLOOR = "data_floor"
    SEVERITY = "severity"
    ACTIVE_JOB = "active_job"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """
    What is known when drift asks for a retrain.

    Args:
        tenant: code of the tenant, as in AUTO_RETRAIN_ENABLED_TENANTS.
        model_type: such as `fraud_detector`.
        now: the moment of the question, aware.
        flag_on: the tenant's own flag, with the kill switch taken into account.
        severity: of the drift that asks.
        data_is_clean: no data-quality finding in the last days.
        last_attempt_at: when a retrain was last attempted, whether it succeeded or not.
        failures_in_a_row: attempts since the last that succeeded.
        n_labelled: matured outcomes to train on; `n_positive` of them are events.
        n_holdout_since_change: known outcomes kept from training, since the drift began: what
            a challenger can be compared with the champion on.
        active_job: what is under way for this model; None if nothing is.
        n_active_jobs: retrains under way for every model.
        rollbacks_in_a_row: how many of the latest promoted models were rolled back.
        activations_30_days: models activated automatically in the last 30 days.
        is_common_cause: many sites moved together.
    """

    tenant: str
    model_type: str
    now: datetime
    severity: Severity
    flag_on: bool = False
    data_is_clean: bool = False
    last_attempt_at: datetime | None = None
    failures_in_a_row: int = 0
    n_labelled: int = 0
    n_positive: int = 0
    n_holdout_since_change: int = 0
    active_job: str | None = None
    n_active_jobs: int = 0
    rollbacks_in_a_row: int = 0
    activations_30_days: int = 0
    is_common_cause: bool = False


@dataclass(frozen=True, slots=True)
class SafeguardVerdict:
    """What one safeguard says, and why."""

    safeguard: Safeguard
    passed: bool
    reason: GateReason


def judge(
    facts: GateFacts, config: MLConfig, *, min_per_class: int = MIN_PER_CLASS
) -> tuple[SafeguardVerdict, ...]:
    """
    Return the verdicts of all five safeguards, in the order of `Safeguard`.

    Args:
        facts: as they stand at this moment.
        config: ML_CONFIG in force for the tenant.
        min_per_class: fewest events, and fewest clean outcomes, to train on.

    >>> from datetime import UTC
    >>> facts = GateFacts(
    ...     tenant="acme",
    ...     model_type="fraud_detector",
    ...     now=datetime(2026, 1, 5, tzinfo=UTC),
    ...     severity=Severity.HIGH,
    ... )
    >>> [verdict.safeguard.value for verdict in judge(facts, MLConfig()) if verdict.passed]
    ['cooldown', 'severity', 'active_job']
    """
    answers = {
        Safeguard.FLAGS: _flags(facts, config),
        Safeguard.COOLDOWN: _cooldown(facts, config),
        Safeguard.DATA_FLOOR: _data_floor(facts, config, min_per_class),
        Safeguard.SEVERITY: _severity(facts),
        Safeguard.ACTIVE_JOB: _active_job(facts, config),
    }
    return tuple(
        SafeguardVerdict(safeguard, reason is GateReason.PASSED, reason)
        for safeguard, reason in answers.items()
    )


def may_retrain(verdicts: tuple[SafeguardVerdict, ...]) -> bool:
    """Return whether every safeguard passed; False without any verdict."""
    return bool(verdicts) and all(verdict.passed for verdict in verdicts)


def requires_approval(facts: GateFacts, config: MLConfig) -> bool:
    """Return whether a person must agree first: CRITICAL drift, unless ML_CONFIG says not."""
    return config.require_manual_approval_critical_drift and facts.severity >= Severity.CRITICAL


def cooldown_ends(facts: GateFacts, config: MLConfig) -> datetime | None:
    """
    Return when the next attempt may begin; None without an attempt before.

    The wait counts from the last attempt, not from the last success, and doubles with each
    failure in a row, up to eight times.
    """
    if facts.last_attempt_at is None:
        return None
    factor = min(2**facts.failures_in_a_row, LONGEST_BACKOFF)
    return facts.last_attempt_at + timedelta(days=config.retrain_cooldown_days * factor)


def _flags(facts: GateFacts, config: MLConfig) -> GateReason:
    if not config.enable_auto_retrain:
        return GateReason.AUTO_RETRAIN_OFF
    type_on = TYPE_SWITCHES.get(facts.model_type)
    if type_on is not None and not type_on(config):
        return GateReason.MODEL_TYPE_OFF
    # An empty list means nobody: a tenant takes part because someone wrote it down.
    if facts.tenant not in config.auto_retrain_enabled_tenants:
        return GateReason.TENANT_NOT_ENABLED
    if not facts.flag_on:
        return GateReason.FLAG_OFF
    if facts.rollbacks_in_a_row >= ROLLBACKS_THAT_STOP:
        return GateReason.ROLLED_BACK_TWICE
    return GateReason.PASSED


TYPE_SWITCHES: dict[str, Callable[[MLConfig], bool]] = {
    "fraud_detector": lambda config: config.enable_auto_retrain_fraud,
    "conflict_predictor": lambda config: config.enable_auto_retrain_conflict,
}
"""Switches of single model types; a type without one follows the master switch."""


def _cooldown(facts: GateFacts, config: MLConfig) -> GateReason:
    ends = cooldown_ends(facts, config)
    if ends is not None and facts.now < ends:
        return GateReason.COOLING_DOWN
    if facts.activations_30_days >= ACTIVATIONS_PER_30_DAYS:
        return GateReason.BUDGET_SPENT
    return GateReason.PASSED


def _data_floor(facts: GateFacts, config: MLConfig, min_per_class: int) -> GateReason:
    if not facts.data_is_clean:
        return GateReason.DATA_QUALITY_ALARM
    if facts.n_labelled < config.retrain_min_training_samples:
        return GateReason.TOO_FEW_LABELS
    if min(facts.n_positive, facts.n_labelled - facts.n_positive) < min_per_class:
        return GateReason.TOO_FEW_OF_A_CLASS
    if facts.n_holdout_since_change < config.retrain_min_validation_samples:
        return GateReason.TOO_FEW_TO_VALIDATE
    return GateReason.PASSED


def _severity(facts: GateFacts) -> GateReason:
    if facts.is_common_cause:
        return GateReason.COMMON_CAUSE
    return GateReason.PASSED if facts.severity >= Severity.HIGH else GateReason.SEVERITY_TOO_LOW


def _active_job(facts: GateFacts, config: MLConfig) -> GateReason:
    if facts.active_job is not None:
        return GateReason.JOB_ACTIVE
    if facts.n_active_jobs >= config.max_concurrent_retrain_jobs:
        return GateReason.TOO_MANY_JOBS
    return GateReason.PASSED
