"""The filled world, once a module; each test's own changes are taken back."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client
from doors import member
from entrypoints.console.pages.world import World, build
from standing import standing

from watchfloor.entrypoints import clock
from watchfloor.ledger.clock import set_clock
from watchfloor.tenants.models import Site
from watchfloor.tenants.roles import Role

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[World]:
    """The world as one transaction that is taken back: the audit refuses to be deleted."""
    with standing(django_db_blocker):
        set_clock(virtual_now=NOON, speed=0, real_now=clock.real_now())
        yield build(now=NOON)
    clock.forget()


@pytest.fixture
def world(built, db, monkeypatch) -> World:
    """The filled world, at a moment that stands still."""
    # The row is read again a second later: a page that a busy machine takes longer over would
    # ask for it once more, in the middle, and count one query too many.
    monkeypatch.setattr(clock, "FRESH_S", 3600.0)
    clock.forget()
    return built


@pytest.fixture
def sign_in(world):
    """Return the browser of a member with one role of Acme, or of another tenant."""

    def signed_in(role: Role, *, tenant=None, sites=("harbour-gate",)) -> Client:
        where = tenant or world.acme
        rows = Site.objects.for_tenant(where).filter(code__in=sites)
        person = member(f"{role.value}-of-{where.code}", tenant=where, role=role, sites=rows)
        client = Client()
        client.force_login(person)
        return client

    return signed_in
