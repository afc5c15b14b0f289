"""What waits on the floor of one tenant at this moment, as numbers."""

from typing import TypeVar

from django.db.models import Model, QuerySet

from watchfloor.noc.models import AlertEvent, DeadLetter, ReviewItem, Ticket
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.noc.models.work import ReviewState, TicketStatus
from watchfloor.tenants.models import Tenant

Row = TypeVar("Row", bound=Model)


def waiting_counts(tenant: Tenant, *, site_ids: frozenset[int] | None = None) -> dict[str, int]:
    """
    Return how many alerts, reviews, tickets and dead letters are open; indexed counts.

    Args:
        site_ids: the sites somebody may see; None is every site, and the dead letters, which
            belong to none.
    """
    alerts = AlertEvent.objects.for_tenant(tenant).filter(status=AlertStatus.FIRING)
    reviews = ReviewItem.objects.for_tenant(tenant).filter(state=ReviewState.WAITING)
    tickets = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    counts = {
        "alerts": _seen(alerts, site_ids).count(),
        "review": _seen(reviews, site_ids).count(),
        "tickets": _seen(tickets, site_ids).count(),
    }
    if site_ids is None:
        letters = DeadLetter.objects.for_tenant(tenant).filter(state=DeadLetterState.OPEN)
        counts["dead_letters"] = letters.count()
    return counts


def _seen(rows: QuerySet[Row], site_ids: frozenset[int] | None) -> QuerySet[Row]:
    return rows if site_ids is None else rows.filter(site_id__in=site_ids)
