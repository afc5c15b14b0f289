"""All models side by side, as programs see them."""

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.schema import described
from watchfloor.entrypoints.api.shapes.fleet import FleetOut
from watchfloor.ml.health.fleet import fleet_of
from watchfloor.tenants import access
from watchfloor.tenants.roles import Permission

FLEET_EXAMPLE = {
    "together": 0.8,
    "moves_together": False,
    "false_share": 0.1,
    "common_causes": [
        {
            "tenant": "acme",
            "sentence": "COMMON_CAUSE: 9 of 10 site groups have fewer predictions than usual at "
            "once since 02 Mar, most so on 03 Mar.",
        }
    ],
    "items": [
        {
            "tenant": "acme",
            "model_type": "sla_breach",
            "model_version": "2026-03-01",
            "alarmed_at": None,
            "e_value": 1.3,
            "stands_out": False,
            "baseline_accuracy": 0.94,
            "days_to_see_10_points": 1.1,
            "accuracy": [0.95, None, 0.93],
            "episodes": [{"kind": "feature", "severity": "MEDIUM"}],
            "checked_on": "2026-03-01",
        }
    ],
}


class FleetOfModels(Endpoint):
    """Every model that serves."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="models",
        summary="Compare all models",
        description=(
            "Those to look at first. A token of the platform's own tenant whose role manages the "
            "platform sees the models of every customer; any other one those of its tenant."
        ),
        answers={200: FleetOut},
        example=FLEET_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        """Answer with the whole fleet."""
        tenants = access.tenants_overseen_by(self.actor)
        return Response(FleetOut(fleet_of(tenants=tenants, now=clock.now())).data)
