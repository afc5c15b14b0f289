"""What a model type has brought to the floor over a whole stream, counted for a report."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count

from watchfloor.ledger.models import DueRow
from watchfloor.ledger.models.due import DueState
from watchfloor.noc.models import AlertEvent, DeadLetter, ReviewItem, Ticket, TicketEvidence
from watchfloor.tenants.models import Tenant


def tickets(*, tenant: Tenant, model_type: str) -> dict[str, Any]:
    """Return how many tickets were opened, what was found, and what was added to open ones."""
    rows = Ticket.objects.for_tenant(tenant).filter(model_type=model_type)
    evidence = TicketEvidence.objects.for_tenant(tenant).filter(ticket__model_type=model_type)
    return {
        "opened": rows.count(),
        "by_status": _counts(rows, "status"),
        "by_disposition": _counts(rows.exclude(disposition=""), "disposition"),
        "evidence_added": evidence.count(),
    }


def reviews(*, tenant: Tenant, model_type: str) -> dict[str, Any]:
    """Return how many predictions came to a person, why, and what was found."""
    rows = ReviewItem.objects.for_tenant(tenant).filter(model_type=model_type)
    return {
        "added": rows.count(),
        "by_kind": _counts(rows, "kind"),
        "by_state": _counts(rows, "state"),
        "by_disposition": _counts(rows.exclude(disposition=""), "disposition"),
    }


def model_alerts(*, tenant: Tenant) -> list[AlertEvent]:
    """Return alerts about models and their work, oldest first."""
    rows = AlertEvent.objects.for_tenant(tenant)
    rows = rows.filter(entity_type__in=["ml_model", "due_row"])
    return list(rows.order_by("created_at", "id"))


def n_alerts(*, tenant: Tenant) -> Mapping[str, int]:
    """Return how many alerts of each type were raised."""
    return _counts(AlertEvent.objects.for_tenant(tenant), "alert_type")


def n_dead_letters(*, tenant: Tenant) -> int:
    """Return how many different messages could not be read."""
    return DeadLetter.objects.for_tenant(tenant).count()


def n_failed_work(*, tenant: Tenant) -> int:
    """Return how many pieces of due work were given up."""
    return DueRow.objects.for_tenant(tenant).filter(state=DueState.FAILED).count()


def _counts(rows: Any, column: str) -> dict[str, int]:
    found = rows.values_list(column).annotate(n=Count("pk")).order_by(column)
    return dict(found)
