"""Many predictions decided at once are decided as each alone: for any evidence, any policy."""

from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest
from core.decision.sure import NOW
from core.decision.test_policy_properties import ANY_EVIDENCE, POLICY
from hypothesis import given, settings
from hypothesis import strategies as st

from watchfloor.core.decision.columns import EvidenceColumns, PolicyColumns, decide_columns
from watchfloor.core.decision.policy import (
    DecisionPolicy,
    EarlierTicket,
    Evidence,
    Outcome,
    Reason,
    decide,
)


def fuzzed_evidence(rng, n):
    """Return evidence on a coarse grid, so that borders are met, with a tenth of it missing."""

    def share(top=20):
        return None if rng.random() < 0.1 else float(rng.integers(0, top + 1)) / 20

    return [
        Evidence(
            score=share(),
            now=NOW,
            cannot_score=[None, Reason.NO_MODEL, Reason.CANNOT_SCORE][rng.integers(3)],
            width=share(6),
            venn_abers_width=share(6),
            certified_from=share(),
            certified_floor=share(),
            ticket_eps=share(3),
            ticket_delta=share(3),
            clear_below=share(),
            clear_eps=share(3),
            clear_delta=share(3),
            positives_limit=share(),
            positives_beta=share(3),
            calibration_n=int(rng.choice([0, 99, 100, 1_000])),
            calibration_n_positive=int(rng.choice([9, 10, 90, 95])),
            calibrated_at=None
            if rng.random() < 0.1
            else NOW - timedelta(days=float(rng.choice([1, 45, 46]))),
            calibration_unreadable=bool(rng.random() < 0.1),
            drift_alarm=bool(rng.random() < 0.1),
            exchangeability_lost=bool(rng.random() < 0.1),
            earlier_ticket=list(EarlierTicket)[rng.choice(4, p=[0.7, 0.1, 0.1, 0.1])],
        )
        for _ in range(n)
    ]


def fuzzed_policies(rng, n):
    """Return policies that mostly let something through."""

    def mostly(value):
        return bool(rng.random() < 0.9) is value

    return [
        DecisionPolicy(
            review_score=float(rng.integers(0, 21)) / 20,
            ticket_score=float(rng.integers(0, 21)) / 20,
            width_limit=float(rng.choice([0.1, 0.2, 0.25])),
            eps_ticket=float(rng.choice([0.05, 0.1, 0.15])),
            eps_clear=float(rng.choice([0.05, 0.1, 0.15])),
            beta_clear=float(rng.choice([0.05, 0.1, 0.15])),
            delta=float(rng.choice([0.1, 0.15])),
            automation_on=mostly(True),
            kill_switch=mostly(False),
            stage_on=mostly(True),
            clear_on=mostly(True),
            breaker_open=mostly(False),
            site_cap_left=int(rng.integers(-1, 5)),
            cap_left=int(rng.integers(-1, 5)),
        )
        for _ in range(n)
    ]


def columns_of(policies):
    def column(name):
        values = [getattr(policy, name) for policy in policies]
        return values[0] if name == "calibration_max_age_days" else np.array(values)

    return PolicyColumns(**{each.name: column(each.name) for each in fields(PolicyColumns)})


def assert_same(evidence, policies):
    decided = decide_columns(EvidenceColumns.of(evidence), columns_of(policies))

    one_by_one = [decide(*each) for each in zip(evidence, policies, strict=True)]
    assert [decided.decision(row) for row in range(len(evidence))] == one_by_one
    return one_by_one


class TestDecideColumns:
    @given(rows=st.lists(st.tuples(ANY_EVIDENCE, POLICY), min_size=1, max_size=8))
    @settings(max_examples=60)
    def test_decides_as_decide_does(self, rows):
        assert_same([evidence for evidence, _ in rows], [policy for _, policy in rows])

    def test_decides_two_thousand_fuzzed_rows_as_decide_does(self):
        rng = np.random.default_rng(20260302)

        taken = assert_same(fuzzed_evidence(rng, 2_000), fuzzed_policies(rng, 2_000))

        assert {each.outcome for each in taken} >= {Outcome.HUMAN_REVIEW, Outcome.LOG_ONLY}

    @pytest.mark.slow
    def test_decides_thirty_thousand_fuzzed_rows_as_decide_does(self):
        rng = np.random.default_rng(20260303)

        taken = assert_same(fuzzed_evidence(rng, 30_000), fuzzed_policies(rng, 30_000))

        # The fuzz is worth its name: every outcome is met, and every reason a clause can give.
        assert {each.outcome for each in taken} == set(Outcome)
        told = {each.reason for each in taken} | {each.failing for each in taken} - {None}
        assert told == set(Reason) - {Reason.NUMERIC_ESTIMATE}

    def test_of_no_rows_decides_nothing(self):
        decided = decide_columns(EvidenceColumns.of([]), PolicyColumns.of(DecisionPolicy()))

        assert len(decided.outcome) == 0
