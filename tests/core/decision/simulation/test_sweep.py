"""Every position of a handle in one pass equals the what-if of that position alone."""

from dataclasses import replace

import numpy as np
import pytest
from simulating import ON, counted, some_history

from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.history import history_of
from watchfloor.core.decision.simulation.suggestions import Aim, suggestions
from watchfloor.core.decision.simulation.sweep import CANDIDATES, sweep_review, sweep_ticket
from watchfloor.core.decision.simulation.what_if import what_if

COSTS = Costs(review_minutes=6, reviewer_hour=30, false_ticket=50, miss=300)
# Clearing costs what its events cost, as logging does, so both sweeps agree with or without it.
SWEEPS = [(sweep_review, "review_score"), (sweep_ticket, "ticket_score")]


@pytest.fixture(scope="module")
def history():
    return some_history(np.random.default_rng(11), known=0.8)[0]


@pytest.mark.parametrize(("sweep", "key"), SWEEPS, ids=["review", "ticket"])
def test_a_sweep_is_the_what_if_of_each_position(history, sweep, key):
    found = sweep(history, ON, COSTS)

    alone = [what_if(history, replace(ON, **{key: position})) for position in CANDIDATES]
    assert found.tickets.tolist() == [each.tickets.n for each in alone]
    assert found.reviews.tolist() == [each.reviews.n for each in alone]
    assert np.allclose(found.cost, [each.cost_a_day(COSTS).value for each in alone], rtol=1e-9)


def test_an_unknown_low_band_leaves_the_costs_above_it_unknown_and_the_counts_told():
    history = history_of(counted([0.1, 0.9], [-1, 1], [-1, -1]), [], days=1)

    found = sweep_review(history, ON, COSTS)

    assert found.reviews.tolist()[:12] == [2] * 11 + [1]
    assert np.isfinite(found.cost[:11]).all()
    assert np.isnan(found.cost[11:]).all()


class TestSuggestions:
    def test_cost_the_least_of_all_pairs(self, history):
        cheapest = dict(suggested(history))[Aim.LEAST_COST]

        others = [
            what_if(history, replace(ON, review_score=review, ticket_score=ticket))
            for review in (0.1, 0.2, 0.4, 0.6)
            for ticket in (0.6, 0.8, 0.9)
        ]
        least = min(each.cost_a_day(COSTS).value for each in others)
        assert cheapest.found.cost_a_day(COSTS).value <= least

    def test_fit_the_team_and_not_less_than_it_can_do(self, history):
        fitting = dict(suggested(history, hours=3.0))[Aim.FITS_TEAM]

        assert fitting.found.hours_a_day(COSTS) <= 3.0
        lower = replace(ON, review_score=fitting.review_score - 0.01, ticket_score=0.6)
        assert what_if(history, lower).hours_a_day(COSTS) > 3.0

    def test_say_why_there_is_none(self):
        history = history_of(counted([0.1] * 20, [-1] * 20, [-1] * 20), [], days=1)

        found = dict(suggested(history, hours=0.0))

        assert found[Aim.MOST_AUTOMATION].why_not
        assert found[Aim.FITS_TEAM].found.reviews.n == 0


def suggested(history, hours=8.0):
    found = suggestions(history, ON, curve=None, certificate=None, costs=COSTS, hours_a_day=hours)
    return [(each.aim, each) for each in found]
