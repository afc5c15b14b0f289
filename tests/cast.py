"""The named cast of the tests: Acme and Borealis, their sites, guards and phones."""

from datetime import datetime

from watchfloor.tenants import directory
from watchfloor.tenants.models import Device, Person, Site, Tenant

ALICES_SECRET = "alice-phone-secret"


def acme(*, now: datetime) -> Tenant:
    """Acme Guarding, roll-out stage on: Harbour Gate and North Campus, Alice and Bob."""
    tenant = directory.create_tenant(code="acme", name="Acme Guarding", now=now, stage="on")
    people = _furnish(tenant, sites=("harbour-gate", "north-campus"), people=("alice", "bob"))
    secret = directory.secret_digest(ALICES_SECRET)
    directory.add_places(
        tenant=tenant,
        sites=(),
        people=(),
        devices=[
            Device(tenant=tenant, code="phone-alice", person=people[0], secret_sha256=secret),
            Device(tenant=tenant, code="phone-bob", person=people[1]),
        ],
    )
    return tenant


def borealis(*, now: datetime) -> Tenant:
    """Borealis Security, roll-out stage on: Depot West and Eve."""
    tenant = directory.create_tenant(code="borealis", name="Borealis", now=now, stage="on")
    people = _furnish(tenant, sites=("depot-west",), people=("eve",))
    directory.add_places(
        tenant=tenant,
        sites=(),
        people=(),
        devices=[Device(tenant=tenant, code="phone-eve", person=people[0])],
    )
    return tenant


def _furnish(tenant: Tenant, *, sites: tuple[str, ...], people: tuple[str, ...]) -> list[Person]:
    directory.add_places(
        tenant=tenant,
        sites=[
            Site(tenant=tenant, code=code, name=code.title(), lat=52.0, lon=13.0) for code in sites
        ],
        people=[Person(tenant=tenant, code=code, name=code.title()) for code in people],
        devices=(),
    )
    return list(Person.objects.for_tenant(tenant).order_by("code"))
