"""The floor's lists as people page through them, and the rows beside one row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import BinaryField, Count, F, Model, Q, QuerySet
from django.db.models.functions import Substr

from watchfloor.core.errors import NotFound
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.intake import logs
from watchfloor.noc.models import AlertEvent, DeadLetter, ReviewItem, Ticket, TicketEvidence
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.noc.models.work import ReviewState, TicketStatus
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.paging import Page, Place, page_of

# So much of an unreadable message is shown; the rest is loaded for nobody.
PREVIEW_BYTES = 600
MOST_LIVE_ROWS = 150

OPEN_ALERTS = (AlertStatus.FIRING.value, AlertStatus.ACKNOWLEDGED.value)
OPEN_TICKETS = (TicketStatus.OPEN.value, TicketStatus.IN_PROGRESS.value)

Row = TypeVar("Row", bound=Model)
Sites = frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which rows of a list somebody asks for.

    Args:
        states: states that are shown; empty shows all.
        site_ids: the sites they may see; None is every site and what has no site.
        severity: of alerts; empty shows all.
    """

    states: tuple[str, ...] = ()
    site_ids: Sites = None
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows already: its oldest row, and the moment it was read at."""

    oldest: int
    read_at: datetime


def alert_page(*, tenant: Tenant, wanted: Wanted, place: Place) -> Page[AlertEvent]:
    """Return a page of alerts with their sites."""
    return page_of(_alerts(tenant, wanted), place=place)


def alerts_since(*, tenant: Tenant, wanted: Wanted, shown: Shown) -> list[AlertEvent]:
    """Return what a page of alerts shows by now: new ones, and those it showed that changed."""
    everything = Wanted(site_ids=wanted.site_ids, severity=wanted.severity)
    rows = _alerts(tenant, everything).filter(pk__gte=shown.oldest)
    return list(rows.filter(_still(wanted, shown)).order_by("-pk")[:MOST_LIVE_ROWS])


def _alerts(tenant: Tenant, wanted: Wanted) -> QuerySet[AlertEvent]:
    rows = _seen(AlertEvent.objects.for_tenant(tenant), wanted.site_ids).select_related("site")
    if wanted.states:
        rows = rows.filter(status__in=wanted.states)
    return rows.filter(severity=wanted.severity) if wanted.severity else rows


def get_alert(*, tenant: Tenant, alert_id: int, site_ids: Sites) -> AlertEvent:
    """
    Return one alert.

    Raises:
        NotFound: this tenant has no such alert, or it lies at a site not seen.
    """
    rows = _seen(AlertEvent.objects.for_tenant(tenant), site_ids).select_related("site")
    alert = rows.filter(pk=alert_id).first()
    if alert is None:
        raise NotFound(f"alert {alert_id} does not exist")
    return alert


def tickets_of_alert(*, tenant: Tenant, alert: AlertEvent) -> list[Ticket]:
    """Return the tickets that were opened with an alert, newest first."""
    return list(Ticket.objects.for_tenant(tenant).filter(alert=alert).order_by("-pk")[:20])


def ticket_page(*, tenant: Tenant, wanted: Wanted, place: Place) -> Page[Ticket]:
    """Return a page of tickets with their sites, and `n_evidence` on each."""
    return page_of(_tickets(tenant, wanted), place=place)


def tickets_since(*, tenant: Tenant, wanted: Wanted, shown: Shown) -> list[Ticket]:
    """Return what a page of tickets shows by now: new ones, and those it showed that changed."""
    rows = _tickets(tenant, Wanted(site_ids=wanted.site_ids)).filter(pk__gte=shown.oldest)
    return list(rows.filter(_still(wanted, shown)).order_by("-pk")[:MOST_LIVE_ROWS])


def _tickets(tenant: Tenant, wanted: Wanted) -> QuerySet[Ticket]:
    rows = _seen(Ticket.objects.for_tenant(tenant), wanted.site_ids).select_related("site")
    rows = rows.filter(status__in=wanted.states) if wanted.states else rows
    return rows.annotate(n_evidence=Count("evidence"))


def _still(wanted: Wanted, shown: Shown) -> Q:
    """What was resolved while the page was open stays where it is, and says so."""
    if not wanted.states:
        return Q()
    return Q(status__in=wanted.states) | Q(resolved_at__gte=shown.read_at)


def predictions_by_id(
    *, tenant: Tenant, wanted: Mapping[str, list[Any]]
) -> dict[Any, ScoredPrediction]:
    """Return predictions by id; `wanted` holds the ids of each log; a query a log."""
    found: dict[Any, ScoredPrediction] = {}
    for name, ids in wanted.items():
        found |= logs.get_log(name).get_many(tenant=tenant, ids=ids)
    return found


def evidence_of(*, tenant: Tenant, ticket: Ticket) -> list[TicketEvidence]:
    """Return the further predictions of a ticket, newest first."""
    rows = TicketEvidence.objects.for_tenant(tenant).filter(ticket=ticket)
    return list(rows.order_by("-id")[:50])


def find_next_review(
    *, tenant: Tenant, site_ids: Sites, after: ReviewItem | None = None
) -> ReviewItem | None:
    """Return the review that has waited longest, or the next one behind a given one."""
    rows = _waiting(tenant, site_ids)
    if after is not None:
        behind = Q(created_at__gt=after.created_at) | Q(
            created_at=after.created_at, pk__gt=after.pk
        )
        rows = rows.filter(behind)
    return rows.order_by("created_at", "pk").first()


def waiting_reviews(*, tenant: Tenant, site_ids: Sites, limit: int) -> list[ReviewItem]:
    """Return the reviews that have waited longest, oldest first."""
    return list(_waiting(tenant, site_ids).order_by("created_at", "pk")[:limit])


def _waiting(tenant: Tenant, site_ids: Sites) -> QuerySet[ReviewItem]:
    rows = _seen(ReviewItem.objects.for_tenant(tenant), site_ids).select_related("site")
    return rows.filter(state=ReviewState.WAITING)


@dataclass(frozen=True, slots=True)
class ReviewDay:
    """What people decided since a moment: how many, and how long the middle one had waited."""

    n: int
    median_wait_s: float | None


def reviewed_since(*, tenant: Tenant, site_ids: Sites, since: datetime) -> ReviewDay:
    """Return what was decided of the items that came since a moment."""
    rows = _seen(ReviewItem.objects.for_tenant(tenant), site_ids)
    done = rows.filter(state=ReviewState.DONE, created_at__gte=since)
    waits = sorted(
        (done_at - created_at).total_seconds()
        for created_at, done_at in done.values_list("created_at", "done_at")[:5000]
        if done_at is not None
    )
    return ReviewDay(done.count(), waits[len(waits) // 2] if waits else None)


def letter_page(*, tenant: Tenant, is_open: bool, place: Place) -> Page[DeadLetter]:
    """Return a page of dead letters without their payloads; `head` on each is how it begins."""
    rows = DeadLetter.objects.for_tenant(tenant)
    state = Q(state=DeadLetterState.OPEN)
    rows = rows.filter(state) if is_open else rows.exclude(state)
    return page_of(_headed(rows), place=place)


def get_letter(*, tenant: Tenant, letter_id: int) -> DeadLetter:
    """
    Return one dead letter with its whole payload.

    Raises:
        NotFound: this tenant has no such letter.
    """
    letter = DeadLetter.objects.for_tenant(tenant).filter(pk=letter_id).first()
    if letter is None:
        raise NotFound(f"dead letter {letter_id} does not exist")
    return letter


def _headed(rows: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
    head = Substr(F("payload"), 1, PREVIEW_BYTES, output_field=BinaryField())
    return rows.defer("payload").annotate(head=head)


def _seen(rows: QuerySet[Row], site_ids: Sites) -> QuerySet[Row]:
    return rows if site_ids is None else rows.filter(site_id__in=site_ids)
