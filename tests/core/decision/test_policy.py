"""What happens to a prediction, as a table; and what must hold whatever the evidence."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.decision.policy import (
    Decision,
    DecisionPolicy,
    EarlierTicket,
    Evidence,
    Outcome,
    decide,
)
from watchfloor.core.decision.reason import Reason

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)

ON = DecisionPolicy(
    review_score=0.6,
    eps_ticket=0.1,
    eps_clear=0.01,
    delta=0.1,
    automation_on=True,
    stage_on=True,
    clear_on=True,
    breaker_open=False,
    site_cap_left=2,
    cap_left=3,
)
SURE = Evidence(
    score=0.80,
    width=0.125,
    certified_from=0.78,
    ticket_eps=0.1,
    ticket_delta=0.1,
    clear_below=0.05,
    clear_eps=0.01,
    clear_delta=0.1,
    calibration_n=1_000,
    calibration_n_positive=60,
    calibrated_at=NOW - timedelta(days=10),
    now=NOW,
)
CLEAN = replace(SURE, score=0.03)


def review(reason):
    return Decision(Outcome.HUMAN_REVIEW, reason, reason)


def logged(failing):
    return Decision(Outcome.LOG_ONLY, Reason.BELOW_REVIEW_SCORE, failing)


TICKET = Decision(Outcome.AUTO_TICKET, Reason.CERTIFIED)
CLEARED = Decision(Outcome.AUTO_CLEAR, Reason.CLEARED)
ADDED = Decision(Outcome.SUPPRESSED_DUPLICATE, Reason.DUPLICATE)

TABLE = {
    "certified": (SURE, ON, TICKET),
    "at the certificate": (replace(SURE, certified_from=0.80), ON, TICKET),
    "at the review score": (
        replace(SURE, certified_from=0.5),
        replace(ON, review_score=0.8),
        TICKET,
    ),
    "as wide as the limit": (
        replace(SURE, width=0.2),
        ON,
        review(Reason.PROBABILITY_NOT_KNOWN_WELL),
    ),
    "no width": (replace(SURE, width=None), ON, review(Reason.PROBABILITY_NOT_KNOWN_WELL)),
    "width is NaN": (replace(SURE, width=math.nan), ON, review(Reason.PROBABILITY_NOT_KNOWN_WELL)),
    "width as wide, pair narrow": (replace(SURE, width=0.2, venn_abers_width=0.19), ON, TICKET),
    "no width, pair narrow": (replace(SURE, width=None, venn_abers_width=0.19), ON, TICKET),
    "width narrow, pair wide": (replace(SURE, venn_abers_width=0.9), ON, TICKET),
    "both as wide as the limit": (
        replace(SURE, width=0.2, venn_abers_width=0.2),
        ON,
        review(Reason.PROBABILITY_NOT_KNOWN_WELL),
    ),
    "pair is NaN": (
        replace(SURE, width=0.5, venn_abers_width=math.nan),
        ON,
        review(Reason.PROBABILITY_NOT_KNOWN_WELL),
    ),
    "below certificate": (replace(SURE, certified_from=0.81), ON, review(Reason.NOT_CERTIFIED)),
    "nothing certified": (replace(SURE, certified_from=None), ON, review(Reason.NOT_CERTIFIED)),
    "certificate is NaN": (
        replace(SURE, certified_from=math.nan),
        ON,
        review(Reason.NOT_CERTIFIED),
    ),
    "certificate of a stricter eps": (replace(SURE, ticket_eps=0.05), ON, TICKET),
    "certificate of a looser eps": (
        replace(SURE, ticket_eps=0.11),
        ON,
        review(Reason.CERTIFICATE_LOOSER),
    ),
    "certificate of a stricter delta": (replace(SURE, ticket_delta=0.05), ON, TICKET),
    "certificate of a looser delta": (
        replace(SURE, ticket_delta=0.11),
        ON,
        review(Reason.CERTIFICATE_LOOSER),
    ),
    "certificate without its eps": (
        replace(SURE, ticket_eps=None),
        ON,
        review(Reason.CERTIFICATE_LOOSER),
    ),
    "certificate without its delta": (
        replace(SURE, ticket_delta=None),
        ON,
        review(Reason.CERTIFICATE_LOOSER),
    ),
    "eps of the certificate is NaN": (
        replace(SURE, ticket_eps=math.nan),
        ON,
        review(Reason.CERTIFICATE_LOOSER),
    ),
    "at the operator": (SURE, replace(ON, ticket_score=0.80), TICKET),
    "below the operator": (SURE, replace(ON, ticket_score=0.81), review(Reason.BELOW_TICKET_SCORE)),
    "operator under the certificate": (
        replace(SURE, score=0.70),
        replace(ON, ticket_score=0.65),
        review(Reason.NOT_CERTIFIED),
    ),
    "drift": (replace(SURE, drift_alarm=True), ON, review(Reason.DRIFT_ALARM)),
    "exchangeability lost": (
        replace(SURE, exchangeability_lost=True),
        ON,
        review(Reason.EXCHANGEABILITY_LOST),
    ),
    "drift and exchangeability lost": (
        replace(SURE, drift_alarm=True, exchangeability_lost=True),
        ON,
        review(Reason.DRIFT_ALARM),
    ),
    "never calibrated": (replace(SURE, calibrated_at=None), ON, review(Reason.NO_CALIBRATION)),
    "calibrated on nothing": (replace(SURE, calibration_n=0), ON, review(Reason.NO_CALIBRATION)),
    "too few outcomes": (replace(SURE, calibration_n=99), ON, review(Reason.CALIBRATION_TOO_SMALL)),
    "too few events": (
        replace(SURE, calibration_n_positive=9),
        ON,
        review(Reason.CALIBRATION_TOO_SMALL),
    ),
    "too few clean": (
        replace(SURE, calibration_n_positive=991),
        ON,
        review(Reason.CALIBRATION_TOO_SMALL),
    ),
    "just fresh enough": (replace(SURE, calibrated_at=NOW - timedelta(days=45)), ON, TICKET),
    "a second too old": (
        replace(SURE, calibrated_at=NOW - timedelta(days=45, seconds=1)),
        ON,
        review(Reason.CALIBRATION_STALE),
    ),
    "automation off": (SURE, replace(ON, automation_on=False), review(Reason.AUTOMATION_OFF)),
    "kill switch": (SURE, replace(ON, kill_switch=True), review(Reason.KILL_SWITCH)),
    "kill switch over flags": (
        SURE,
        replace(ON, kill_switch=True, automation_on=False, stage_on=False),
        review(Reason.KILL_SWITCH),
    ),
    "stage": (SURE, replace(ON, stage_on=False), review(Reason.STAGE_NOT_ON)),
    "last of the day": (SURE, replace(ON, cap_left=1), TICKET),
    "cap of the day": (SURE, replace(ON, cap_left=0), review(Reason.CAP_REACHED)),
    "last of the site": (SURE, replace(ON, site_cap_left=1), TICKET),
    "cap of the site": (
        SURE,
        replace(ON, site_cap_left=0, cap_left=0),
        review(Reason.CAP_REACHED_SITE),
    ),
    "breaker": (
        SURE,
        replace(ON, breaker_open=True, site_cap_left=0),
        review(Reason.BREAKER_OPEN),
    ),
    "repeat of an open ticket": (replace(SURE, earlier_ticket=EarlierTicket.OPEN), ON, ADDED),
    "repeat of a confirmed one": (
        replace(SURE, earlier_ticket=EarlierTicket.CONFIRMED),
        ON,
        ADDED,
    ),
    "repeat of one that was not confirmed": (
        replace(SURE, earlier_ticket=EarlierTicket.NOT_CONFIRMED),
        ON,
        review(Reason.DUPLICATE_OF_CLOSED),
    ),
    "repeat while the caps are used up": (
        replace(SURE, earlier_ticket=EarlierTicket.OPEN),
        replace(ON, breaker_open=True, site_cap_left=0, cap_left=0),
        ADDED,
    ),
    "repeat that is not certified": (
        replace(SURE, earlier_ticket=EarlierTicket.OPEN, certified_from=0.9),
        ON,
        review(Reason.NOT_CERTIFIED),
    ),
    "repeat below the review score": (
        replace(CLEAN, earlier_ticket=EarlierTicket.OPEN),
        ON,
        CLEARED,
    ),
    "off and not certified": (
        replace(SURE, certified_from=0.9),
        replace(ON, automation_on=False),
        review(Reason.NOT_CERTIFIED),
    ),
    "no score": (replace(SURE, score=None), ON, review(Reason.CANNOT_SCORE)),
    "no model": (
        replace(SURE, score=None, cannot_score=Reason.NO_MODEL),
        ON,
        review(Reason.NO_MODEL),
    ),
    "score is NaN": (replace(SURE, score=math.nan), ON, review(Reason.CANNOT_SCORE)),
    "score is infinite": (replace(SURE, score=math.inf), ON, review(Reason.CANNOT_SCORE)),
    "low": (replace(SURE, score=0.59), ON, logged(Reason.NOT_CERTIFIED)),
    "low but certified for tickets": (
        replace(SURE, score=0.59, certified_from=0.5),
        ON,
        logged(Reason.NOT_CERTIFIED),
    ),
    "clean": (CLEAN, ON, CLEARED),
    "at the clearing border": (replace(CLEAN, score=0.05), ON, CLEARED),
    "above the clearing border": (replace(CLEAN, score=0.06), ON, logged(Reason.NOT_CERTIFIED)),
    "nothing may be cleared": (
        replace(CLEAN, clear_below=None),
        ON,
        logged(Reason.NOT_CERTIFIED),
    ),
    "clearing border is NaN": (
        replace(CLEAN, clear_below=math.nan),
        ON,
        logged(Reason.NOT_CERTIFIED),
    ),
    "clearing off": (CLEAN, replace(ON, clear_on=False), logged(Reason.AUTOMATION_OFF)),
    "clearing needs its own flag alone": (CLEAN, replace(ON, automation_on=False), CLEARED),
    "clearing under the kill switch": (
        CLEAN,
        replace(ON, kill_switch=True),
        logged(Reason.KILL_SWITCH),
    ),
    "clearing before its stage": (CLEAN, replace(ON, stage_on=False), logged(Reason.STAGE_NOT_ON)),
    "clearing while drifting": (
        replace(CLEAN, drift_alarm=True),
        ON,
        logged(Reason.DRIFT_ALARM),
    ),
    "clearing after exchangeability was lost": (
        replace(CLEAN, exchangeability_lost=True),
        ON,
        logged(Reason.EXCHANGEABILITY_LOST),
    ),
    "clearing without calibration": (
        replace(CLEAN, calibrated_at=None),
        ON,
        logged(Reason.NO_CALIBRATION),
    ),
    "clearing with a small set": (
        replace(CLEAN, calibration_n=99),
        ON,
        logged(Reason.CALIBRATION_TOO_SMALL),
    ),
    "clearing with a stale set": (
        replace(CLEAN, calibrated_at=NOW - timedelta(days=99)),
        ON,
        logged(Reason.CALIBRATION_STALE),
    ),
    "clearing without width": (
        replace(CLEAN, width=None),
        ON,
        logged(Reason.PROBABILITY_NOT_KNOWN_WELL),
    ),
    "clearing by the pair alone": (
        replace(CLEAN, width=0.5, venn_abers_width=0.01),
        ON,
        CLEARED,
    ),
    "clearing under a looser certificate": (
        replace(CLEAN, clear_eps=0.011),
        ON,
        logged(Reason.CERTIFICATE_LOOSER),
    ),
    "clearing takes nothing from the caps": (
        CLEAN,
        replace(ON, cap_left=0, site_cap_left=0, breaker_open=True),
        CLEARED,
    ),
    "empty policy": (SURE, DecisionPolicy(), review(Reason.STAGE_NOT_ON)),
}


@pytest.mark.parametrize(("evidence", "policy", "expected"), TABLE.values(), ids=TABLE.keys())
def test_decide(evidence, policy, expected):
    assert decide(evidence, policy) == expected


SHARES = st.one_of(st.none(), st.floats(0, 1), st.just(math.nan))
EVIDENCE = st.builds(
    Evidence,
    score=SHARES,
    width=SHARES,
    certified_from=SHARES,
    clear_below=SHARES,
    calibration_n=st.integers(0, 300),
    calibration_n_positive=st.integers(0, 300),
    calibrated_at=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    now=st.just(NOW),
    drift_alarm=st.booleans(),
    exchangeability_lost=st.booleans(),
)
NEARLY_SURE = st.builds(
    replace, st.just(SURE), score=st.floats(0, 1), width=st.floats(0, 1), certified_from=SHARES
)
POLICY = st.builds(
    DecisionPolicy,
    review_score=st.floats(0, 1),
    ticket_score=st.floats(0, 1),
    automation_on=st.booleans(),
    kill_switch=st.booleans(),
    stage_on=st.booleans(),
    clear_on=st.booleans(),
    cap_left=st.integers(-1, 2),
)
AUTOMATIC = {Outcome.AUTO_TICKET, Outcome.AUTO_CLEAR}


class TestDecideProperties:
    @given(evidence=NEARLY_SURE, wider=st.floats(0, 1), policy=st.just(ON) | POLICY)
    def test_a_wider_interval_never_turns_a_review_into_a_ticket(self, evidence, wider, policy):
        widened = replace(evidence, width=max(wider, evidence.width))

        before, after = decide(evidence, policy), decide(widened, policy)

        assert before.outcome in AUTOMATIC or after.outcome not in AUTOMATIC

    @given(evidence=EVIDENCE | NEARLY_SURE, review_score=st.floats(0, 1))
    def test_a_policy_made_of_nothing_automates_nothing(self, evidence, review_score):
        decision = decide(evidence, DecisionPolicy(review_score=review_score))

        assert decision.outcome not in AUTOMATIC

    @given(evidence=EVIDENCE | NEARLY_SURE, policy=POLICY)
    def test_the_kill_switch_stops_everything(self, evidence, policy):
        decision = decide(evidence, replace(policy, kill_switch=True))

        assert decision.outcome not in AUTOMATIC

    @given(evidence=EVIDENCE | NEARLY_SURE, policy=POLICY | st.just(ON))
    def test_a_ticket_means_that_every_condition_held(self, evidence, policy):
        if decide(evidence, policy).outcome is not Outcome.AUTO_TICKET:
            return

        assert evidence.score >= max(
            policy.ticket_score, evidence.certified_from, policy.review_score
        )
        assert evidence.width < policy.width_limit
        assert policy.automation_on
        assert policy.stage_on
        assert policy.cap_left > 0

    @given(evidence=EVIDENCE, policy=POLICY)
    def test_what_is_not_scored_goes_to_a_person(self, evidence, policy):
        decision = decide(replace(evidence, score=None), policy)

        assert decision.outcome is Outcome.HUMAN_REVIEW


class TestReason:
    @pytest.mark.parametrize("reason", list(Reason))
    def test_each_has_one_sentence_for_the_operator(self, reason):
        assert reason.sentence[0].isupper()
        assert reason.sentence.endswith(".")
        assert ". " not in reason.sentence
