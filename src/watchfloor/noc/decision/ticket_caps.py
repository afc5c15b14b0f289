"""
How many tickets may still open by themselves: a cap a site and hour, one a day, and a breaker.

Reaching one is a stop: a row, told of by one alert, that ends by itself. The two hourly limits
look back an hour from now and have no edge at which twice as many get through.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Q

from watchfloor.core.decision.policy import DecisionPolicy, Reason
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.ledger import due, outbox
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.desk.tickets import AUTOMATION
from watchfloor.noc.models import Ticket, TicketStop
from watchfloor.noc.models.work import StopKind
from watchfloor.tenants.models import Site, Tenant

HOUR = timedelta(hours=1)
STOP_ENDS = "ticket_stop_ends"
BY_ITSELF = "system:end of its span"
KIND_OF = {
    Reason.BREAKER_OPEN: StopKind.BREAKER,
    Reason.CAP_REACHED_SITE: StopKind.SITE_CAP,
    Reason.CAP_REACHED: StopKind.DAY_CAP,
}
CAP_OF = {
    StopKind.BREAKER: "breaker_cap",
    StopKind.SITE_CAP: "site_ticket_cap",
    StopKind.DAY_CAP: "ticket_cap",
}


@dataclass(slots=True)
class Room:
    """
    The tickets that may still open, counted down while one micro-batch is decided.

    Args:
        breaker_is_open: nothing opens by itself at the moment.
        hour_left: before the breaker opens.
        day_left: of one model type.
        site_cap: the most that one site may open in an hour.
        at_site: how many each site has opened in the last hour, by its id.
    """

    breaker_is_open: bool
    hour_left: int
    day_left: int
    site_cap: int
    at_site: dict[int, int]

    def within(self, policy: DecisionPolicy, *, site: Site | None) -> DecisionPolicy:
        """Return a policy with what is left at this moment; without a site no site's cap."""
        left = self.day_left
        if site is not None:
            left = self.site_cap - self.at_site.get(site.pk, 0)
        return replace(
            policy,
            breaker_open=self.breaker_is_open or self.hour_left <= 0,
            site_cap_left=left,
            cap_left=self.day_left,
        )

    def take(self, *, site: Site | None) -> None:
        """Count one ticket that opens by itself."""
        self.hour_left -= 1
        self.day_left -= 1
        if site is not None:
            self.at_site[site.pk] = self.at_site.get(site.pk, 0) + 1


def room_of(*, tenant: Tenant, model_type: str, values: Mapping[str, float], now: datetime) -> Room:
    """Return how many tickets may still open; call while holding the tenant's row."""
    opened = Ticket.objects.for_tenant(tenant).filter(opened_by=AUTOMATION)
    lately = opened.filter(opened_at__gt=now - HOUR)
    at_site = lately.exclude(site=None).values_list("site_id").annotate(n=Count("id")).order_by()
    breaker = _breaker_since(tenant, now)
    day_began_at, _ = day_bounds(local_day(now, tenant.zone), tenant.zone)
    today = opened.filter(model_type=model_type, opened_at__gte=day_began_at).count()
    return Room(
        breaker_is_open=breaker is None,
        hour_left=int(values["breaker_cap"]) - lately.filter(opened_at__gt=breaker or now).count(),
        day_left=int(values["ticket_cap"]) - today,
        site_cap=int(values["site_ticket_cap"]),
        at_site=dict(at_site),
    )


def _breaker_since(tenant: Tenant, now: datetime) -> datetime | None:
    """Return since when the breaker counts: at most an hour ago; None while it is open."""
    rows = TicketStop.objects.for_tenant(tenant).filter(kind=StopKind.BREAKER)
    stops = list(rows.filter(Q(closed_at=None) | Q(closed_at__gt=now - HOUR)))
    if any(stop.closed_at is None and stop.closes_at > now for stop in stops):
        return None
    # Who closes the breaker early has seen what came before, and it begins to count anew.
    early = (s.closed_at for s in stops if s.closed_at is not None and s.closed_by != BY_ITSELF)
    return max(early, default=now - HOUR)


def stop(
    *,
    tenant: Tenant,
    reason: Reason,
    model_type: str,
    site: Site | None,
    values: Mapping[str, float],
    now: datetime,
) -> TicketStop | None:
    """
    Write down that a limit was reached, raise its alert, and plan its end; None if it was told.

    Args:
        reason: BREAKER_OPEN, CAP_REACHED_SITE or CAP_REACHED, as it was decided.
    """
    kind = KIND_OF[reason]
    scope = {
        StopKind.BREAKER: "",
        StopKind.SITE_CAP: site.code if site is not None else "",
        StopKind.DAY_CAP: model_type,
    }[kind]
    _end_past_ones(tenant, now)
    row, is_new = TicketStop.objects.get_or_create(
        tenant=tenant,
        kind=kind,
        scope=scope,
        closed_at=None,
        defaults={
            "cap": int(values[CAP_OF[kind]]),
            "tripped_at": now,
            "closes_at": _end_of(kind, tenant, now),
        },
    )
    if not is_new:
        return None
    _tell(tenant, row, site, now)
    due.plan(
        tenant=tenant,
        kind=STOP_ENDS,
        dedupe_key=f"{STOP_ENDS}:{row.pk}",
        due_at=row.closes_at,
        payload={"stop_id": row.pk},
    )
    return row


def _end_of(kind: StopKind, tenant: Tenant, now: datetime) -> datetime:
    if kind is StopKind.DAY_CAP:
        return day_bounds(local_day(now, tenant.zone), tenant.zone)[1]
    return now + HOUR


def _tell(tenant: Tenant, row: TicketStop, site: Site | None, now: datetime) -> None:
    is_breaker = row.kind == StopKind.BREAKER
    where = {
        StopKind.BREAKER.value: "in an hour",
        StopKind.SITE_CAP.value: f"in an hour at {row.scope}",
        StopKind.DAY_CAP.value: f"in a day by {row.scope}",
    }[row.kind]
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="TICKET_BREAKER_OPEN" if is_breaker else "TICKET_CAP_REACHED",
            severity="HIGH" if is_breaker else "MEDIUM",
            fingerprint=_fingerprint(row),
            message=f"More than {row.cap} tickets would open by themselves {where}: "
            "further ones go to people until it ends.",
            entity_type="site" if row.kind == StopKind.SITE_CAP else "tenant",
            entity_id=row.scope or tenant.code,
            site=site if row.kind == StopKind.SITE_CAP else None,
            metadata={"stop_id": row.pk, "closes_at": row.closes_at.isoformat()},
        ),
        now=now,
    )


def _fingerprint(row: TicketStop) -> str:
    # A stop of its own is an alert of its own, also where the last one was never resolved.
    return f"ticket_stop:{row.pk}"


def end(*, tenant: Tenant, stop_id: int, now: datetime) -> bool:
    """Close a stop whose span is over, and its alert; False where somebody closed it before."""
    rows = TicketStop.objects.for_tenant(tenant).filter(pk=stop_id, closes_at__lte=now)
    return _close(tenant, rows.filter(closed_at=None).first(), BY_ITSELF, now)


def _end_past_ones(tenant: Tenant, now: datetime) -> None:
    """Close what is over and was not looked at: its due row may be late."""
    rows = TicketStop.objects.for_tenant(tenant).filter(closed_at=None, closes_at__lte=now)
    for row in rows:
        _close(tenant, row, BY_ITSELF, now)


def close_breaker(*, tenant: Tenant, actor: str, now: datetime) -> TicketStop:
    """
    Let tickets open by themselves again before the breaker would.

    Raises:
        NotReady: it is not open.
    """
    rows = open_stops(tenant=tenant, now=now)
    row = next((each for each in rows if each.kind == StopKind.BREAKER), None)
    if row is None or not _close(tenant, row, actor, now):
        raise NotReady("the breaker is closed already")
    return row


def _close(tenant: Tenant, row: TicketStop | None, by: str, now: datetime) -> bool:
    if row is None:
        return False
    at = row.closes_at if by == BY_ITSELF else now
    won = TicketStop.objects.filter(pk=row.pk, closed_at=None).update(closed_at=at, closed_by=by)
    if not won:
        return False
    alert_correlation.resolve_condition(
        tenant=tenant, fingerprint=_fingerprint(row), actor=by, now=now
    )
    outbox.publish(
        tenant=tenant,
        kind="policy",
        data={"action": "ticket_stop.closed", "kind": row.kind},
        now=now,
    )
    return True


def open_stops(*, tenant: Tenant, now: datetime) -> list[TicketStop]:
    """Return the limits that are reached at a moment, oldest first."""
    rows = TicketStop.objects.for_tenant(tenant).filter(closed_at=None, closes_at__gt=now)
    return list(rows.order_by("tripped_at", "pk"))
