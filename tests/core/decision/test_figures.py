"""A reason with its figures says what was asked for, what there was, and what could be."""

from dataclasses import replace

import pytest

from watchfloor.core.decision.figures import Figures, explained
from watchfloor.core.decision.reason import Reason

ASKED = Figures(
    score=0.71,
    review_score=0.4,
    ticket_score=0.6,
    ticket_threshold=0.78,
    clear_threshold=0.02,
    eps_ticket=0.1,
    eps_clear=0.01,
    beta_clear=0.05,
    positives_limit=0.03,
    delta=0.1,
    certificate_eps=0.2,
    certificate_delta=0.1,
    smallest_eps=0.15,
    calibration_n=1240,
    width=0.31,
    pair_width=0.25,
)
FIGURES = {
    Reason.CERTIFIED: "From 0.78 on at most 10 % of the tickets are false, with 90 % confidence, "
    "from 1240 known outcomes.",
    Reason.CLEARED: "Up to 0.02 at most 1 % are events, with 90 % confidence, from 1240 known "
    "outcomes.",
    Reason.NOT_CERTIFIED: "The score is 0.71; 10 % false tickets are certified from 0.78 on.",
    Reason.EVENTS_MAY_HIDE: "At most 5 % of all events lie below 0.03.",
    Reason.CERTIFICATE_LOOSER: "It keeps 20 % with 90 % confidence; asked for is 10 % with 90 % "
    "confidence.",
    Reason.PROBABILITY_NOT_KNOWN_WELL: "The 95 % interval is 0.31 wide. The Venn-Abers pair "
    "lies 0.25 apart.",
    Reason.BELOW_TICKET_SCORE: "The score is 0.71, the threshold 0.6.",
    Reason.BELOW_REVIEW_SCORE: "The score is 0.71, the threshold 0.4.",
    Reason.CALIBRATION_TOO_SMALL: "It holds 1240 known outcomes.",
}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_explained_with_what_is_known(reason):
    assert explained(reason, ASKED) == " ".join(
        filter(None, [reason.sentence, FIGURES.get(reason)])
    )


@pytest.mark.parametrize("reason", list(Reason))
def test_nothing_is_made_up_where_nothing_is_known(reason):
    assert explained(reason, Figures()) == reason.sentence


def test_what_cannot_be_certified_says_the_smallest_share_that_can():
    nothing = replace(ASKED, ticket_threshold=None)

    told = explained(Reason.NOT_CERTIFIED, nothing)
    not_even_a_half = explained(Reason.NOT_CERTIFIED, replace(nothing, smallest_eps=None))

    assert told.endswith(
        "Nothing is certified at 10 % false tickets; the smallest share that can be is 15 %."
    )
    assert not_even_a_half.endswith("Nothing is certified at 10 % false tickets.")


def test_a_threshold_above_all_that_was_tested_is_told_apart_from_a_promise_out_of_reach():
    above = replace(ASKED, ticket_threshold=None, smallest_eps=0.05)

    assert explained(Reason.NOT_CERTIFIED, above).endswith(
        "from this tenant's own ticket threshold on, which lies above all tested."
    )


def test_a_certificate_for_clearing_is_held_against_the_promise_for_clearing():
    quiet = replace(ASKED, score=0.01, certificate_eps=0.02)

    told = explained(Reason.CERTIFICATE_LOOSER, quiet)

    assert told.endswith(
        "It keeps 2 % with 90 % confidence; asked for is 1 % with 90 % confidence."
    )


def test_clearing_that_is_not_certified_has_its_own_figures():
    quiet = replace(ASKED, score=0.05, smallest_eps_clear=0.02)

    above = explained(Reason.NOT_CERTIFIED, quiet)
    nothing = explained(Reason.NOT_CERTIFIED, replace(quiet, clear_threshold=None))

    assert "1 % events among the cleared are certified up to 0.02." in above
    assert nothing.endswith("the smallest share that can be is 2 %.")


def test_too_few_events_allow_no_promise_about_them():
    told = explained(Reason.EVENTS_MAY_HIDE, replace(ASKED, positives_limit=None))

    assert told.endswith("Too few events are known to hide at most 5 % of them anywhere.")
