"""Somebody sees an alert, or says that it is over: done, told to every page, and written down."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from watchfloor.core.errors import NotReady
from watchfloor.ledger import audit
from watchfloor.noc import alert_correlation
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of several alerts: those that moved, and how many somebody had moved before."""

    moved: tuple[AlertEvent, ...]
    n_earlier: int


@transaction.atomic
def acknowledge(*, tenant: Tenant, alert_ids: Iterable[int], actor: str, now: datetime) -> Handled:
    """
    Say that somebody has seen these alerts; those seen or over already are left and counted.

    Raises:
        NotFound: this tenant has no such alert; none is touched.
    """
    return _handle(tenant, alert_ids, actor, now, "alert.acknowledged", _acknowledge)


@transaction.atomic
def resolve(*, tenant: Tenant, alert_ids: Iterable[int], actor: str, now: datetime) -> Handled:
    """
    Close these alerts; those that are over already are left and counted.

    Raises:
        NotFound: this tenant has no such alert; none is touched.
    """
    return _handle(tenant, alert_ids, actor, now, "alert.resolved", _resolve)


Move = Callable[[Tenant, int, str, datetime], AlertEvent]


def _acknowledge(tenant: Tenant, alert_id: int, actor: str, now: datetime) -> AlertEvent:
    return alert_correlation.acknowledge(tenant=tenant, alert_id=alert_id, actor=actor, now=now)


def _resolve(tenant: Tenant, alert_id: int, actor: str, now: datetime) -> AlertEvent:
    return alert_correlation.resolve(tenant=tenant, alert_id=alert_id, actor=actor, now=now)


def _handle(
    tenant: Tenant,
    alert_ids: Iterable[int],
    actor: str,
    now: datetime,
    action: str,
    move: Move,
) -> Handled:
    moved, n_earlier = [], 0
    for alert_id in sorted(set(alert_ids)):
        try:
            moved.append(move(tenant, alert_id, actor, now))
        except NotReady:
            # Two people look at one list: that the other was first is no reason to stop here.
            n_earlier += 1
    for alert in moved:
        audit.append(
            tenant=tenant,
            actor=actor,
            action=action,
            target_kind="alert",
            target_id=str(alert.pk),
            detail={"type": alert.alert_type, "entity": alert.entity_id},
            now=now,
        )
    return Handled(tuple(moved), n_earlier)
