"""Why a safeguard let a retrain pass or held it: one word, stored, shown and counted."""

from enum import StrEnum


class GateReason(StrEnum):
    """The answer of one safeguard."""

    PASSED = "passed"
    AUTO_RETRAIN_OFF = "auto_retrain_off"
    MODEL_TYPE_OFF = "model_type_off"
    TENANT_NOT_ENABLED = "tenant_not_enabled"
    FLAG_OFF = "flag_off"
    ROLLED_BACK_TWICE = "rolled_back_twice"
    COOLING_DOWN = "cooling_down"
    BUDGET_SPENT = "budget_spent"
    DATA_QUALITY_ALARM = "data_quality_alarm"
    TOO_FEW_LABELS = "too_few_labels"
    TOO_FEW_OF_A_CLASS = "too_few_of_a_class"
    TOO_FEW_TO_VALIDATE = "too_few_to_validate"
    SEVERITY_TOO_LOW = "severity_too_low"
    COMMON_CAUSE = "common_cause"
    JOB_ACTIVE = "job_active"
    TOO_MANY_JOBS = "too_many_jobs"

    @property
    def sentence(self) -> str:
        """One sentence for the operator who asks."""
        return _SENTENCES[self]


_SENTENCES = {
    GateReason.PASSED: "Nothing speaks against a retrain.",
    GateReason.AUTO_RETRAIN_OFF: "Automatic retraining is switched off (ENABLE_AUTO_RETRAIN).",
    GateReason.MODEL_TYPE_OFF: "Automatic retraining is switched off for this type of model.",
    GateReason.TENANT_NOT_ENABLED: "This tenant is not in AUTO_RETRAIN_ENABLED_TENANTS.",
    GateReason.FLAG_OFF: "The tenant's flag is off, or the kill switch is on.",
    GateReason.ROLLED_BACK_TWICE: "The last two retrained models were rolled back.",
    GateReason.COOLING_DOWN: "The last attempt is too recent; failures lengthen the wait.",
    GateReason.BUDGET_SPENT: "Two models were activated automatically in the last 30 days.",
    GateReason.DATA_QUALITY_ALARM: "The data is not in order: a model would learn its faults.",
    GateReason.TOO_FEW_LABELS: "Too few outcomes are known to train on.",
    GateReason.TOO_FEW_OF_A_CLASS: "Too few known outcomes are events, or too few are clean.",
    GateReason.TOO_FEW_TO_VALIDATE: "Too few outcomes since the drift to validate a challenger on.",
    GateReason.SEVERITY_TOO_LOW: "The drift is neither HIGH nor CRITICAL.",
    GateReason.COMMON_CAUSE: "Many sites moved together: an event of the world, not of the model.",
    GateReason.JOB_ACTIVE: "A retrain of this model is already under way.",
    GateReason.TOO_MANY_JOBS: "As many retrains run as may run at once.",
}
