"""The first start of an installation: one owner, whose password is made here and shown once."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from watchfloor.ledger import audit
from watchfloor.tenants import access, directory
from watchfloor.tenants.models import Tenant, User
from watchfloor.tenants.roles import Role

OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Owner:
    """How the owner signs in; the password is stored as a hash alone."""

    username: str
    password: str


@transaction.atomic
def create_owner(*, now: datetime) -> Owner | None:
    """Create the owner of a new installation; None when somebody owns it already."""
    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    user = access.create_person(username=OWNER, password=password)
    platform = directory.platform_tenant()
    access.add_member(user=user, tenant=platform, role=Role.PLATFORM_ADMIN)
    audit.append(
        tenant=platform,
        actor="system:first_run",
        action="owner.created",
        target_kind="user",
        target_id=OWNER,
        now=now,
    )
    return Owner(OWNER, password)


def let_owner_into(*, tenant: Tenant) -> None:
    """Make the owner an administrator of a tenant."""
    owner = User.objects.filter(username=OWNER).first()
    if owner is not None:
        access.add_member(user=owner, tenant=tenant, role=Role.TENANT_ADMIN)
