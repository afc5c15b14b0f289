"""An alert is seen, is over, or nobody sees it: done, told to every page, and written down."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from watchfloor.core.errors import NotReady
from watchfloor.ledger import audit
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants.models import Tenant

ACTOR = "system:alert_handling"


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


@transaction.atomic
def escalate_unseen(*, tenant: Tenant, alert_id: int, now: datetime) -> bool:
    """Escalate an alert that nobody has seen in time; False where somebody has, or it is over."""
    alert = alert_correlation.escalate(tenant=tenant, alert_id=alert_id, now=now)
    if alert is None:
        return False
    _write_down(tenant, alert, ACTOR, "alert.escalated", now)
    return True


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
        _write_down(tenant, alert, actor, action, now)
    return Handled(tuple(moved), n_earlier)


def _write_down(tenant: Tenant, alert: AlertEvent, actor: str, action: str, now: datetime) -> None:
    audit.append(
        tenant=tenant,
        actor=actor,
        action=action,
        target_kind="alert",
        target_id=str(alert.pk),
        detail={"type": alert.alert_type, "entity": alert.entity_id},
        now=now,
    )
