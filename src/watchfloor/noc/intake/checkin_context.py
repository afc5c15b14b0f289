"""What is known around the check-ins of a micro-batch, in a handful of queries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from watchfloor.core.features.checkin_history import CheckinHistory, SiteFacts
from watchfloor.core.features.guard_checkin import HISTORY_WINDOW
from watchfloor.core.local_time import local_day
from watchfloor.core.signals import SignalReading
from watchfloor.noc.intake import activity_signals
from watchfloor.tenants import calendars
from watchfloor.tenants.directory import Codes
from watchfloor.tenants.models import Site, Tenant

# Phones store readings while they are offline: history is asked for by arrival, used by event.
ARRIVAL_SLACK = timedelta(days=2)


def histories(
    *, tenant: Tenant, readings: Sequence[SignalReading], codes: Codes, now: datetime
) -> list[CheckinHistory]:
    """Return for each check-in what had been received before it; its own batch included."""
    sites = {r.site: codes.sites[r.site] for r in readings if r.site}
    past = activity_signals.history_before(
        tenant=tenant,
        until=now,
        span=HISTORY_WINDOW + ARRIVAL_SLACK,
        person_ids={codes.people[r.guard].pk for r in readings if r.guard},
        devices={r.device for r in readings},
    )
    networks = activity_signals.networks_first_seen(
        tenant=tenant, site_ids=[site.pk for site in sites.values()]
    )
    days = [r.occurred_at.date() for r in readings]
    holidays = calendars.holidays_between(
        tenant=tenant, first=min(days) - timedelta(days=1), last=max(days) + timedelta(days=1)
    )
    return [
        CheckinHistory(
            site=_facts(sites.get(reading.site or "")),
            is_holiday=local_day(reading.occurred_at, tenant.zone) in holidays,
            guard=past.of_guard.get(reading.guard or "", ()),
            device=past.of_device.get(reading.device, ()),
            networks_first_seen=(networks.get(sites[reading.site].pk, {}) if reading.site else {}),
        )
        for reading in readings
    ]


def _facts(site: Site | None) -> SiteFacts | None:
    if site is None or site.lat is None or site.lon is None:
        return None
    return SiteFacts(
        lat=site.lat,
        lon=site.lon,
        fence_radius_m=site.radius_m,
        zone=site.zone,
        heartbeat_min=site.heartbeat_min,
    )
