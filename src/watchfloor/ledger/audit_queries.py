"""What was done in one tenant, page by page, and how the work that must not be lost stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from watchfloor.ledger.models import AuditEntry, DueRow, OutboxMessage
from watchfloor.ledger.models.due import DueState
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.paging import Page, Place, page_of


def entry_page(
    *, tenant: Tenant, place: Place, actor: str = "", action: str = ""
) -> Page[AuditEntry]:
    """Return a page of deeds by their number in the chain; `action` may be how a word begins."""
    rows = AuditEntry.objects.for_tenant(tenant)
    if actor:
        rows = rows.filter(actor=actor)
    if action:
        rows = rows.filter(action__startswith=action)
    return page_of(rows, place=place, key="seq")


def length_of(tenant: Tenant) -> int:
    """Return how many deeds a tenant's chain holds."""
    last = AuditEntry.objects.for_tenant(tenant).order_by("-seq").values_list("seq", flat=True)
    return last.first() or 0


@dataclass(frozen=True, slots=True)
class DueWork:
    """Planned work of one tenant: what is late, what was given up, and what comes next."""

    n_late: int
    late_since: datetime | None
    running: tuple[DueRow, ...]
    failed: tuple[DueRow, ...]
    planned: tuple[DueRow, ...]


def due_work(*, tenant: Tenant, now: datetime, limit: int = 10) -> DueWork:
    """Return how a tenant's planned work stands; given-up rows newest first, planned ones next."""
    rows = DueRow.objects.for_tenant(tenant)
    late = rows.filter(state=DueState.WAITING, due_at__lte=now)
    return DueWork(
        n_late=late.count(),
        late_since=late.aggregate(at=Min("due_at"))["at"],
        running=tuple(rows.filter(state=DueState.RUNNING).order_by("due_at")[:limit]),
        failed=tuple(rows.filter(state=DueState.FAILED).order_by("-finished_at")[:limit]),
        planned=tuple(
            rows.filter(state=DueState.WAITING, due_at__gt=now).order_by("due_at")[:limit]
        ),
    )


@dataclass(frozen=True, slots=True)
class RelayState:
    """What open pages have not been told yet."""

    waiting: int
    oldest_at: datetime | None


def relay_state(tenant: Tenant) -> RelayState:
    """Return how many messages of a tenant nobody sent yet, and since when the oldest waits."""
    rows = OutboxMessage.objects.for_tenant(tenant).filter(delivered_at=None)
    return RelayState(rows.count(), rows.aggregate(at=Min("created_at"))["at"])


def details_of(entry: AuditEntry) -> Mapping[str, str]:
    """Return what an entry says beyond its words, as text by name."""
    return {str(key): _words(value) for key, value in entry.detail.items()}


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
