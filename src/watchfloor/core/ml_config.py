"""
ML_CONFIG, read once: every key typed, bounded and checked against the others.

A key is a field in upper case. `MLConfig.from_mapping` reads the dictionary of the settings,
`override` lays an environment's or a tenant's own values over it; both refuse, by name, what
is unknown, of the wrong type, out of range or in contradiction with another key.
"""

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from watchfloor.core.errors import InvalidConfiguration

ALERT_CHANNELS = ("noc_dashboard", "email", "websocket")

Read = Callable[[str, Any], Any]


def _flag(default: bool, about: str) -> Any:
    return field(default=default, metadata={"read": _read_flag, "about": about, "range": "yes/no"})


def _whole(default: int, low: int, high: int, about: str) -> Any:
    def read(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _refusal(key, value, f"a whole number from {low} to {high}")
        return value

    return field(
        default=default, metadata={"read": read, "about": about, "range": f"{low}..{high}"}
    )


def _share(default: float, about: str) -> Any:
    return field(default=default, metadata={"read": _read_share, "about": about, "range": "0..1"})


def _names(default: tuple[str, ...], about: str, *, among: tuple[str, ...] = ()) -> Any:
    def read(key: str, value: Any) -> tuple[str, ...]:
        expected = f"a list of different names{' among ' + ', '.join(among) if among else ''}"
        if not isinstance(value, (list, tuple)) or not all(map(_is_name, value)):
            raise _refusal(key, value, expected)
        if len(set(value)) != len(value) or (among and not set(value) <= set(among)):
            raise _refusal(key, value, expected)
        return tuple(value)

    shown = ", ".join(among) or "names"
    return field(default=default, metadata={"read": read, "about": about, "range": shown})


def _name(default: str, about: str) -> Any:
    return field(default=default, metadata={"read": _read_name, "about": about, "range": "a name"})


def _read_flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refusal(key, value, "true or false")
    return value


def _read_share(key: str, value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= 1:
        raise _refusal(key, value, "a number in [0, 1]")
    return float(value)


def _read_name(key: str, value: Any) -> str:
    if not _is_name(value):
        raise _refusal(key, value, "a name without blanks at its ends")
    return str(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value == value.strip()


def _refusal(key: str, value: Any, expected: str) -> InvalidConfiguration:
    return InvalidConfiguration(field=key, value=value, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class MLConfig:
    """
    How models are watched and retrained; one field a key of ML_CONFIG.

    Raises:
        InvalidConfiguration: names the key, the value and what was expected.

    >>> MLConfig().retrain_cooldown_days
    7
    >>> MLConfig.from_mapping({"RETRAIN_COOLDOWN_DAYS": 14}).override(
    ...     {"ENABLE_DRIFT_ALERTS": False}
    ... ).retrain_cooldown_days
    14
    """

    # flags
    enable_drift_monitoring: bool = _flag(True, "Check models for drift every night.")
    enable_drift_alerts: bool = _flag(True, "Raise ML_DRIFT_DETECTED when drift is found.")
    enable_auto_retrain: bool = _flag(False, "Master switch: drift may ask for a retrain.")
    auto_retrain_enabled_tenants: tuple[str, ...] = _names(
        (), "Tenants that retrain automatically; an empty list means none."
    )
    enable_auto_retrain_fraud: bool = _flag(False, "Fraud models may retrain automatically.")
    enable_auto_retrain_conflict: bool = _flag(False, "Conflict models may retrain automatically.")
    require_manual_approval_critical_drift: bool = _flag(
        True, "A retrain after CRITICAL drift waits for a person."
    )

    # drift
    statistical_drift_pvalue_critical: float = _share(0.001, "Score drift is CRITICAL below this.")
    statistical_drift_pvalue_high: float = _share(0.01, "Score drift is HIGH below this.")
    statistical_drift_pvalue_medium: float = _share(0.05, "Score drift is MEDIUM below this.")
    performance_drift_critical: float = _share(0.20, "A loss of accuracy this large is CRITICAL.")
    performance_drift_high: float = _share(0.10, "A loss of accuracy this large is HIGH.")
    performance_drift_medium: float = _share(0.05, "A loss of accuracy this large is MEDIUM.")
    precision_drift_high: float = _share(0.15, "A loss of precision this large is HIGH.")
    recall_drift_high: float = _share(0.15, "A loss of recall this large is HIGH.")

    # retrain
    retrain_cooldown_days: int = _whole(7, 0, 365, "Days between two retrains of one model.")
    retrain_min_training_samples: int = _whole(
        100, 2, 10_000_000, "Known outcomes a training set must hold."
    )
    retrain_min_validation_samples: int = _whole(
        30, 1, 10_000_000, "Known outcomes the validation holdout must hold."
    )
    max_concurrent_retrain_jobs: int = _whole(2, 1, 64, "Retrain jobs that may run at once.")

    # floors
    conflict_min_accuracy: float = _share(0.70, "Accuracy a conflict challenger must reach.")
    conflict_min_precision: float = _share(0.60, "Precision a conflict challenger must reach.")
    conflict_min_recall: float = _share(0.50, "Recall a conflict challenger must reach.")
    conflict_min_roc_auc: float = _share(0.70, "ROC AUC a conflict challenger must reach.")
    fraud_min_pr_auc: float = _share(0.70, "PR AUC a fraud challenger must reach.")
    fraud_min_precision_at_80_recall: float = _share(
        0.50, "Precision at 80 % recall a fraud challenger must reach."
    )

    # rollback
    rollback_check_hours: int = _whole(24, 1, 720, "Hours a promoted model is watched.")
    rollback_accuracy_drop_threshold: float = _share(
        0.05, "Loss of accuracy against the former model that rolls back."
    )
    rollback_precision_drop_threshold: float = _share(
        0.10, "Loss of precision against the former model that rolls back."
    )
    enable_auto_rollback: bool = _flag(True, "Roll a worse model back without asking.")

    # data
    training_data_days: int = _whole(180, 1, 3_650, "Days of history a training set reaches back.")
    drift_detection_recent_days: int = _whole(7, 1, 365, "Length of the window under test, days.")
    drift_baseline_start_days: int = _whole(
        30, 1, 3_650, "The reference window ends this many days ago."
    )
    drift_baseline_end_days: int = _whole(
        60, 1, 3_650, "The reference window begins this many days ago."
    )
    min_daily_predictions_with_outcomes: int = _whole(
        10, 1, 1_000_000, "Known outcomes a day needs to get a metrics row."
    )

    # alerts
    drift_alert_dedup_hours: int = _whole(24, 0, 8_760, "Hours in which an alert is not repeated.")
    critical_drift_auto_escalate_minutes: int = _whole(
        60, 1, 10_080, "Minutes after which an unseen CRITICAL drift alert escalates."
    )
    drift_alert_channels: tuple[str, ...] = _names(
        ALERT_CHANNELS, "Where drift alerts are shown.", among=ALERT_CHANNELS
    )
    drift_alert_target_team: str = _name("ml_engineering", "The team drift alerts are assigned to.")

    # timeouts, seconds
    daily_metrics_timeout: int = _whole(3600, 1, 86_400, "Limit of the daily metrics task, s.")
    drift_detection_timeout: int = _whole(600, 1, 86_400, "Limit of a drift task, s.")
    retraining_timeout: int = _whole(1800, 1, 86_400, "Limit of one retrain, s.")
    rollback_check_timeout: int = _whole(300, 1, 86_400, "Limit of one rollback check, s.")

    # logging
    log_all_drift_checks: bool = _flag(True, "Store checks that found nothing, too.")
    log_detailed_metrics: bool = _flag(True, "Log each day's metrics, not only their count.")
    monitor_drift_task_performance: bool = _flag(True, "Record duration and outcome of each task.")

    def __post_init__(self) -> None:
        for item in fields(self):
            value = item.metadata["read"](item.name.upper(), getattr(self, item.name))
            object.__setattr__(self, item.name, value)
        for refuse_contradiction in _CONTRADICTIONS:
            refuse_contradiction(self)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Return the defaults with the given keys of ML_CONFIG laid over them."""
        return cls(**_fields_of(mapping))

    def override(self, mapping: Mapping[str, Any]) -> Self:
        """Return a new configuration with the given keys changed; this one stays as it is."""
        return type(self)(**{**_by_field(self), **_fields_of(mapping)})

    def to_mapping(self) -> dict[str, Any]:
        """Return all keys with their values, as JSON can carry them."""
        return {
            name.upper(): list(value) if isinstance(value, tuple) else value
            for name, value in _by_field(self).items()
        }


KEYS: tuple[str, ...] = tuple(item.name.upper() for item in fields(MLConfig))
"""The names of the specification, in its order."""

ABOUT: Mapping[str, str] = {item.name.upper(): item.metadata["about"] for item in fields(MLConfig)}
"""One sentence a key, for the settings reference."""

RANGES: Mapping[str, str] = {item.name.upper(): item.metadata["range"] for item in fields(MLConfig)}
"""What a key may hold, in words, for the settings reference."""

ENVIRONMENTS: Mapping[str, Mapping[str, Any]] = {
    "development": {
        "ENABLE_AUTO_RETRAIN": True,
        "ENABLE_AUTO_RETRAIN_FRAUD": True,
        "ENABLE_AUTO_RETRAIN_CONFLICT": True,
        "RETRAIN_MIN_TRAINING_SAMPLES": 20,
        "RETRAIN_COOLDOWN_DAYS": 1,
    },
    # The master switch stays off here: the fraud flag shows what would have been asked for.
    "staging": {
        "ENABLE_AUTO_RETRAIN_FRAUD": True,
        "ENABLE_AUTO_RETRAIN_CONFLICT": False,
    },
    "production": {
        "ENABLE_AUTO_RETRAIN": False,
        "ENABLE_AUTO_RETRAIN_FRAUD": False,
        "ENABLE_AUTO_RETRAIN_CONFLICT": False,
        "REQUIRE_MANUAL_APPROVAL_CRITICAL_DRIFT": True,
    },
}
"""What each environment changes; no tenant is enabled anywhere by default."""


def _by_field(config: MLConfig) -> dict[str, Any]:
    return {item.name: getattr(config, item.name) for item in fields(config)}


def _fields_of(mapping: Mapping[str, Any]) -> dict[str, Any]:
    for key in mapping:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key).upper(), KEYS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise _refusal(
                str(key), mapping[key], f"one of the {len(KEYS)} keys of ML_CONFIG{hint}"
            )
    return {key.lower(): value for key, value in mapping.items()}


def _refuse_disordered_p_values(config: MLConfig) -> None:
    critical, high = config.statistical_drift_pvalue_critical, config.statistical_drift_pvalue_high
    if not critical < high < config.statistical_drift_pvalue_medium:
        raise _refusal(
            "STATISTICAL_DRIFT_PVALUE_HIGH",
            high,
            "more than ..._CRITICAL and less than ..._MEDIUM "
            f"({critical:g} and {config.statistical_drift_pvalue_medium:g})",
        )


def _refuse_disordered_losses(config: MLConfig) -> None:
    critical, medium = config.performance_drift_critical, config.performance_drift_medium
    if not critical > config.performance_drift_high > medium:
        raise _refusal(
            "PERFORMANCE_DRIFT_HIGH",
            config.performance_drift_high,
            f"less than ..._CRITICAL and more than ..._MEDIUM ({critical:g} and {medium:g})",
        )


def _refuse_overlapping_windows(config: MLConfig) -> None:
    start, end = config.drift_baseline_start_days, config.drift_baseline_end_days
    if start < config.drift_detection_recent_days:
        raise _refusal(
            "DRIFT_BASELINE_START_DAYS",
            start,
            f"at least DRIFT_DETECTION_RECENT_DAYS ({config.drift_detection_recent_days}): "
            "the reference may not hold days under test",
        )
    if end <= start:
        raise _refusal(
            "DRIFT_BASELINE_END_DAYS", end, f"more than DRIFT_BASELINE_START_DAYS ({start})"
        )


def _refuse_cooldown_inside_watch(config: MLConfig) -> None:
    hours = config.rollback_check_hours
    if config.enable_auto_retrain and config.retrain_cooldown_days * 24 < hours:
        raise _refusal(
            "RETRAIN_COOLDOWN_DAYS",
            config.retrain_cooldown_days,
            f"at least ROLLBACK_CHECK_HOURS ({hours} h): a model under watch is not replaced",
        )


def _refuse_retrain_without_monitoring(config: MLConfig) -> None:
    if config.enable_auto_retrain and not config.enable_drift_monitoring:
        raise _refusal(
            "ENABLE_AUTO_RETRAIN", True, "ENABLE_DRIFT_MONITORING on: nothing else asks for it"
        )


def _refuse_alerts_without_channel(config: MLConfig) -> None:
    if config.enable_drift_alerts and not config.drift_alert_channels:
        raise _refusal(
            "DRIFT_ALERT_CHANNELS", [], "at least one channel while ENABLE_DRIFT_ALERTS is on"
        )


_CONTRADICTIONS: tuple[Callable[[MLConfig], None], ...] = (
    _refuse_disordered_p_values,
    _refuse_disordered_losses,
    _refuse_overlapping_windows,
    _refuse_cooldown_inside_watch,
    _refuse_retrain_without_monitoring,
    _refuse_alerts_without_channel,
)
