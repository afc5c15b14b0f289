"""What an alert says of a drift finding."""

from watchfloor.ml.health.drift_reports import Finding
from watchfloor.noc.desk.alert_correlation import Condition


def condition_of(
    finding: Finding, fingerprint: str, *, entity_type: str, entity_id: str
) -> Condition:
    """Return the condition that a finding with a severity is; its report is named in it."""
    assert finding.severity is not None
    return Condition(
        alert_type="ML_DRIFT_DETECTED",
        severity=finding.severity.value,
        fingerprint=fingerprint,
        message=finding.sentence,
        entity_type=entity_type,
        entity_id=entity_id,
        metadata={"drift_report": finding.evidence, "report_id": finding.report_id},
    )
