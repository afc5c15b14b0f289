"""Find tenants, sites, people and devices by the codes that events carry."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from watchfloor.core.errors import NotFound
from watchfloor.tenants.models import Device, Person, Site, Tenant

# Owns what belongs to no customer: messages of unknown senders, deeds on the platform.
PLATFORM = "platform"
# Codes that begin so belong to recorded streams: their tenants live by the stream's own clock.
REPLAYED = "replay-"


@dataclass(frozen=True, slots=True)
class Codes:
    """The sites, people and devices of one tenant that a micro-batch names."""

    sites: dict[str, Site]
    people: dict[str, Person]
    devices: dict[str, Device]


def get_tenant(code: str) -> Tenant:
    """
    Return the tenant of that code.

    Raises:
        NotFound: no tenant has it.
    """
    tenant = find_tenant(code)
    if tenant is None:
        raise NotFound(f"tenant {code!r} does not exist")
    return tenant


def find_tenant(code: str) -> Tenant | None:
    """Return the tenant of that code, or None."""
    return Tenant.objects.filter(code=code).first()


def platform_tenant() -> Tenant:
    """Return the tenant that owns what belongs to no customer."""
    return get_tenant(PLATFORM)


def customers() -> list[Tenant]:
    """Return every tenant but the platform, by code."""
    return list(Tenant.objects.exclude(code=PLATFORM).order_by("code"))


def hold(tenant: Tenant) -> None:
    """
    Let others who would hold this tenant's row wait until the end of the transaction.

    Not the strongest lock: that one waits for every transaction that has written any row of
    the tenant, and two that have done so and then ask for it wait for each other for ever.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def create_tenant(
    *,
    code: str,
    name: str,
    now: datetime,
    time_zone: str = "UTC",
    stage: str = "metrics_only",
    holiday_country: str = "",
) -> Tenant:
    """Create a tenant with everything automatic off, or return the one that has the code."""
    tenant, _ = Tenant.objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "time_zone": time_zone,
            "stage": stage,
            "holiday_country": holiday_country,
            "created_at": now,
        },
    )
    return tenant


def look_up(
    *, tenant: Tenant, sites: Iterable[str], people: Iterable[str], devices: Iterable[str]
) -> Codes:
    """Return the rows behind the codes of one micro-batch; a disabled device is not found."""
    return Codes(
        sites={s.code: s for s in Site.objects.for_tenant(tenant).filter(code__in=set(sites))},
        people={p.code: p for p in Person.objects.for_tenant(tenant).filter(code__in=set(people))},
        devices={
            d.code: d
            for d in Device.objects.for_tenant(tenant).filter(code__in=set(devices), enabled=True)
        },
    )


def sites_of(tenant: Tenant) -> list[Site]:
    """Return all sites of a tenant by code."""
    return list(Site.objects.for_tenant(tenant).order_by("code"))


def add_places(
    *,
    tenant: Tenant,
    sites: Iterable[Site],
    people: Iterable[Person],
    devices: Iterable[Device],
) -> None:
    """Store unsaved sites, people and devices of a tenant; those that exist stay as they are."""
    Site.objects.bulk_create(sites, ignore_conflicts=True)
    Person.objects.bulk_create(people, ignore_conflicts=True)
    Device.objects.bulk_create(devices, ignore_conflicts=True)


def secret_digest(secret: str) -> str:
    """Return what is stored of a device's 256-bit secret; it is random, so a plain hash does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def enrol_device(*, tenant: Tenant, code: str, secret: str) -> None:
    """Let a device sign in with a secret; one of that code that was there gets the new one."""
    Device.objects.update_or_create(
        tenant=tenant, code=code, defaults={"secret_sha256": secret_digest(secret)}
    )


def device_is_authentic(*, tenant_code: str, device_code: str, secret: str) -> bool:
    """Return whether an enabled device of that name has that secret."""
    device = Device.objects.filter(tenant__code=tenant_code, code=device_code, enabled=True).first()
    if device is None or not device.secret_sha256:
        return False
    return hmac.compare_digest(device.secret_sha256, secret_digest(secret))


def mark_heard(*, tenant: Tenant, devices: Iterable[str], now: datetime) -> None:
    """Remember that these devices were heard; a silent one is looked for elsewhere."""
    Device.objects.for_tenant(tenant).filter(code__in=set(devices)).update(last_heard_at=now)
