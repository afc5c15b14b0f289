"""The calibration sets of a model, as programs see them."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.paging import PageQuery, page, read_query
from watchfloor.entrypoints.api.schema import EVERYWHERE, described
from watchfloor.entrypoints.api.shapes.calibrations import (
    CalibrationPage,
    CalibrationSetOut,
    DeltaSpentOut,
)
from watchfloor.ml.calibration import calibration_sets
from watchfloor.ml.inference import model_queries
from watchfloor.noc.queries import prediction_queries
from watchfloor.tenants.roles import Permission

EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "id": 7,
            "model_version": "2026-03-01",
            "outcome_definition": "recorded",
            "reason": "weekly",
            "source": "outcomes",
            "created_at": "2026-03-02T01:00:00Z",
            "is_serving": True,
            "window_start": "2026-01-27T01:00:00Z",
            "window_end": "2026-02-24T01:00:00Z",
            "label_delay_s": 518400.0,
            "cohort_rule": "Predictions at least 6.00 days old, by which 99.0% of the outcomes of "
            "each kind are known; at most 50 of one entity.",
            "n": 1221,
            "n_positive": 204,
            "n_effective": 1221.0,
            "eps_ticket": 0.1,
            "eps_clear": 0.01,
            "delta": 0.1,
            "certified_from": 0.91,
            "clear_below": 0.04,
            "is_readable": True,
            "outcome_widths": {"90": 0.31, "95": 0.47, "99": 0.83},
            "outcome_widths_pac": {"90": 0.34, "95": 0.52, "99": None},
            "levels": {"bins": 9, "promised": {"90": 9, "95": 9, "99": 5}},
            "self_test_passed": True,
            "self_test": {"passed": True, "alpha": 0.01, "n_older": 611, "n_newer": 610},
            "provenance": {"left_out": {"younger than closed": 311}, "entities": 1190},
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "rows_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        }
    ],
    "next": None,
    "delta_spent": {"since": "2026-01-01", "n_sets": 9, "spent": 0.9},
}


class Calibrations(Endpoint):
    """The calibration sets of one model type, newest first."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="models",
        summary="List the calibration sets of a model type",
        description=(
            "Newest first, of all versions: where each came from, by which rule it was cut, what "
            "it promises and whether it kept it on its own newer half; and what the sets of this "
            "quarter risked together."
        ),
        query=PageQuery,
        answers={200: CalibrationPage},
        example=EXAMPLE,
        refusals=(*EVERYWHERE, 404),
    )
    def get(self, request: Request, model_type: str) -> Response:
        """Answer with one page."""
        asked = read_query(PageQuery, request)
        tenant = self.actor.tenant
        known = prediction_queries.model_types(tenant)
        model_queries.get_card(
            tenant=tenant, model_type=model_type, is_predicted=model_type in known
        )
        rows = calibration_sets.sets_of(
            tenant=tenant,
            model_type=model_type,
            limit=asked["limit"] + 1,
            after=asked.get("after"),
        )
        spent = calibration_sets.delta_spent(tenant=tenant, model_type=model_type, now=clock.now())
        return Response(
            page(
                rows,
                limit=asked["limit"],
                show=lambda listed: CalibrationSetOut(listed).data,
                key=lambda listed: listed.row.pk,
            )
            | {"delta_spent": DeltaSpentOut(spent).data}
        )
