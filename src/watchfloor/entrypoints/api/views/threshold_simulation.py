"""What thresholds would do, and which are worth trying, as programs see it."""

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.summary import replayed, summary
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.bodies import read_object
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.fitting import fitted
from watchfloor.entrypoints.api.schema import WITH_BODY, described
from watchfloor.entrypoints.api.shapes.simulation import ExactOut, SimulationOut, SuggestionsOut
from watchfloor.entrypoints.api.shapes.thresholds import ReplayIn, SimulateIn, TeamIn
from watchfloor.entrypoints.api.views import threshold_examples as examples
from watchfloor.noc.queries import threshold_simulation
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import threshold_change, threshold_replay


class ThresholdSimulate(Endpoint):
    """What if."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="thresholds",
        summary="Simulate thresholds",
        description=(
            "What the thresholds in force and proposed ones would have done with the predictions "
            "of the serving version in whole weeks up to yesterday: each figure with its n and "
            "interval, what moves, what to doubt, and what is certified of the tickets. Changes "
            "nothing. As if tickets were on, before caps and repeats."
        ),
        body=SimulateIn,
        body_example={"model_type": "sla_breach", "proposed": {"review_score": 0.35}, "weeks": 4},
        answers={200: SimulationOut},
        example=examples.SIMULATION,
        refusals=(*WITH_BODY, 404),
    )
    def post(self, request: Request) -> Response:
        """Answer with both."""
        told = fitted(SimulateIn, read_object(request))
        simulation = threshold_change.simulate(
            tenant=self.actor.tenant,
            model_type=told["model_type"],
            changes=told["proposed"],
            weeks=told["weeks"],
            now=clock.now(),
        )
        return Response(threshold_change.figures_of(simulation, Costs(**told.get("costs", {}))))


class ThresholdReplay(Endpoint):
    """What exactly."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="thresholds",
        summary="Replay thresholds exactly",
        description=(
            "Each logged prediction decided again in its order, with the caps, the breaker and "
            "the repeats it meets: limits may be proposed, too. Takes a second or so for a "
            "hundred thousand; 409 for more than 200,000."
        ),
        body=ReplayIn,
        body_example={"model_type": "sla_breach", "proposed": {"ticket_cap": 20}, "weeks": 4},
        answers={200: ExactOut},
        example=examples.EXACT,
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request) -> Response:
        """Answer with both."""
        told = fitted(ReplayIn, read_object(request))
        found = threshold_replay.replay_exactly(
            tenant=self.actor.tenant,
            model_type=told["model_type"],
            changes=told["proposed"],
            weeks=told["weeks"],
            now=clock.now(),
        )
        answer = {"first": found.first, "last": found.last, "n": found.n}
        both = {"before": replayed(found.before), "after": replayed(found.after)}
        return Response({**answer, **both})


class ThresholdSuggest(Endpoint):
    """Which are worth trying."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="thresholds",
        summary="Suggest thresholds",
        description=(
            "The most automation at the promise in force, the least cost, and the most events "
            "that the team's hours allow. They are chosen by looking at outcomes, so their "
            "figures are a little too good; what is certified holds all the same."
        ),
        body=TeamIn,
        body_example={"model_type": "sla_breach", "hours_a_day": 6},
        answers={200: SuggestionsOut},
        example=examples.SUGGESTIONS,
        refusals=(*WITH_BODY, 404),
    )
    def post(self, request: Request) -> Response:
        """Answer with one for each aim."""
        told = fitted(TeamIn, read_object(request))
        costs = Costs(**told.get("costs", {}))
        past = threshold_simulation.read_past(
            tenant=self.actor.tenant,
            model_type=told["model_type"],
            weeks=told["weeks"],
            now=clock.now(),
        )
        found = threshold_simulation.suggest(past, costs=costs, hours_a_day=told["hours_a_day"])
        items = [
            {
                "aim": each.aim.value,
                "review_score": each.review_score,
                "ticket_score": each.ticket_score,
                "why_not": each.why_not,
                "found": None if each.found is None else summary(each.found, costs),
            }
            for each in found
        ]
        return Response({"items": items})
