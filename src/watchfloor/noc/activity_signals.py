"""Signals from the edge: stored once, and read back as history up to a moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from watchfloor.noc.models import ActivitySignal
from watchfloor.tenants.models import Tenant


def store(rows: Sequence[ActivitySignal]) -> None:
    """Store new signals; whoever calls has claimed their keys in the same transaction."""
    ActivitySignal.objects.bulk_create(rows)


def history_before(
    *,
    tenant: Tenant,
    until: datetime,
    span: timedelta,
    person_ids: Iterable[int],
    devices: Iterable[str],
    site_ids: Iterable[int],
) -> list[ActivitySignal]:
    """
    Return what was received in `span` before a moment about people, devices or sites.

    One query for a whole micro-batch, oldest first. A row received after `until` is never
    returned, so that the same question asked about last March has last March's answer.
    """
    about = (
        Q(person_id__in=list(person_ids))
        | Q(device__in=list(devices))
        | Q(site_id__in=list(site_ids))
    )
    rows = ActivitySignal.objects.for_tenant(tenant).filter(
        about, received_at__gt=until - span, received_at__lte=until
    )
    return list(rows.select_related("person", "site").order_by("received_at", "id"))


def recent(*, tenant: Tenant, limit: int) -> list[ActivitySignal]:
    """Return the newest signals, newest first."""
    rows = ActivitySignal.objects.for_tenant(tenant).select_related("person", "site")
    return list(rows.order_by("-received_at")[:limit])
