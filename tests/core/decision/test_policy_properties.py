"""What must hold of a decision whatever the evidence: above all, worse never means automatic."""

import math
from dataclasses import replace
from datetime import UTC, timedelta

from core.decision.sure import NOW, ON, SURE
from hypothesis import example, given
from hypothesis import strategies as st

from watchfloor.core.decision.policy import (
    DecisionPolicy,
    EarlierTicket,
    Evidence,
    Outcome,
    Reason,
    decide,
)
from watchfloor.core.decision.record import record_of

AUTOMATIC = {Outcome.AUTO_TICKET, Outcome.AUTO_CLEAR}

UNIT = st.floats(0, 1)
SHARES = st.one_of(st.none(), UNIT, st.just(math.nan))
EVIDENCE = st.builds(
    Evidence,
    score=SHARES,
    width=SHARES,
    venn_abers_width=SHARES,
    certified_from=SHARES,
    ticket_eps=SHARES,
    ticket_delta=SHARES,
    clear_below=SHARES,
    clear_eps=SHARES,
    clear_delta=SHARES,
    positives_limit=SHARES,
    positives_beta=SHARES,
    calibration_n=st.integers(0, 300),
    calibration_n_positive=st.integers(0, 300),
    calibrated_at=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    now=st.just(NOW),
    calibration_unreadable=st.booleans(),
    drift_alarm=st.booleans(),
    exchangeability_lost=st.booleans(),
    earlier_ticket=st.sampled_from(EarlierTicket),
)
# One or two things differ from evidence that is acted on: what is drawn freely never is.
NEARLY_SURE = st.builds(
    lambda score, changes: replace(SURE, score=score, **changes),
    UNIT,
    st.fixed_dictionaries(
        {},
        optional={
            "width": UNIT,
            "venn_abers_width": UNIT,
            "certified_from": UNIT,
            "certified_floor": UNIT,
            "ticket_eps": UNIT,
            "clear_below": UNIT,
            "clear_eps": UNIT,
            "positives_limit": UNIT,
            "positives_beta": UNIT,
            "earlier_ticket": st.sampled_from(EarlierTicket),
        },
    ),
)
ANY_EVIDENCE = EVIDENCE | NEARLY_SURE
POLICY = st.just(ON) | st.builds(
    DecisionPolicy,
    review_score=UNIT,
    ticket_score=UNIT,
    width_limit=UNIT,
    eps_ticket=UNIT,
    eps_clear=UNIT,
    beta_clear=UNIT,
    delta=UNIT,
    automation_on=st.booleans(),
    kill_switch=st.booleans(),
    stage_on=st.booleans(),
    clear_on=st.booleans(),
    breaker_open=st.booleans(),
    site_cap_left=st.integers(-1, 2),
    cap_left=st.integers(-1, 2),
)


def more(value, by):
    return None if value is None else value + by


WORSE_EVIDENCE = {
    "wider": lambda e, by: replace(
        e, width=more(e.width, by), venn_abers_width=more(e.venn_abers_width, by)
    ),
    "no interval": lambda e, _by: replace(e, width=None, venn_abers_width=None),
    "certified later": lambda e, by: replace(
        e, certified_from=more(e.certified_from, by), clear_below=more(e.clear_below, -by)
    ),
    "nothing certified": lambda e, _by: replace(e, certified_from=None, clear_below=None),
    "looser certificate": lambda e, by: replace(
        e, ticket_eps=more(e.ticket_eps, by), clear_eps=more(e.clear_eps, by)
    ),
    "certificate fails more often": lambda e, by: replace(
        e, ticket_delta=more(e.ticket_delta, by), clear_delta=more(e.clear_delta, by)
    ),
    "older": lambda e, by: (
        replace(e, calibrated_at=e.calibrated_at and NOW - timedelta(days=365 * by))
        if e.calibrated_at and e.calibrated_at > NOW - timedelta(days=365 * by)
        else e
    ),
    "fewer events": lambda e, by: replace(
        e, calibration_n_positive=min(e.calibration_n_positive, int(10 * by))
    ),
    "events higher up": lambda e, by: replace(e, positives_limit=more(e.positives_limit, -by)),
    "hides more": lambda e, by: replace(e, positives_beta=more(e.positives_beta, by)),
    "unreadable": lambda e, _by: replace(e, calibration_unreadable=True),
    "drifting": lambda e, _by: replace(e, drift_alarm=True),
    "not exchangeable": lambda e, _by: replace(e, exchangeability_lost=True),
    "covered": lambda e, _by: replace(e, earlier_ticket=EarlierTicket.OPEN),
}
WORSE_POLICY = {
    "stricter promise": lambda p, by: replace(
        p,
        eps_ticket=p.eps_ticket - by,
        eps_clear=p.eps_clear - by,
        beta_clear=p.beta_clear - by,
    ),
    "surer": lambda p, by: replace(p, delta=p.delta - by),
    "narrower": lambda p, by: replace(p, width_limit=p.width_limit - by),
    "operator's floor": lambda p, by: replace(p, ticket_score=p.ticket_score + by),
    "caps": lambda p, _by: replace(p, site_cap_left=p.site_cap_left - 1, cap_left=p.cap_left - 1),
    "breaker": lambda p, _by: replace(p, breaker_open=True),
    "stopped": lambda p, _by: replace(p, kill_switch=True),
    "off": lambda p, _by: replace(p, automation_on=False, clear_on=False),
    "earlier stage": lambda p, _by: replace(p, stage_on=False),
}


class TestWorse:
    @given(
        evidence=ANY_EVIDENCE,
        policy=POLICY,
        how=st.sampled_from(sorted(WORSE_EVIDENCE)),
        by=UNIT,
    )
    @example(evidence=SURE, policy=ON, how="wider", by=0.5)
    def test_evidence_never_turns_a_review_into_an_automatic_deed(self, evidence, policy, how, by):
        worse = WORSE_EVIDENCE[how](evidence, by)

        before, after = decide(evidence, policy).outcome, decide(worse, policy).outcome

        assert before in AUTOMATIC or after not in AUTOMATIC

    @given(evidence=ANY_EVIDENCE, policy=POLICY, how=st.sampled_from(sorted(WORSE_POLICY)), by=UNIT)
    def test_policy_never_turns_a_review_into_an_automatic_deed(self, evidence, policy, how, by):
        worse = WORSE_POLICY[how](policy, by)

        before, after = decide(evidence, policy).outcome, decide(evidence, worse).outcome

        assert before in AUTOMATIC or after not in AUTOMATIC

    @given(evidence=ANY_EVIDENCE, policy=POLICY, wider=UNIT)
    def test_wider_interval_never_moves_a_review_to_a_ticket(self, evidence, policy, wider):
        if evidence.width is None or math.isnan(evidence.width):
            return
        widened = replace(evidence, width=max(evidence.width, wider))

        before, after = decide(evidence, policy), decide(widened, policy)

        assert before.outcome in AUTOMATIC or after.outcome not in AUTOMATIC


class TestEveryDecision:
    @given(evidence=ANY_EVIDENCE, review_score=UNIT)
    def test_of_a_policy_made_of_nothing_leaves_it_to_people(self, evidence, review_score):
        decision = decide(evidence, DecisionPolicy(review_score=review_score))

        assert decision.outcome not in AUTOMATIC

    @given(evidence=ANY_EVIDENCE, policy=POLICY)
    def test_that_opens_a_ticket_means_that_every_condition_held(self, evidence, policy):
        if decide(evidence, policy).outcome is not Outcome.AUTO_TICKET:
            return

        assert evidence.score >= max(
            policy.ticket_score, evidence.certified_from, policy.review_score
        )
        floors = [evidence.certified_from, evidence.certified_floor or 0.0]
        assert policy.ticket_score <= max(floors)
        assert evidence.ticket_eps <= policy.eps_ticket
        assert evidence.ticket_delta <= policy.delta
        widths = [w for w in (evidence.width, evidence.venn_abers_width) if w is not None]
        assert any(width < policy.width_limit for width in widths)
        assert policy.automation_on
        assert policy.stage_on
        assert not policy.kill_switch
        assert not policy.breaker_open
        assert min(policy.cap_left, policy.site_cap_left) > 0
        assert not evidence.calibration_unreadable
        assert not evidence.drift_alarm
        assert not evidence.exchangeability_lost
        assert evidence.earlier_ticket is EarlierTicket.NONE

    @given(evidence=ANY_EVIDENCE, policy=POLICY)
    def test_that_clears_means_that_both_promises_held(self, evidence, policy):
        if decide(evidence, policy).outcome is not Outcome.AUTO_CLEAR:
            return

        assert evidence.score < policy.review_score
        assert evidence.score <= evidence.clear_below
        assert evidence.score < evidence.positives_limit
        assert evidence.clear_eps <= policy.eps_clear
        assert evidence.positives_beta <= policy.beta_clear
        assert policy.clear_on

    @given(evidence=EVIDENCE, policy=POLICY)
    def test_about_what_is_not_scored_goes_to_a_person(self, evidence, policy):
        decision = decide(replace(evidence, score=None), policy)

        assert decision.outcome is Outcome.HUMAN_REVIEW

    @given(evidence=ANY_EVIDENCE, policy=POLICY)
    def test_from_the_review_score_on_is_never_silent(self, evidence, policy):
        score = evidence.score
        if score is None or not score >= policy.review_score:
            return

        outcome = decide(evidence, policy).outcome

        assert outcome not in {Outcome.LOG_ONLY, Outcome.AUTO_CLEAR}

    @given(evidence=ANY_EVIDENCE, policy=POLICY)
    def test_names_what_stood_in_the_way_or_nothing_did(self, evidence, policy):
        decision = decide(evidence, policy)

        acted = decision.outcome in {*AUTOMATIC, Outcome.SUPPRESSED_DUPLICATE}
        assert (decision.failing is None) == acted
        if decision.outcome is Outcome.HUMAN_REVIEW:
            assert decision.failing is decision.reason

    @given(evidence=ANY_EVIDENCE, policy=POLICY)
    def test_is_recorded_with_thresholds_that_agree_with_it(self, evidence, policy):
        decision = decide(evidence, policy)

        record = record_of(evidence, policy, decision)

        assert (record.decision, record.reason) == (decision.outcome, decision.reason)
        if decision.outcome is Outcome.AUTO_TICKET:
            assert evidence.score >= record.ticket_threshold
        if decision.outcome is Outcome.AUTO_CLEAR:
            assert evidence.score <= record.clear_threshold
        if decision.reason is Reason.NOT_CERTIFIED and record.ticket_threshold is not None:
            assert not evidence.score >= record.ticket_threshold
