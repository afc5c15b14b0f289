"""Lists of the floor, page by page, and one row by its id: of one tenant, within the sites seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from watchfloor.core.errors import NotFound
from watchfloor.ml.models import ScoredPrediction
from watchfloor.ml.predictions import prediction_log
from watchfloor.noc.intake import dead_letters, fraud_log, ingest_keys, logs
from watchfloor.noc.models import AlertEvent, DeadLetter, ReviewItem, Ticket
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.models.work import ReviewState, TicketStatus
from watchfloor.tenants.models import Tenant

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    Which part of a list somebody asks for, newest first.

    Args:
        limit: most rows.
        after: id of the last row they have; older ones follow. None starts at the newest.
        site_ids: the sites they may see; None is every site and what has no site.
    """

    limit: int
    after: int | None = None
    site_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits for people of one tenant."""

    open_tickets: int
    waiting_reviews: int
    held_reviews: int
    firing_alerts: int
    open_dead_letters: int


def tickets(*, tenant: Tenant, window: Window, status: str | None = None) -> list[Ticket]:
    """Return tickets with their sites."""
    rows = Ticket.objects.for_tenant(tenant).select_related("site")
    return _page(rows.filter(status=status) if status else rows, window)


def alerts(*, tenant: Tenant, window: Window, status: str | None = None) -> list[AlertEvent]:
    """Return alerts with their sites."""
    rows = AlertEvent.objects.for_tenant(tenant).select_related("site")
    return _page(rows.filter(status=status) if status else rows, window)


def reviews(*, tenant: Tenant, window: Window, state: str | None = None) -> list[ReviewItem]:
    """Return review items with their sites."""
    rows = ReviewItem.objects.for_tenant(tenant).select_related("site")
    return _page(rows.filter(state=state) if state else rows, window)


def letters(*, tenant: Tenant, window: Window, state: str | None = None) -> list[DeadLetter]:
    """Return dead letters; they have no site, so who sees only sites sees none."""
    if window.site_ids is not None:
        return []
    rows = DeadLetter.objects.for_tenant(tenant)
    rows = rows.filter(state=state) if state else rows
    return list(_older(rows, window).order_by("-pk")[: window.limit])


def get_ticket(*, tenant: Tenant, ticket_id: int, site_ids: frozenset[int] | None) -> Ticket:
    """
    Return one ticket.

    Raises:
        NotFound: this tenant has no such ticket, or it lies at a site not seen.
    """
    rows = Ticket.objects.for_tenant(tenant).select_related("site")
    return _one(rows, ticket_id, site_ids, "ticket")


def get_review(*, tenant: Tenant, item_id: int, site_ids: frozenset[int] | None) -> ReviewItem:
    """
    Return one review item.

    Raises:
        NotFound: this tenant has no such item, or it lies at a site not seen.
    """
    rows = ReviewItem.objects.for_tenant(tenant).select_related("site")
    return _one(rows, item_id, site_ids, "review item")


def get_prediction(
    *, tenant: Tenant, prediction_id: UUID, site_ids: frozenset[int] | None
) -> ScoredPrediction:
    """
    Return one prediction of any log.

    Raises:
        NotFound: this tenant has no such prediction, or it lies at a site not seen.
    """
    for name in (prediction_log.LOG, fraud_log.LOG):
        row = logs.get_log(name).get_many(tenant=tenant, ids=[prediction_id]).get(prediction_id)
        if row is not None and (site_ids is None or row.site_id in site_ids):
            found: ScoredPrediction = row
            return found
    raise NotFound(f"prediction {prediction_id} does not exist")


def ids_of_events(
    *, tenant: Tenant, events: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Return the row id of each stored event (source, event id); the others are left out."""
    return ingest_keys.stored_among(tenant=tenant, keys=events)


def logs_of(*, tenant: Tenant, prediction_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the name of the log each prediction is in; ids of others are left out."""
    wanted = list(prediction_ids)
    return {
        found: name
        for name in (prediction_log.LOG, fraud_log.LOG)
        for found in logs.get_log(name).get_many(tenant=tenant, ids=wanted)
    }


def backlog(tenant: Tenant) -> Backlog:
    """Return how much waits for people."""
    items = ReviewItem.objects.for_tenant(tenant)
    return Backlog(
        open_tickets=(
            Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED).count()
        ),
        waiting_reviews=items.filter(state=ReviewState.WAITING).count(),
        held_reviews=items.filter(state=ReviewState.HELD).count(),
        firing_alerts=(
            AlertEvent.objects.for_tenant(tenant).filter(status=AlertStatus.FIRING).count()
        ),
        open_dead_letters=dead_letters.count_open(tenant),
    )


def _page(rows: QuerySet[Row], window: Window) -> list[Row]:
    rows = _older(rows, window)
    if window.site_ids is not None:
        rows = rows.filter(site_id__in=window.site_ids)
    return list(rows.order_by("-pk")[: window.limit])


def _older(rows: QuerySet[Row], window: Window) -> QuerySet[Row]:
    return rows if window.after is None else rows.filter(pk__lt=window.after)


def _one(rows: QuerySet[Row], key: int, site_ids: frozenset[int] | None, name: str) -> Row:
    if site_ids is not None:
        rows = rows.filter(site_id__in=site_ids)
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFound(f"{name} {key} does not exist")
    return row
