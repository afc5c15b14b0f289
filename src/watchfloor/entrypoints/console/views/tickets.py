"""Tickets: what is promised? Read them, and close one with what was found."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists
from watchfloor.entrypoints.console.evidence import evidence_of
from watchfloor.entrypoints.console.forms import CloseTicketForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.wording import count_text
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.models import Ticket
from watchfloor.noc.models.work import Disposition, TicketStatus
from watchfloor.noc.queries import floor_pages, floor_queries, prediction_queries
from watchfloor.noc.queries.floor_queries import OPEN_TICKETS, Wanted
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import outcome_feedback

STATES: dict[str, tuple[str, ...]] = {
    "open": OPEN_TICKETS,
    "resolved": (TicketStatus.RESOLVED.value,),
    "all": (),
}


@require_safe
@member_page(Permission.VIEW_FLOOR)
def ticket_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show a page of tickets."""
    status = lists.chosen(request, "status", STATES)
    wanted = Wanted(states=STATES[status], site_ids=actor.site_ids)
    page = floor_queries.ticket_page(
        tenant=actor.tenant, wanted=wanted, place=lists.place_of(request)
    )
    address = reverse("console:ticket_rows", args=[actor.tenant.code])
    is_newest = page.newer_than is None
    context = _rows(actor, page.rows) | {
        "tabs": lists.tabs_of(status, _labels(), kept={}),
        "pager": lists.pager_of(request, page),
        "rows_path": (
            lists.rows_path(address, page, read_at=clock.now(), status=status) if is_newest else ""
        ),
        "empty": None if page.rows else _nothing(actor, status),
    }
    return frame.page(request, actor, "tickets.html", context, section="tickets")


def _labels() -> dict[str, str]:
    return {"open": gettext("Open"), "resolved": gettext("Closed"), "all": gettext("All")}


def _nothing(actor: Actor, status: str) -> Notice:
    if status != "open":
        return Notice(gettext("Nothing here"), gettext("No ticket is in this state."))
    return Notice(
        gettext("No open ticket"),
        gettext("A ticket opens by itself once automation is on and a score is certified."),
        gettext("To the review queue"),
        reverse("console:review", args=[actor.tenant.code]),
    )


@require_safe
@member_page(Permission.VIEW_FLOOR)
def ticket_rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer the rows that a page of tickets shows by now."""
    status = lists.chosen(request, "status", STATES)
    rows = floor_queries.tickets_since(
        tenant=actor.tenant,
        wanted=Wanted(states=STATES[status], site_ids=actor.site_ids),
        shown=lists.shown_of(request, now=clock.now()),
    )
    return frame.fragment(request, actor, "partials/ticket_rows.html", _rows(actor, rows))


def _rows(actor: Actor, rows: Iterable[Ticket]) -> dict[str, Any]:
    tickets = list(rows)
    predictions = _predictions(actor, tickets)
    known = prediction_queries.known_about_many(
        tenant=actor.tenant, predictions=predictions.values()
    )
    names = people.names_of(t.opened_by for t in tickets)
    return {
        "tickets": [
            {
                "row": ticket,
                "where": drawing.place_of(ticket.site),
                "opened_by": drawing.actor_words(ticket.opened_by, names)[0],
                "drawn": (
                    drawing.drawn_score(predictions[ticket.prediction_id], known[prediction.id])
                    if (prediction := predictions.get(ticket.prediction_id)) is not None
                    else None
                ),
                "is_open": ticket.status != TicketStatus.RESOLVED,
            }
            for ticket in tickets
        ]
    }


def _predictions(actor: Actor, tickets: Iterable[Ticket]) -> Mapping[UUID, ScoredPrediction]:
    wanted: dict[str, list[UUID]] = {}
    for ticket in tickets:
        wanted.setdefault(ticket.log, []).append(ticket.prediction_id)
    return floor_queries.predictions_by_id(tenant=actor.tenant, wanted=wanted)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.VIEW_FLOOR)
def ticket(request: HttpRequest, actor: Actor, ticket_id: int) -> HttpResponse:
    """Show one ticket with its evidence, or close it with what was found."""
    found = floor_pages.get_ticket(
        tenant=actor.tenant, ticket_id=ticket_id, site_ids=actor.site_ids
    )
    form = CloseTicketForm(request.POST or None)
    if request.method == "POST":
        actor.require(Permission.WORK_TICKETS)
        if form.is_valid():
            return _close(request, actor, found, form)
    status = 422 if form.is_bound else 200
    return _detail(request, actor, found, form, status=status)


def _close(
    request: HttpRequest, actor: Actor, found: Ticket, form: CloseTicketForm
) -> HttpResponse:
    facts = {"number": count_text(found.number)}
    try:
        outcome_feedback.resolve_ticket(
            tenant=actor.tenant,
            ticket_id=found.pk,
            disposition=Disposition(form.cleaned_data["disposition"]),
            note=form.cleaned_data["note"],
            actor=actor.name,
            now=clock.now(),
        )
    except NotReady:
        messages.warning(request, gettext("Somebody closed ticket %(number)s first.") % facts)
        return redirect("console:ticket", actor.tenant.code, found.pk)
    messages.success(request, gettext("Ticket %(number)s is closed.") % facts)
    return redirect("console:tickets", actor.tenant.code)


def _detail(
    request: HttpRequest, actor: Actor, found: Ticket, form: CloseTicketForm, *, status: int
) -> HttpResponse:
    prediction = floor_pages.get_prediction(
        tenant=actor.tenant, prediction_id=found.prediction_id, site_ids=None
    )
    assignee = f"{people.PERSON}{found.assignee_id}" if found.assignee_id else ""
    names = people.names_of([found.opened_by, found.resolved_by, assignee])
    context = {
        "ticket": found,
        "where": drawing.place_of(found.site),
        "opened_by": drawing.actor_words(found.opened_by, names)[0],
        "closed_by": drawing.actor_words(found.resolved_by, names)[0],
        "assignee": drawing.actor_words(assignee, names)[0],
        "is_open": found.status != TicketStatus.RESOLVED,
        "evidence": evidence_of(actor, prediction),
        "added": _added(actor, found),
        "form": form,
    }
    return frame.page(
        request, actor, "ticket.html", context, section="tickets", status=status, is_live=False
    )


def _added(actor: Actor, found: Ticket) -> list[dict[str, Any]]:
    """Return the further predictions of a ticket, as rows; nobody looked at each."""
    rows = floor_queries.evidence_of(tenant=actor.tenant, ticket=found)
    predictions = floor_queries.predictions_by_id(
        tenant=actor.tenant, wanted={found.log: [row.prediction_id for row in rows]}
    )
    known = prediction_queries.known_about_many(
        tenant=actor.tenant, predictions=predictions.values()
    )
    return [
        {
            "at": row.occurred_at,
            "href": drawing.prediction_href(actor.tenant.code, row.prediction_id),
            "drawn": drawing.drawn_score(predictions[row.prediction_id], known[row.prediction_id]),
            "title": drawing.title_of(predictions[row.prediction_id]),
        }
        for row in rows
        if row.prediction_id in predictions
    ]
