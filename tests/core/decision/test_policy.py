"""What happens to a prediction, as a table, and in which order objections are heard."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from core.decision.sure import NOW, ON, SURE

from watchfloor.core.decision.clauses import CLEAR_CLAUSES, TICKET_CLAUSES
from watchfloor.core.decision.policy import (
    Decision,
    DecisionPolicy,
    EarlierTicket,
    Evidence,
    Outcome,
    decide,
)
from watchfloor.core.decision.reason import Reason

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
    "operator at the highest that was tested": (
        replace(SURE, certified_from=0.5, certified_floor=0.8),
        replace(ON, ticket_score=0.8),
        TICKET,
    ),
    "operator above what was tested": (
        replace(SURE, certified_from=0.5, certified_floor=0.79),
        replace(ON, ticket_score=0.8),
        review(Reason.NOT_CERTIFIED),
    ),
    "operator above a certificate that kept no floor": (
        replace(SURE, certified_from=0.5, certified_floor=None),
        replace(ON, ticket_score=0.8),
        review(Reason.NOT_CERTIFIED),
    ),
    "operator at a certificate that kept no floor": (
        replace(SURE, certified_from=0.8, certified_floor=None),
        replace(ON, ticket_score=0.8),
        TICKET,
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
        replace(SURE, ticket_delta=0.21),
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
    "calibrated on one": (replace(SURE, calibration_n=1), ON, review(Reason.CALIBRATION_TOO_SMALL)),
    "calibration unreadable": (
        replace(SURE, calibration_unreadable=True),
        ON,
        review(Reason.CALIBRATION_UNREADABLE),
    ),
    "calibration unreadable, and so nothing known of it": (
        replace(SURE, calibration_unreadable=True, calibrated_at=None, calibration_n=0),
        ON,
        review(Reason.CALIBRATION_UNREADABLE),
    ),
    "clean but the calibration unreadable": (
        replace(CLEAN, calibration_unreadable=True),
        ON,
        logged(Reason.CALIBRATION_UNREADABLE),
    ),
    "just enough outcomes": (replace(SURE, calibration_n=100), ON, TICKET),
    "just enough events": (replace(SURE, calibration_n_positive=10), ON, TICKET),
    "just enough clean ones": (replace(SURE, calibration_n_positive=990), ON, TICKET),
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
    "clearing under a looser beta": (
        replace(CLEAN, positives_beta=0.06),
        ON,
        logged(Reason.CERTIFICATE_LOOSER),
    ),
    "clearing under a stricter beta": (replace(CLEAN, positives_beta=0.01), ON, CLEARED),
    "clearing without a beta": (
        replace(CLEAN, positives_beta=None),
        ON,
        logged(Reason.CERTIFICATE_LOOSER),
    ),
    "beta is NaN": (
        replace(CLEAN, positives_beta=math.nan),
        ON,
        logged(Reason.CERTIFICATE_LOOSER),
    ),
    "clearing just below the limit of events": (
        replace(CLEAN, positives_limit=math.nextafter(0.03, 1)),
        ON,
        CLEARED,
    ),
    "clearing at the limit of events": (
        replace(CLEAN, positives_limit=0.03),
        ON,
        logged(Reason.EVENTS_MAY_HIDE),
    ),
    "clearing where no limit keeps events few": (
        replace(CLEAN, positives_limit=None),
        ON,
        logged(Reason.EVENTS_MAY_HIDE),
    ),
    "clearing takes nothing from the caps": (
        CLEAN,
        replace(ON, cap_left=0, site_cap_left=0, breaker_open=True),
        CLEARED,
    ),
    "empty policy": (
        replace(SURE, ticket_delta=0.1),
        DecisionPolicy(),
        review(Reason.STAGE_NOT_ON),
    ),
}


@pytest.mark.parametrize(("evidence", "policy", "expected"), TABLE.values(), ids=TABLE.keys())
def test_decide(evidence, policy, expected):
    assert decide(evidence, policy) == expected


# Everything stands in the way; each step clears the one named, and the next one is heard.
WORST = Evidence(
    score=0.9,
    now=NOW,
    calibration_unreadable=True,
    calibration_n=99,
    drift_alarm=True,
    exchangeability_lost=True,
)
NOTHING = DecisionPolicy(
    review_score=0.6, ticket_score=0.95, automation_on=False, kill_switch=True, stage_on=False
)
CALIBRATED = (
    (Reason.CALIBRATION_UNREADABLE, {"calibration_unreadable": False}, {}),
    (Reason.NO_CALIBRATION, {"calibrated_at": NOW - timedelta(days=99)}, {}),
    (Reason.CALIBRATION_TOO_SMALL, {"calibration_n": 1_000, "calibration_n_positive": 60}, {}),
    (Reason.CALIBRATION_STALE, {"calibrated_at": NOW}, {}),
)
HEALTHY = (
    (Reason.PROBABILITY_NOT_KNOWN_WELL, {"width": 0.1}, {}),
    (Reason.DRIFT_ALARM, {"drift_alarm": False}, {}),
    (Reason.EXCHANGEABILITY_LOST, {"exchangeability_lost": False}, {}),
    (Reason.KILL_SWITCH, {}, {"kill_switch": False}),
    (Reason.STAGE_NOT_ON, {}, {"stage_on": True}),
)
TO_A_TICKET = (
    *CALIBRATED,
    (Reason.BELOW_TICKET_SCORE, {}, {"ticket_score": 0.5}),
    (Reason.CERTIFICATE_LOOSER, {"ticket_eps": 0.1, "ticket_delta": 0.1}, {}),
    (Reason.NOT_CERTIFIED, {"certified_from": 0.78}, {}),
    *HEALTHY,
    (Reason.AUTOMATION_OFF, {}, {"automation_on": True}),
    (Reason.BREAKER_OPEN, {}, {"breaker_open": False}),
    (Reason.CAP_REACHED_SITE, {}, {"site_cap_left": 1}),
    (Reason.CAP_REACHED, {}, {"cap_left": 1}),
)
TO_CLEARING = (
    *CALIBRATED,
    (
        Reason.CERTIFICATE_LOOSER,
        {"clear_eps": 0.01, "clear_delta": 0.1, "positives_beta": 0.05},
        {},
    ),
    (Reason.NOT_CERTIFIED, {"clear_below": 0.05}, {}),
    (Reason.EVENTS_MAY_HIDE, {"positives_limit": 0.2}, {}),
    *HEALTHY,
    (Reason.AUTOMATION_OFF, {}, {"clear_on": True}),
)


@pytest.mark.parametrize(
    ("score", "steps", "at_last"),
    [(0.9, TO_A_TICKET, Reason.CERTIFIED), (0.03, TO_CLEARING, Reason.CLEARED)],
    ids=["to a ticket", "to clearing"],
)
def test_objections_are_heard_in_the_order_an_operator_would_ask(score, steps, at_last):
    evidence, policy = replace(WORST, score=score), NOTHING
    heard = []
    for _, known, in_force in steps:
        heard.append(decide(evidence, policy).failing)
        evidence, policy = replace(evidence, **known), replace(policy, **in_force)

    assert heard == [reason for reason, _, _ in steps]
    assert decide(evidence, policy).reason is at_last


UNKNOWN = {
    Reason.NO_CALIBRATION,
    Reason.CALIBRATION_TOO_SMALL,
    Reason.CALIBRATION_STALE,
    Reason.CERTIFICATE_LOOSER,
    Reason.NOT_CERTIFIED,
    Reason.PROBABILITY_NOT_KNOWN_WELL,
}


@pytest.mark.parametrize(
    ("clauses", "evidence", "expected"),
    [
        (
            TICKET_CLAUSES,
            replace(SURE, score=None),
            {Reason.BELOW_TICKET_SCORE, Reason.NOT_CERTIFIED},
        ),
        (
            CLEAR_CLAUSES,
            replace(SURE, score=None),
            {Reason.NOT_CERTIFIED, Reason.EVENTS_MAY_HIDE},
        ),
        (
            TICKET_CLAUSES,
            Evidence(score=None, now=NOW),
            UNKNOWN | {Reason.BELOW_TICKET_SCORE},
        ),
        (CLEAR_CLAUSES, Evidence(score=None, now=NOW), UNKNOWN | {Reason.EVENTS_MAY_HIDE}),
    ],
    ids=["tickets, no score", "clearing, no score", "tickets, nothing", "clearing, nothing"],
)
def test_each_clause_objects_by_itself_where_what_it_looks_at_is_missing(
    clauses, evidence, expected
):
    objections = {clause(evidence, ON) for clause in clauses}

    assert objections == {None, *expected}


class TestReason:
    @pytest.mark.parametrize("reason", list(Reason))
    def test_each_has_one_sentence_for_the_operator(self, reason):
        assert reason.sentence[0].isupper()
        assert reason.sentence.endswith(".")
        assert ". " not in reason.sentence
