"""Signals from the edge: stored once, and read back as history up to a moment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from watchfloor.core.features.checkin_history import PastReading
from watchfloor.noc.models import ActivitySignal, SiteNetwork
from watchfloor.tenants.models import Tenant

NETWORK_KEYS = ("wifi_bssid_hash", "cell_id_hash")


@dataclass(frozen=True, slots=True)
class Past:
    """What was received about the people and devices of a micro-batch."""

    of_guard: Mapping[str, Sequence[PastReading]]
    of_device: Mapping[str, Sequence[PastReading]]


def store(rows: Sequence[ActivitySignal]) -> None:
    """Store new signals; whoever calls has claimed their keys in the same transaction."""
    ActivitySignal.objects.bulk_create(rows)
    _remember_networks(rows)


def _remember_networks(rows: Sequence[ActivitySignal]) -> None:
    seen = {
        (row.site_id, network): row
        for row in reversed(rows)
        if row.site_id is not None and row.event_type == "check_in"
        for key in NETWORK_KEYS
        if (network := row.payload.get(key))
    }
    SiteNetwork.objects.bulk_create(
        [
            SiteNetwork(
                tenant_id=row.tenant_id,
                site_id=site_id,
                network=network,
                first_seen_at=row.received_at,
            )
            for (site_id, network), row in seen.items()
        ],
        ignore_conflicts=True,
    )


def history_before(
    *,
    tenant: Tenant,
    until: datetime,
    span: timedelta,
    person_ids: Iterable[int],
    devices: Iterable[str],
) -> Past:
    """
    Return what was received in `span` before a moment about people and devices.

    One query for a whole micro-batch. A row received after `until` is never returned, so
    that the same question asked about last March has last March's answer.
    """
    about = Q(person_id__in=list(person_ids)) | Q(device__in=list(devices))
    rows = ActivitySignal.objects.for_tenant(tenant).filter(
        about, received_at__gt=until - span, received_at__lte=until
    )
    of_guard: dict[str, list[PastReading]] = defaultdict(list)
    of_device: dict[str, list[PastReading]] = defaultdict(list)
    columns = rows.values_list(
        "event_id",
        "event_type",
        "occurred_at",
        "received_at",
        "person__code",
        "device",
        "shift",
        "lat",
        "lon",
        "accuracy_m",
    )
    for event_id, kind, at, received, guard, device, shift, lat, lon, accuracy in columns:
        reading = PastReading(
            event_id, kind, at, received, guard, device, shift or None, lat, lon, accuracy
        )
        of_device[device].append(reading)
        if guard is not None:
            of_guard[guard].append(reading)
    return Past(of_guard=of_guard, of_device=of_device)


def networks_first_seen(
    *, tenant: Tenant, site_ids: Iterable[int]
) -> dict[int, dict[str, datetime]]:
    """Return for each site when each of its networks was first seen."""
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    rows = SiteNetwork.objects.for_tenant(tenant).filter(site_id__in=set(site_ids))
    for site_id, network, first in rows.values_list("site_id", "network", "first_seen_at"):
        found[site_id][network] = first
    return found


def recent(*, tenant: Tenant, limit: int) -> list[ActivitySignal]:
    """Return the newest signals, newest first."""
    rows = ActivitySignal.objects.for_tenant(tenant).select_related("person", "site")
    return list(rows.order_by("-received_at")[:limit])


def last_received_at(tenant: Tenant) -> datetime | None:
    """Return when the newest signal came, or None before the first."""
    rows = ActivitySignal.objects.for_tenant(tenant).order_by("-received_at")
    return rows.values_list("received_at", flat=True).first()
