"""Callers of the HTTP doors at a moment that stands still."""

import pytest
from doors import caller, token

from watchfloor.tenants.roles import Role


@pytest.fixture
def still(time_is_now):
    """The time of the operation stands at `now`."""
    return time_is_now


@pytest.fixture
def acme_service(tenant, still):
    """Acme's own system, which posts predictions and outcomes."""
    return caller(token(tenant, role=Role.SERVICE_ACCOUNT, now=still))


@pytest.fixture
def acme_admin(tenant, still):
    """A token of Acme that may see and do everything but post."""
    return caller(token(tenant, role=Role.TENANT_ADMIN, now=still))


@pytest.fixture
def borealis_admin(other_tenant, still):
    """The same for Borealis, which must find nothing of Acme's."""
    return caller(token(other_tenant, role=Role.TENANT_ADMIN, now=still))


@pytest.fixture
def borealis_service(other_tenant, still):
    """Borealis' own system."""
    return caller(token(other_tenant, role=Role.SERVICE_ACCOUNT, now=still))


@pytest.fixture
def event(still):
    """One event with the score of a model that runs elsewhere."""
    return {
        "event_id": "INC1",
        "source": "itsm",
        "model_type": "sla_breach",
        "model_version": "v1",
        "entity_type": "incident",
        "entity_id": "INC1",
        "occurred_at": still.isoformat(),
        "score": 0.83,
        "features": {"priority": 2, "category": "network"},
    }
