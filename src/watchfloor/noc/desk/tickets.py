"""Tickets: one for one thing in one window, closed only with what was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from watchfloor.core.decision.policy import EarlierTicket
from watchfloor.core.errors import NotFound, NotReady
from watchfloor.ledger import outbox
from watchfloor.noc.models import Ticket, TicketEvidence
from watchfloor.noc.models.alerts import AlertEvent
from watchfloor.noc.models.work import Disposition, TicketSource, TicketStatus
from watchfloor.tenants import directory
from watchfloor.tenants.models import Site, Tenant

AUTOMATION = "automation"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket belongs: the thing it is about, and the window of the event."""

    dedupe_key: str
    window_start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The prediction that asks for a ticket, and what the ticket says."""

    log: str
    prediction_id: UUID
    occurred_at: datetime
    model_type: str
    place: Place
    title: str
    priority: str
    site: Site | None
    body: str = ""
    tag: str = ""
    assignee_id: int | None = None
    alert: AlertEvent | None = None


def covering(*, tenant: Tenant, places: Iterable[Place]) -> dict[Place, Ticket]:
    """
    Return the ticket that stands for each place; places without one are left out.

    An open ticket about the same thing covers it, however old; a closed one for the rest of
    its window. Call inside a transaction: nobody closes one of these tickets before its end.
    """
    wanted = set(places)
    rows = (
        Ticket.objects.for_tenant(tenant)
        .select_for_update(of=("self",))
        .filter(
            ~Q(status=TicketStatus.RESOLVED) | Q(window_start__in={p.window_start for p in wanted}),
            dedupe_key__in={p.dedupe_key for p in wanted},
        )
    )
    open_of: dict[str, Ticket] = {}
    closed_of: dict[Place, Ticket] = {}
    for ticket in rows:
        if ticket.status != TicketStatus.RESOLVED:
            open_of[ticket.dedupe_key] = ticket
        elif ticket.window_start is not None:
            closed_of[Place(ticket.dedupe_key, ticket.window_start)] = ticket
    found = {p: open_of.get(p.dedupe_key) or closed_of.get(p) for p in wanted}
    return {place: ticket for place, ticket in found.items() if ticket is not None}


def state_of(ticket: Ticket) -> EarlierTicket:
    """Return what a ticket says about a repeat of what it is about."""
    if ticket.status != TicketStatus.RESOLVED:
        return EarlierTicket.OPEN
    confirmed = ticket.disposition == Disposition.TRUE_POSITIVE
    return EarlierTicket.CONFIRMED if confirmed else EarlierTicket.NOT_CONFIRMED


@transaction.atomic
def open_once(
    *, tenant: Tenant, cause: Cause, opened_by: str, now: datetime
) -> tuple[Ticket, bool]:
    """Open a ticket, or add the prediction to the one that covers it; True when it is new."""
    # Numbers have no gap and keys no twin: whoever opens tickets holds the tenant's row. The
    # two constraints on the table are the wall behind this lock.
    directory.hold(tenant)
    ticket = covering(tenant=tenant, places=[cause.place]).get(cause.place)
    if ticket is not None:
        _add(tenant, ticket, cause.prediction_id, cause.occurred_at)
        return ticket, False
    last = Ticket.objects.for_tenant(tenant).aggregate(n=Max("number"))["n"] or 0
    ticket = Ticket.objects.create(
        tenant=tenant,
        number=last + 1,
        title=cause.title[:200],
        body=cause.body,
        tag=cause.tag,
        source=TicketSource.SYSTEM if opened_by == AUTOMATION else TicketSource.PERSON,
        priority=cause.priority,
        opened_by=opened_by,
        assignee_id=cause.assignee_id,
        site=cause.site,
        alert=cause.alert,
        log=cause.log,
        prediction_id=cause.prediction_id,
        occurred_at=cause.occurred_at,
        model_type=cause.model_type,
        dedupe_key=cause.place.dedupe_key,
        window_start=cause.place.window_start,
        opened_at=now,
    )
    outbox.publish(
        tenant=tenant,
        kind="ticket.opened",
        data={"id": ticket.pk, "number": ticket.number, "by": opened_by},
        now=now,
    )
    return ticket, True


def add_evidence(
    *, tenant: Tenant, place: Place, prediction_id: UUID, occurred_at: datetime
) -> Ticket:
    """
    Add a prediction to the ticket that covers it, once.

    Raises:
        NotFound: no ticket covers it.
    """
    ticket = covering(tenant=tenant, places=[place]).get(place)
    if ticket is None:
        raise NotFound(f"no ticket covers {place.dedupe_key} since {place.window_start}")
    _add(tenant, ticket, prediction_id, occurred_at)
    return ticket


def _add(tenant: Tenant, ticket: Ticket, prediction_id: UUID, occurred_at: datetime) -> None:
    TicketEvidence.objects.get_or_create(
        tenant=tenant,
        ticket=ticket,
        prediction_id=prediction_id,
        defaults={"occurred_at": occurred_at},
    )


def resolve(
    *,
    tenant: Tenant,
    ticket_id: int,
    disposition: Disposition,
    actor: str,
    note: str,
    now: datetime,
) -> Ticket:
    """
    Close a ticket with what was found.

    Raises:
        NotFound: this tenant has no such ticket.
        NotReady: it is resolved already.
    """
    rows = Ticket.objects.for_tenant(tenant).filter(pk=ticket_id)
    ticket = rows.first()
    if ticket is None:
        raise NotFound(f"ticket {ticket_id} does not exist")
    won = rows.exclude(status=TicketStatus.RESOLVED).update(
        status=TicketStatus.RESOLVED,
        disposition=disposition,
        resolved_at=now,
        resolved_by=actor,
        note=note,
    )
    if not won:
        raise NotReady(f"ticket {ticket.number} is resolved already")
    ticket.refresh_from_db()
    outbox.publish(
        tenant=tenant,
        kind="ticket.resolved",
        data={"id": ticket.pk, "number": ticket.number, "disposition": disposition},
        now=now,
    )
    return ticket


def open_of_predictions(*, tenant: Tenant, prediction_ids: Iterable[UUID]) -> list[Ticket]:
    """Return the open tickets that these predictions opened."""
    rows = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    return list(rows.filter(prediction_id__in=list(prediction_ids)))


def oldest_open(*, tenant: Tenant, before: datetime, limit: int) -> list[Ticket]:
    """Return tickets that have been open since before a moment, oldest first."""
    rows = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    return list(rows.filter(opened_at__lte=before).order_by("opened_at", "id")[:limit])
