"""What waits on the floor of one tenant at this moment, as numbers."""

from watchfloor.noc.models import AlertEvent, DeadLetter, ReviewItem, Ticket
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.noc.models.work import ReviewState, TicketStatus
from watchfloor.tenants.models import Tenant


def waiting_counts(tenant: Tenant) -> dict[str, int]:
    """Return how many alerts, reviews, tickets and dead letters are open; four indexed counts."""
    return {
        "alerts": AlertEvent.objects.for_tenant(tenant).filter(status=AlertStatus.FIRING).count(),
        "review": ReviewItem.objects.for_tenant(tenant).filter(state=ReviewState.WAITING).count(),
        "tickets": Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED).count(),
        "dead_letters": DeadLetter.objects.for_tenant(tenant)
        .filter(state=DeadLetterState.OPEN)
        .count(),
    }
