"""The model page says what is certified, what is not and what could be, and what waits."""

from dataclasses import replace

import pytest

from watchfloor.core.conformal.calibration import FORMAT_1, fit_calibration
from watchfloor.core.thresholds import SPECS
from watchfloor.entrypoints.console.promises import promise_notes
from watchfloor.entrypoints.console.wording import NBSP

ASKED = {key: spec.default for key, spec in SPECS.items()}


def fit(rows, **asked):
    """Fit to (score, outcome, times)."""
    scores = [score for score, _, n in rows for _ in range(n)]
    outcomes = [outcome for _, outcome, n in rows for _ in range(n)]
    promised = {"eps_ticket": 0.1, "eps_clear": 0.01, "beta_clear": 0.05, "delta": 0.1} | asked
    return fit_calibration(scores, outcomes, **promised)


def notes(calibration, **values):
    """Return the notes of tickets and clearing, with plain spaces."""
    told = promise_notes(calibration, ASKED | values)
    return [(note.tone, note.title, note.words.replace(NBSP, " ")) for note in told]


GOOD = [(0.9, 1, 200), (0.1, 0, 600)]
# Four in five are real at the top, and one in a hundred at the bottom.
FAIR = [(0.9, 1, 160), (0.9, 0, 40), (0.1, 0, 495), (0.1, 1, 5)]


def test_nothing_is_said_without_a_calibration():
    assert promise_notes(None, ASKED) == ()


def test_what_is_certified_is_said_with_its_evidence():
    ticket, clear = notes(fit(GOOD))

    assert ticket == (
        "guarantee",
        "Certified.",
        "From 0.90 on at most 10.0 % of the tickets are false, 90 % sure: of 200 known outcomes "
        "there 0 were.",
    )
    assert clear[:2] == ("guarantee", "Certified.")
    assert "Up to 0.10 at most 1.00 % of the cleared are events" in clear[2]
    assert clear[2].endswith("Below 0.90 lie at most 5.0 % of all events.")


def test_what_is_not_says_the_smallest_share_that_could_be():
    ticket, clear = notes(fit(FAIR))

    assert ticket == (
        "warning",
        "Not certified.",
        "No ticket can open by itself at 10.0 % false ones. The smallest share that these "
        "outcomes can certify is 30.00 %.",
    )
    assert clear[:2] == ("warning", "Not certified.")
    assert "Nothing can be cleared by itself at 1.00 % events." in clear[2]
    assert "is 3.00 %." in clear[2]


@pytest.mark.parametrize(
    "stricter", [{"eps_ticket": 0.05, "eps_clear": 0.005}, {"delta": 0.05}], ids=["eps", "delta"]
)
def test_a_stricter_promise_waits_for_its_calibration(stricter):
    for tone, title, words in notes(fit(GOOD), **stricter):
        assert (tone, title) == ("warning", "Waits.")
        assert "Nothing is automatic by it until the next calibration." in words


def test_a_looser_promise_is_kept_already():
    assert [tone for tone, _, _ in notes(fit(GOOD), eps_ticket=0.2, eps_clear=0.05)] == [
        "guarantee",
        "guarantee",
    ]


def test_clearing_needs_the_promise_about_all_events_too():
    stricter = notes(fit(GOOD), beta_clear=0.01)[1]
    too_few = notes(fit([(0.9, 1, 15), (0.1, 0, 600)]))[1]
    of_old = notes(replace(fit(GOOD), form=FORMAT_1, positives_cleared=None))[1]

    for tone, title, words in (stricter, too_few, of_old):
        assert (tone, title) == ("warning", "Not certified.")
        assert "of all events is not shown" in words
