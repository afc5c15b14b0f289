"""The daily shortlist of reviews as programs see it."""

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.paging import read_query
from watchfloor.entrypoints.api.schema import described
from watchfloor.entrypoints.api.shapes.shortlist import ShortlistOut, ShortlistQuery
from watchfloor.entrypoints.api.views.floor import REVIEW_EXAMPLE
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import review_shortlist
from watchfloor.workflows.review_shortlist import PROMISE

SHORTLIST_EXAMPLE = {
    "model_type": "sla_breach",
    "model_version": "2026-03-01",
    "day": "2026-03-01",
    "eps": 0.1,
    "promise": PROMISE,
    "objection": None,
    "n_batch": 27,
    "n_known": 410,
    "fewest_known": 269,
    "items": [{"rank": 1, "p_value": 0.0024, "review": REVIEW_EXAMPLE}],
}


class ReviewShortlist(Endpoint):
    """The reviews of one day to look at first."""

    permission = Permission.VIEW_FLOOR

    @described(
        tag="floor",
        summary="Get the shortlist of a day",
        description=(
            "Reviews of one day and model type among which few are false. "
            f"{PROMISE} One day may hold more. A day that is not over is no batch yet."
        ),
        query=ShortlistQuery,
        answers={200: ShortlistOut},
        example=SHORTLIST_EXAMPLE,
    )
    def get(self, request: Request) -> Response:
        """Answer with the shortlist, of the sites the caller may see."""
        asked = read_query(ShortlistQuery, request)
        found = review_shortlist.shortlist_of_day(
            tenant=self.actor.tenant,
            model_type=asked["model_type"],
            day=asked.get("day"),
            site_ids=self.actor.site_ids,
            now=clock.now(),
        )
        return Response(ShortlistOut(found).data)
