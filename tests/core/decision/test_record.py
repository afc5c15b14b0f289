"""What is stored of a decision: the thresholds in force, and the interval it rests on."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from watchfloor.core.decision.policy import DecisionPolicy, Evidence, decide
from watchfloor.core.decision.record import clear_threshold, record_of, ticket_threshold

ASKED = DecisionPolicy(ticket_score=0.6, eps_ticket=0.1, eps_clear=0.01, beta_clear=0.05, delta=0.1)
KNOWN = Evidence(
    score=0.8,
    now=datetime(2026, 3, 2, tzinfo=UTC),
    width=0.1,
    certified_from=0.7,
    certified_floor=0.75,
    ticket_eps=0.1,
    ticket_delta=0.1,
    clear_below=0.05,
    clear_eps=0.01,
    clear_delta=0.1,
    positives_limit=0.2,
    positives_beta=0.05,
    calibration_n=1_000,
)


@pytest.mark.parametrize(
    ("evidence", "policy", "expected"),
    [
        (KNOWN, ASKED, 0.7),
        (KNOWN, replace(ASKED, ticket_score=0.75), 0.75),
        (KNOWN, replace(ASKED, ticket_score=0.76), None),
        (replace(KNOWN, certified_floor=None), replace(ASKED, ticket_score=0.75), None),
        (replace(KNOWN, certified_floor=None), replace(ASKED, ticket_score=0.7), 0.7),
        (replace(KNOWN, certified_from=None, certified_floor=None), ASKED, None),
        (KNOWN, replace(ASKED, eps_ticket=0.05), None),
        (KNOWN, replace(ASKED, delta=0.05), None),
        (KNOWN, replace(ASKED, eps_ticket=0.2, delta=0.2), 0.7),
    ],
    ids=[
        "certified",
        "operator",
        "operator above what was tested",
        "operator above, of an earlier set",
        "operator at it, of an earlier set",
        "nothing",
        "stricter eps",
        "stricter delta",
        "looser promise",
    ],
)
def test_the_ticket_threshold_is_the_higher_one_under_the_promise_asked_for(
    evidence, policy, expected
):
    assert ticket_threshold(evidence, policy) == expected


@pytest.mark.parametrize(
    ("evidence", "policy", "expected"),
    [
        (KNOWN, ASKED, 0.05),
        (replace(KNOWN, clear_below=None), ASKED, None),
        (KNOWN, replace(ASKED, eps_clear=0.005), None),
        (KNOWN, replace(ASKED, eps_clear=0.02), 0.05),
        (KNOWN, replace(ASKED, beta_clear=0.04), None),
        (replace(KNOWN, positives_limit=None), ASKED, None),
        (replace(KNOWN, positives_limit=0.04), ASKED, math.nextafter(0.04, 0)),
    ],
    ids=["certified", "nothing", "stricter", "looser", "beta", "no limit", "limit is lower"],
)
def test_the_clear_threshold_is_the_lower_one_under_the_promises_asked_for(
    evidence, policy, expected
):
    assert clear_threshold(evidence, policy) == expected


@pytest.mark.parametrize(
    ("width", "pair", "expected"),
    [
        (0.1, 0.1, "prob_bin"),
        (0.3, 0.1, "venn_abers"),
        (None, 0.1, "venn_abers"),
        (0.3, 0.3, "prob_bin"),
        (0.3, None, "prob_bin"),
        (None, None, ""),
        (None, 0.3, ""),
    ],
)
def test_the_interval_is_the_one_that_tells_or_else_the_one_that_is_shown(width, pair, expected):
    evidence = replace(KNOWN, width=width, venn_abers_width=pair)

    record = record_of(evidence, ASKED, decide(evidence, ASKED))

    assert record.interval_kind == expected


def test_the_operators_thresholds_and_the_size_of_the_set_stand_each_in_its_column():
    policy = replace(ASKED, review_score=0.35)

    record = record_of(KNOWN, policy, decide(KNOWN, policy))

    assert (record.review_score, record.ticket_score) == (0.35, 0.6)
    assert record.calibration_n == 1_000


def test_nothing_known_is_recorded_as_nothing_and_the_promise_as_it_was_asked_for():
    unknown = Evidence(score=None, now=KNOWN.now)

    record = record_of(unknown, ASKED, decide(unknown, ASKED))

    assert record.calibration_n is None
    assert (record.ticket_threshold, record.clear_threshold) == (None, None)
    assert (record.eps_ticket, record.eps_clear, record.delta) == (0.1, 0.01, 0.1)
    assert record.beta_clear == 0.05
    assert (record.reason, record.failing_clause) == ("cannot_score", "cannot_score")
