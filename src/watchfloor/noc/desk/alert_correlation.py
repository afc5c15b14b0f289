"""Raise alerts: one open alert a fingerprint, repeats are counted on it, nothing is hidden."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F

from watchfloor.core.drift.severity import Severity
from watchfloor.core.errors import NotFound, NotReady
from watchfloor.ledger import outbox
from watchfloor.noc.models import AlertEvent
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.tenants.models import Site, Tenant


@dataclass(frozen=True, slots=True)
class Condition:
    """
    Something that needs attention; equal fingerprints are one condition.

    Args:
        metadata: kept with a new alert; a function is asked only if the alert is new.
    """

    alert_type: str
    severity: str
    fingerprint: str
    message: str
    entity_type: str
    entity_id: str
    site: Site | None = None
    metadata: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=dict)


def raise_alert(*, tenant: Tenant, condition: Condition, now: datetime) -> tuple[AlertEvent, bool]:
    """Open an alert, or count a repeat on the open one; True when it is a new one."""
    alert, created = AlertEvent.objects.exclude(status=AlertStatus.RESOLVED).get_or_create(
        tenant=tenant,
        fingerprint=condition.fingerprint,
        defaults={
            "alert_type": condition.alert_type,
            "severity": condition.severity,
            "site": condition.site,
            "entity_type": condition.entity_type,
            "entity_id": condition.entity_id,
            "message": condition.message,
            "metadata": lambda: _metadata_of(condition),
            "created_at": now,
            "last_seen_at": now,
        },
    )
    if not created:
        AlertEvent.objects.filter(pk=alert.pk).update(
            occurrences=F("occurrences") + 1, last_seen_at=now
        )
        return alert, False
    outbox.publish(
        tenant=tenant,
        kind="alert.created",
        data={
            "id": alert.pk,
            "severity": alert.severity,
            "type": alert.alert_type,
            "message": alert.message[:200],
        },
        now=now,
    )
    return alert, True


def _metadata_of(condition: Condition) -> dict[str, Any]:
    told = condition.metadata
    return dict(told() if callable(told) else told)


def keep_up_to_date(*, tenant: Tenant, condition: Condition, now: datetime) -> AlertEvent:
    """
    Open an alert about something that lasts, or say on the open one how it stands now.

    The message and the evidence are the newest; the severity is the worst so far, and the
    report named is the one that opened it.
    """
    alert, created = raise_alert(tenant=tenant, condition=condition, now=now)
    if created:
        return alert
    worst = max(Severity(alert.severity), Severity(condition.severity))
    changed = (worst.value, condition.message) != (alert.severity, alert.message)
    alert.severity, alert.message = worst.value, condition.message
    first = {name: alert.metadata[name] for name in ("report_id",) if name in alert.metadata}
    alert.metadata = {**alert.metadata, **_metadata_of(condition), **first}
    alert.save(update_fields=["severity", "message", "metadata"])
    if changed:
        data = {"id": alert.pk, "status": alert.status, "severity": alert.severity}
        outbox.publish(tenant=tenant, kind="alert.updated", data=data, now=now)
    return alert


def acknowledge(*, tenant: Tenant, alert_id: int, actor: str, now: datetime) -> AlertEvent:
    """
    Say that somebody has seen an alert.

    Raises:
        NotFound: this tenant has no such alert.
        NotReady: it is acknowledged or resolved already.
    """
    return _move(
        tenant=tenant,
        alert_id=alert_id,
        allowed=(AlertStatus.FIRING,),
        now=now,
        changes={
            "status": AlertStatus.ACKNOWLEDGED,
            "acknowledged_at": now,
            "acknowledged_by": actor,
        },
    )


def escalate(*, tenant: Tenant, alert_id: int, now: datetime) -> AlertEvent | None:
    """
    Say, once, that nobody has seen an alert in time; None where somebody has, or it is over.

    Open pages are told of it as of a new one.
    """
    rows = AlertEvent.objects.for_tenant(tenant).filter(pk=alert_id)
    if not rows.filter(status=AlertStatus.FIRING, escalated_at=None).update(escalated_at=now):
        return None
    alert = rows.get()
    outbox.publish(
        tenant=tenant,
        kind="alert.escalated",
        data={
            "id": alert.pk,
            "severity": alert.severity,
            "type": alert.alert_type,
            "message": alert.message[:200],
        },
        now=now,
    )
    return alert


def resolve(*, tenant: Tenant, alert_id: int, actor: str, now: datetime) -> AlertEvent:
    """
    Close an alert; the same condition opens a new one next time.

    Raises:
        NotFound: this tenant has no such alert.
        NotReady: it is resolved already.
    """
    return _move(
        tenant=tenant,
        alert_id=alert_id,
        allowed=(AlertStatus.FIRING, AlertStatus.ACKNOWLEDGED),
        now=now,
        changes={"status": AlertStatus.RESOLVED, "resolved_at": now, "resolved_by": actor},
    )


def resolve_condition(*, tenant: Tenant, fingerprint: str, actor: str, now: datetime) -> bool:
    """Close the open alert of a condition that is over; False when none was open."""
    row = (
        AlertEvent.objects.for_tenant(tenant)
        .exclude(status=AlertStatus.RESOLVED)
        .filter(fingerprint=fingerprint)
        .first()
    )
    if row is None:
        return False
    resolve(tenant=tenant, alert_id=row.pk, actor=actor, now=now)
    return True


def open_fingerprints(*, tenant: Tenant, beginning: str) -> set[str]:
    """Return the fingerprints of alerts that are not resolved and begin so."""
    rows = AlertEvent.objects.for_tenant(tenant).exclude(status=AlertStatus.RESOLVED)
    found = rows.filter(fingerprint__startswith=beginning)
    return set(found.values_list("fingerprint", flat=True))


def prediction_fingerprint(*, model_type: str, entity_type: str, entity_id: str) -> str:
    """Return the fingerprint of alerts about predictions of one thing."""
    return f"prediction:{model_type}:{entity_type}:{entity_id}"


def resolve_answered(
    *, tenant: Tenant, fingerprints: Iterable[str], actor: str, now: datetime
) -> int:
    """Close the open alerts of conditions whose question was answered; return how many."""
    rows = AlertEvent.objects.for_tenant(tenant).exclude(status=AlertStatus.RESOLVED)
    n = rows.filter(fingerprint__in=list(fingerprints)).update(
        status=AlertStatus.RESOLVED, resolved_at=now, resolved_by=actor
    )
    if n:
        outbox.publish(tenant=tenant, kind="alert.updated", data={"n": n}, now=now)
    return n


def _move(
    *,
    tenant: Tenant,
    alert_id: int,
    allowed: tuple[AlertStatus, ...],
    changes: Mapping[str, Any],
    now: datetime,
) -> AlertEvent:
    rows = AlertEvent.objects.for_tenant(tenant).filter(pk=alert_id)
    alert = rows.first()
    if alert is None:
        raise NotFound(f"alert {alert_id} does not exist")
    if not rows.filter(status__in=allowed).update(**changes):
        raise NotReady(f"alert {alert_id} is {alert.status} already")
    alert.refresh_from_db()
    outbox.publish(
        tenant=tenant, kind="alert.updated", data={"id": alert_id, "status": alert.status}, now=now
    )
    return alert
