"""The five numbers of the wall, each with its n and what is promised about it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, Model, QuerySet
from django.db.models.functions import TruncDate, TruncHour

from watchfloor.core.drift.severity import Severity
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.core.thresholds import SPECS
from watchfloor.ml.inference import model_queries
from watchfloor.ml.inference.model_queries import FleetDay, Rate
from watchfloor.noc.desk import tickets
from watchfloor.noc.models import AlertEvent, ReviewItem, Threshold, Ticket
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.models.work import Disposition, ReviewState, TicketStatus
from watchfloor.noc.queries import prediction_queries
from watchfloor.tenants.models import Tenant

SPARK_HOURS = 24
SPARK_DAYS = 14
# So far back the closed tickets of the false share are looked for.
TICKET_DAYS = 90
COVERAGE_DAYS = 30
PROMISED_COVERAGE = 0.95
# What was open for longer than this and has ended is left out of the line of hours.
LONGEST_SHOWN = timedelta(days=7)

Row = TypeVar("Row", bound=Model)
Sites = frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait now, since when the oldest and the middle one, and how many did each hour."""

    n: int
    oldest_at: datetime | None
    median_at: datetime | None
    by_hour: tuple[int, ...]
    held: int = 0


@dataclass(frozen=True, slots=True)
class Automation:
    """What was handled without a person today, and the share on each day before."""

    n: int
    automated: int
    by_day: tuple[float | None, ...]

    @property
    def share(self) -> float | None:
        """Share of today's predictions; None while there are none."""
        return self.automated / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Kept:
    """A share that was promised: what it came to, with its interval, and what was promised."""

    rate: Rate
    promised: float
    by_day: tuple[float | None, ...]
    days: int


@dataclass(frozen=True, slots=True)
class WallNumbers:
    """The five numbers of one moment."""

    critical: Waiting
    review: Waiting
    automation: Automation
    false_tickets: Kept
    coverage: Kept


def wall_numbers(*, tenant: Tenant, site_ids: Sites, now: datetime) -> WallNumbers:
    """Return the five numbers as they stand, of the sites somebody may see."""
    today = local_day(now, tenant.zone)
    days = model_queries.fleet_days(
        tenant=tenant, last_day=today - timedelta(days=1), days=COVERAGE_DAYS
    )
    return WallNumbers(
        critical=open_critical(tenant=tenant, site_ids=site_ids, now=now),
        review=waiting_reviews(tenant=tenant, site_ids=site_ids, now=now),
        automation=_automation(tenant, site_ids, today, days),
        false_tickets=false_tickets(tenant=tenant, site_ids=site_ids, today=today),
        coverage=_coverage(days),
    )


def open_critical(*, tenant: Tenant, site_ids: Sites, now: datetime) -> Waiting:
    """Return the critical alerts that nobody has resolved."""
    rows = _seen(AlertEvent.objects.for_tenant(tenant), site_ids)
    rows = rows.filter(severity=Severity.CRITICAL.value)
    still_open = rows.filter(status__in=[AlertStatus.FIRING, AlertStatus.ACKNOWLEDGED])
    lately = rows.filter(status__in=AlertStatus.values, created_at__gte=now - LONGEST_SHOWN)
    return Waiting(
        n=(n := still_open.count()),
        oldest_at=_nth(still_open, 0),
        median_at=_nth(still_open, n // 2),
        by_hour=_by_hour(
            lately,
            ended="resolved_at",
            before=still_open.filter(created_at__lt=now - LONGEST_SHOWN).count(),
            now=now,
        ),
    )


def waiting_reviews(*, tenant: Tenant, site_ids: Sites, now: datetime) -> Waiting:
    """Return the predictions that wait for a verdict; held ones wait behind the cap."""
    rows = _seen(ReviewItem.objects.for_tenant(tenant), site_ids)
    waiting = rows.filter(state=ReviewState.WAITING)
    shown = rows.filter(state__in=[ReviewState.WAITING, ReviewState.DONE])
    return Waiting(
        n=(n := waiting.count()),
        oldest_at=_nth(waiting, 0),
        median_at=_nth(waiting, n // 2),
        by_hour=_by_hour(
            shown.filter(created_at__gte=now - LONGEST_SHOWN),
            ended="done_at",
            before=waiting.filter(created_at__lt=now - LONGEST_SHOWN).count(),
            now=now,
        ),
        held=rows.filter(state=ReviewState.HELD).count(),
    )


def _nth(rows: QuerySet[Any], n: int) -> datetime | None:
    found: list[datetime] = list(
        rows.order_by("created_at", "pk").values_list("created_at", flat=True)[n : n + 1]
    )
    return found[0] if found else None


def _by_hour(rows: QuerySet[Any], *, ended: str, before: int, now: datetime) -> tuple[int, ...]:
    """Return how many were open at the end of each of the last hours, oldest first; one query."""
    spans = (
        rows.annotate(
            from_hour=TruncHour("created_at", tzinfo=UTC), to_hour=TruncHour(ended, tzinfo=UTC)
        )
        .values_list("from_hour", "to_hour")
        .annotate(n=Count("pk"))
        .order_by()
    )
    spans_read = list(spans)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(SPARK_HOURS - 1, -1, -1)]
    return tuple(before + _open_at(hour, spans_read) for hour in hours)


def _open_at(hour: datetime, spans: Iterable[tuple[datetime, datetime | None, int]]) -> int:
    return sum(n for began, ended, n in spans if began <= hour and (ended is None or ended > hour))


def _automation(
    tenant: Tenant, site_ids: Sites, today: date, days: Sequence[FleetDay]
) -> Automation:
    began_at, _ = day_bounds(today, tenant.zone)
    found = prediction_queries.decided_on(
        tenant=tenant, day=today, since=began_at, site_ids=site_ids
    )
    # Daily metrics are kept for the tenant as a whole: no line for who sees some sites only.
    shown = days[-SPARK_DAYS:] if site_ids is None else []
    return Automation(
        n=found.n,
        automated=found.automated,
        by_day=tuple(_share(day.automated, day.decided) for day in shown),
    )


def false_tickets(*, tenant: Tenant, site_ids: Sites, today: date) -> Kept:
    """Return how many automatic tickets turned out false, against the highest promise in force."""
    since, _ = day_bounds(today - timedelta(days=TICKET_DAYS), tenant.zone)
    rows = _seen(Ticket.objects.for_tenant(tenant), site_ids).filter(
        status=TicketStatus.RESOLVED, opened_at__gte=since, opened_by=tickets.AUTOMATION
    )
    told = rows.filter(disposition__in=[Disposition.TRUE_POSITIVE, Disposition.FALSE_POSITIVE])
    by_day = (
        told.annotate(day=TruncDate("opened_at", tzinfo=tenant.zone))
        .values_list("day", "disposition", "model_type")
        .annotate(n=Count("pk"))
        .order_by()
    )
    n_of: Counter[tuple[date, bool]] = Counter()
    model_types = set()
    for day, disposition, model_type, n in by_day:
        n_of[day, disposition == Disposition.FALSE_POSITIVE] += n
        model_types.add(model_type)
    false = sum(n for (_, is_false), n in n_of.items() if is_false)
    return Kept(
        rate=model_queries.rate(false, sum(n_of.values())),
        promised=_promised_eps(tenant, model_types),
        by_day=tuple(_false_on(today - timedelta(days=k), n_of) for k in range(SPARK_DAYS, 0, -1)),
        days=TICKET_DAYS,
    )


def _false_on(day: date, n_of: Counter[tuple[date, bool]]) -> float | None:
    return _share(n_of[day, True], n_of[day, True] + n_of[day, False])


def _promised_eps(tenant: Tenant, model_types: Iterable[str]) -> float:
    rows = Threshold.objects.for_tenant(tenant).filter(key="eps_ticket")
    own = dict(rows.values_list("scope_id", "value"))
    default = SPECS["eps_ticket"].default
    # Before the first ticket the promise is the one that the next ticket will be held to.
    return max([own.get(name, default) for name in model_types or own], default=default)


def _coverage(days: Sequence[FleetDay]) -> Kept:
    return Kept(
        rate=model_queries.rate(sum(d.covered for d in days), sum(d.judged for d in days)),
        promised=PROMISED_COVERAGE,
        by_day=tuple(_share(day.covered, day.judged) for day in days[-SPARK_DAYS:]),
        days=COVERAGE_DAYS,
    )


def _share(k: int, n: int) -> float | None:
    return k / n if n else None


def _seen(rows: QuerySet[Row], site_ids: Sites) -> QuerySet[Row]:
    return rows if site_ids is None else rows.filter(site_id__in=site_ids)
