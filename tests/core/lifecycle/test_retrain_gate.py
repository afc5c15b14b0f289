"""Five safeguards always answer, and nothing passes that nobody switched on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.gate_reason import GateReason
from watchfloor.core.lifecycle.retrain_gate import (
    GateFacts,
    Safeguard,
    cooldown_ends,
    judge,
    may_retrain,
    requires_approval,
)
from watchfloor.core.ml_config import MLConfig

NOW = datetime(2026, 3, 9, 2, tzinfo=UTC)
ON = MLConfig(
    enable_auto_retrain=True,
    enable_auto_retrain_fraud=True,
    enable_auto_retrain_conflict=True,
    auto_retrain_enabled_tenants=("acme",),
)
READY = GateFacts(
    tenant="acme",
    model_type="fraud_detector",
    now=NOW,
    severity=Severity.HIGH,
    flag_on=True,
    data_is_clean=True,
    n_labelled=5000,
    n_positive=60,
    n_holdout_since_change=300,
)


def ago(days):
    return NOW - timedelta(days=days)


def reason_of(safeguard, facts=READY, config=ON):
    [verdict] = [each for each in judge(facts, config) if each.safeguard is safeguard]
    return verdict.reason


class TestTheGate:
    def test_opens_when_every_safeguard_passes(self):
        verdicts = judge(READY, ON)

        assert [verdict.safeguard for verdict in verdicts] == list(Safeguard)
        assert may_retrain(verdicts)

    def test_is_shut_by_the_default_configuration(self):
        assert not may_retrain(judge(READY, MLConfig()))

    def test_is_shut_without_any_verdict(self):
        assert not may_retrain(())

    @given(
        n_labelled=st.integers(0, 300),
        share=st.floats(0, 1),
        severity=st.sampled_from(Severity),
        clean=st.booleans(),
        flag_on=st.booleans(),
        days=st.none() | st.floats(0, 100),
        failures=st.integers(0, 50),
        active=st.none() | st.just("job 4"),
    )
    def test_always_has_five_answers_that_agree_with_their_reasons(
        self, n_labelled, share, severity, clean, flag_on, days, failures, active
    ):
        facts = replace(
            READY,
            severity=severity,
            data_is_clean=clean,
            flag_on=flag_on,
            n_labelled=n_labelled,
            n_positive=int(n_labelled * share),
            last_attempt_at=None if days is None else ago(days),
            failures_in_a_row=failures,
            active_job=active,
        )

        verdicts = judge(facts, ON)

        assert [verdict.safeguard for verdict in verdicts] == list(Safeguard)
        assert all(v.passed == (v.reason is GateReason.PASSED) for v in verdicts)


@pytest.mark.parametrize(
    ("config", "facts", "reason"),
    [
        (replace(ON, enable_auto_retrain=False), {}, GateReason.AUTO_RETRAIN_OFF),
        (replace(ON, enable_auto_retrain_fraud=False), {}, GateReason.MODEL_TYPE_OFF),
        (replace(ON, auto_retrain_enabled_tenants=()), {}, GateReason.TENANT_NOT_ENABLED),
        (ON, {"tenant": "rival"}, GateReason.TENANT_NOT_ENABLED),
        (ON, {"flag_on": False}, GateReason.FLAG_OFF),
        (ON, {"rollbacks_in_a_row": 2}, GateReason.ROLLED_BACK_TWICE),
        (ON, {"rollbacks_in_a_row": 1}, GateReason.PASSED),
        (ON, {"model_type": "conflict_predictor"}, GateReason.PASSED),
        (ON, {"model_type": "sla_breach"}, GateReason.PASSED),
    ],
    ids=[
        *("master off", "type off", "empty list means nobody", "another tenant", "flag off"),
        *("rolled back twice", "rolled back once", "conflict on", "type without a switch"),
    ],
)
def test_flags(config, facts, reason):
    assert reason_of(Safeguard.FLAGS, replace(READY, **facts), config) is reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, GateReason.PASSED),
        ({"last_attempt_at": ago(6.99)}, GateReason.COOLING_DOWN),
        ({"last_attempt_at": ago(7)}, GateReason.PASSED),
        ({"last_attempt_at": ago(13), "failures_in_a_row": 1}, GateReason.COOLING_DOWN),
        ({"last_attempt_at": ago(55), "failures_in_a_row": 9}, GateReason.COOLING_DOWN),
        ({"last_attempt_at": ago(56), "failures_in_a_row": 9}, GateReason.PASSED),
        ({"activations_30_days": 2}, GateReason.BUDGET_SPENT),
    ],
    ids=["never", "six days", "seven", "failed once", "failing", "at most eight times", "budget"],
)
def test_cooldown(facts, reason):
    assert reason_of(Safeguard.COOLDOWN, replace(READY, **facts)) is reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"data_is_clean": False}, GateReason.DATA_QUALITY_ALARM),
        ({"n_labelled": 99}, GateReason.TOO_FEW_LABELS),
        ({"n_labelled": 100, "n_positive": 20}, GateReason.PASSED),
        ({"n_positive": 19}, GateReason.TOO_FEW_OF_A_CLASS),
        ({"n_positive": 4981}, GateReason.TOO_FEW_OF_A_CLASS),
        ({"n_holdout_since_change": 29}, GateReason.TOO_FEW_TO_VALIDATE),
    ],
    ids=["broken data", "few", "enough", "few events", "few clean", "few to validate on"],
)
def test_data_floor(facts, reason):
    assert reason_of(Safeguard.DATA_FLOOR, replace(READY, **facts)) is reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"severity": Severity.CRITICAL}, GateReason.PASSED),
        ({"severity": Severity.MEDIUM}, GateReason.SEVERITY_TOO_LOW),
        ({"is_common_cause": True}, GateReason.COMMON_CAUSE),
    ],
)
def test_severity(facts, reason):
    assert reason_of(Safeguard.SEVERITY, replace(READY, **facts)) is reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"active_job": "job 7 is queued"}, GateReason.JOB_ACTIVE),
        ({"n_active_jobs": 2}, GateReason.TOO_MANY_JOBS),
        ({"n_active_jobs": 1}, GateReason.PASSED),
    ],
)
def test_active_job(facts, reason):
    assert reason_of(Safeguard.ACTIVE_JOB, replace(READY, **facts)) is reason


class TestApproval:
    @pytest.mark.parametrize(
        ("severity", "asked", "needed"),
        [
            (Severity.CRITICAL, True, True),
            (Severity.CRITICAL, False, False),
            (Severity.HIGH, True, False),
        ],
    )
    def test_is_needed_for_critical_drift(self, severity, asked, needed):
        config = replace(ON, require_manual_approval_critical_drift=asked)

        assert requires_approval(replace(READY, severity=severity), config) is needed


class TestCooldown:
    def test_has_no_end_without_an_attempt(self):
        assert cooldown_ends(READY, ON) is None

    def test_counts_from_the_last_attempt(self):
        assert cooldown_ends(replace(READY, last_attempt_at=ago(2)), ON) == ago(2) + timedelta(7)


def test_every_reason_has_a_sentence():
    assert all(reason.sentence.endswith(".") for reason in GateReason)
