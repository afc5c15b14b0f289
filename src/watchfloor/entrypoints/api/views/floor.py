"""The floor as programs see it: tickets, alerts and reviews, and the two ways to close work."""

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.bodies import read_object
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.fitting import fitted
from watchfloor.entrypoints.api.paging import page, read_query
from watchfloor.entrypoints.api.schema import WITH_BODY, described, page_of
from watchfloor.entrypoints.api.shapes.floor import (
    AlertOut,
    AlertQuery,
    ResolveIn,
    ReviewOut,
    ReviewQuery,
    TicketOut,
    TicketQuery,
    VerdictIn,
)
from watchfloor.noc.models.work import Disposition
from watchfloor.noc.queries import floor_pages
from watchfloor.noc.queries.floor_pages import Window
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import outcome_feedback

TICKET_EXAMPLE = {
    "site": "harbour-gate",
    "id": 41,
    "number": 17,
    "title": "Check-in of Ada Berg (g-017) in doubt",
    "body": "Probability 0.71, HIGH risk, by fraud_detector v20260214.",
    "tag": "ml_fraud_investigation",
    "source": "system",
    "status": "open",
    "priority": "HIGH",
    "opened_by": "automation",
    "opened_at": "2026-03-02T12:00:00Z",
    "assignee": "user:23",
    "window_start": "2026-03-02T00:00:00Z",
    "model_type": "fraud_detector",
    "prediction_id": "019caddd-b4c0-8f5a-9c1e-3f6f2f0c8f0b",
    "occurred_at": "2026-03-02T11:59:58Z",
    "resolved_at": None,
    "resolved_by": "",
    "disposition": "",
    "note": "",
}
RESOLVED_EXAMPLE = TICKET_EXAMPLE | {
    "status": "resolved",
    "resolved_at": "2026-03-02T12:40:00Z",
    "resolved_by": "user:17",
    "disposition": "true_positive",
    "note": "Nobody at the post.",
}
ALERT_EXAMPLE = {
    "site": "harbour-gate",
    "id": 9,
    "alert_type": "ML_FRAUD_PREDICTION",
    "severity": "HIGH",
    "status": "firing",
    "entity_type": "guard",
    "entity_id": "g-017",
    "message": "Check-in of Ada Berg (g-017) in doubt",
    "metadata": {"score": 0.71, "risk": "HIGH", "reason": "not_certified"},
    "occurrences": 3,
    "created_at": "2026-03-02T12:00:00Z",
    "last_seen_at": "2026-03-02T12:20:00Z",
    "acknowledged_at": None,
    "escalated_at": None,
    "resolved_at": None,
}
REVIEW_EXAMPLE = {
    "site": None,
    "id": 3,
    "kind": "decision",
    "reason": "probability_not_known_well",
    "state": "waiting",
    "model_type": "sla_breach",
    "entity_id": "INC0024918",
    "prediction_id": "019caddd-b4c0-8f5a-9c1e-3f6f2f0c8f0b",
    "score": 0.57,
    "occurred_at": "2026-03-02T11:58:00Z",
    "created_at": "2026-03-02T12:00:00Z",
    "done_at": None,
    "done_by": "",
    "disposition": "",
    "propensity": 1.0,
    "metadata": {"score": 0.57, "width": 0.31, "model_version": "2026-03-01"},
}
JUDGED_EXAMPLE = REVIEW_EXAMPLE | {
    "state": "done",
    "done_at": "2026-03-02T12:10:00Z",
    "done_by": "user:17",
    "disposition": "false_positive",
}


class Tickets(Endpoint):
    """Tickets, newest first."""

    permission = Permission.VIEW_FLOOR

    @described(
        tag="floor",
        summary="List tickets",
        description="Newest first, of the sites the caller may see.",
        query=TicketQuery,
        answers={200: page_of(TicketOut, name="TicketPage")},
        example={"items": [TICKET_EXAMPLE], "next": 41},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(TicketQuery, request)
        rows = floor_pages.tickets(
            tenant=self.actor.tenant,
            window=_window(self.actor, asked),
            status=asked.get("status"),
        )
        return Response(
            page(rows, limit=asked["limit"], show=lambda t: TicketOut(t).data, key=lambda t: t.pk)
        )


class Alerts(Endpoint):
    """Alerts, newest first."""

    permission = Permission.VIEW_FLOOR

    @described(
        tag="floor",
        summary="List alerts",
        description="Newest first, of the sites the caller may see.",
        query=AlertQuery,
        answers={200: page_of(AlertOut, name="AlertPage")},
        example={"items": [ALERT_EXAMPLE], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(AlertQuery, request)
        rows = floor_pages.alerts(
            tenant=self.actor.tenant,
            window=_window(self.actor, asked),
            status=asked.get("status"),
        )
        return Response(
            page(rows, limit=asked["limit"], show=lambda a: AlertOut(a).data, key=lambda a: a.pk)
        )


class Reviews(Endpoint):
    """Review items, newest first."""

    permission = Permission.VIEW_FLOOR

    @described(
        tag="floor",
        summary="List review items",
        description="Predictions that wait for a person or have a verdict, newest first.",
        query=ReviewQuery,
        answers={200: page_of(ReviewOut, name="ReviewPage")},
        example={"items": [REVIEW_EXAMPLE], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(ReviewQuery, request)
        rows = floor_pages.reviews(
            tenant=self.actor.tenant,
            window=_window(self.actor, asked),
            state=asked.get("state"),
        )
        return Response(
            page(rows, limit=asked["limit"], show=lambda r: ReviewOut(r).data, key=lambda r: r.pk)
        )


class TicketResolve(Endpoint):
    """Close a ticket with what was found."""

    permission = Permission.WORK_TICKETS

    @described(
        tag="floor",
        summary="Resolve a ticket",
        description="The disposition labels the prediction that opened the ticket.",
        body=ResolveIn,
        body_example={"disposition": "true_positive", "note": "Nobody at the post."},
        answers={200: TicketOut},
        example=RESOLVED_EXAMPLE,
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request, ticket_id: int) -> Response:
        """Resolve it, if it lies at a site the caller may see."""
        floor_pages.get_ticket(
            tenant=self.actor.tenant, ticket_id=ticket_id, site_ids=self.actor.site_ids
        )
        found = fitted(ResolveIn, read_object(request))
        ticket = outcome_feedback.resolve_ticket(
            tenant=self.actor.tenant,
            ticket_id=ticket_id,
            disposition=Disposition(found["disposition"]),
            note=found["note"],
            actor=self.actor.name,
            now=clock.now(),
        )
        return Response(TicketOut(ticket).data)


class ReviewVerdict(Endpoint):
    """Give a verdict on a review item."""

    permission = Permission.REVIEW

    @described(
        tag="floor",
        summary="Give a verdict",
        description="Labels the prediction; inconclusive closes the item and labels nothing.",
        body=VerdictIn,
        body_example={"disposition": "false_positive"},
        answers={200: ReviewOut},
        example=JUDGED_EXAMPLE,
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Record it, if the item lies at a site the caller may see."""
        floor_pages.get_review(
            tenant=self.actor.tenant, item_id=item_id, site_ids=self.actor.site_ids
        )
        found = fitted(VerdictIn, read_object(request))
        item = outcome_feedback.record_disposition(
            tenant=self.actor.tenant,
            item_id=item_id,
            disposition=Disposition(found["disposition"]),
            actor=self.actor.name,
            now=clock.now(),
        )
        return Response(ReviewOut(item).data)


def _window(actor: Actor, asked: dict[str, int]) -> Window:
    # One row more than asked for tells whether another page follows.
    return Window(limit=asked["limit"] + 1, after=asked.get("after"), site_ids=actor.site_ids)
