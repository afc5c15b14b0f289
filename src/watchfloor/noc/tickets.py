"""Tickets: opened once for one thing, closed only with what was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from watchfloor.core.errors import NotFound, NotReady
from watchfloor.ledger import outbox
from watchfloor.noc.models import Ticket, TicketEvidence
from watchfloor.noc.models.alerts import AlertEvent
from watchfloor.noc.models.work import Disposition, TicketStatus
from watchfloor.tenants.models import Site, Tenant

AUTOMATION = "automation"


@dataclass(frozen=True, slots=True)
class Cause:
    """The prediction that asks for a ticket; one open ticket a key."""

    log: str
    prediction_id: UUID
    occurred_at: datetime
    model_type: str
    dedupe_key: str
    title: str
    priority: str
    site: Site | None
    alert: AlertEvent | None = None


def open_once(
    *, tenant: Tenant, cause: Cause, opened_by: str, now: datetime
) -> tuple[Ticket, bool]:
    """
    Open a ticket, or add the prediction as evidence to the open one; True when it is new.

    Call inside a transaction that holds the tenant's row: numbers have no gap.
    """
    open_rows = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    ticket = open_rows.filter(dedupe_key=cause.dedupe_key).first()
    if ticket is not None:
        TicketEvidence.objects.get_or_create(
            tenant=tenant,
            ticket=ticket,
            prediction_id=cause.prediction_id,
            defaults={"occurred_at": cause.occurred_at},
        )
        return ticket, False
    last = Ticket.objects.for_tenant(tenant).aggregate(n=Max("number"))["n"] or 0
    ticket = Ticket.objects.create(
        tenant=tenant,
        number=last + 1,
        title=cause.title[:200],
        priority=cause.priority,
        opened_by=opened_by,
        site=cause.site,
        alert=cause.alert,
        log=cause.log,
        prediction_id=cause.prediction_id,
        occurred_at=cause.occurred_at,
        model_type=cause.model_type,
        dedupe_key=cause.dedupe_key,
        opened_at=now,
    )
    outbox.publish(
        tenant=tenant,
        kind="ticket.opened",
        data={"id": ticket.pk, "number": ticket.number, "by": opened_by},
        now=now,
    )
    return ticket, True


def opened_by_automation_since(*, tenant: Tenant, model_type: str, since: datetime) -> int:
    """Return how many tickets opened by themselves since a moment; the cap counts them."""
    rows = Ticket.objects.for_tenant(tenant).filter(
        model_type=model_type, opened_by=AUTOMATION, opened_at__gte=since
    )
    return rows.count()


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


def predictions_of(ticket: Ticket) -> list[UUID]:
    """Return the prediction that opened a ticket and those added to it."""
    return [
        ticket.prediction_id,
        *ticket.evidence.order_by("id").values_list("prediction_id", flat=True),
    ]


def open_of_predictions(*, tenant: Tenant, prediction_ids: Iterable[UUID]) -> list[Ticket]:
    """Return the open tickets that these predictions opened."""
    rows = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    return list(rows.filter(prediction_id__in=list(prediction_ids)))


def oldest_open(*, tenant: Tenant, before: datetime, limit: int) -> list[Ticket]:
    """Return tickets that have been open since before a moment, oldest first."""
    rows = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    return list(rows.filter(opened_at__lte=before).order_by("opened_at", "id")[:limit])
