"""Callers of the HTTP doors: tokens of roles, people who sign in, and a clock that stands."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from watchfloor.tenants import access, tokens
from watchfloor.tenants.models import Tenant, User
from watchfloor.tenants.roles import PERMISSIONS, Permission, Role


def token(
    tenant: Tenant,
    *,
    role: Role,
    now: datetime,
    scopes: Iterable[Permission] | None = None,
    life: timedelta = timedelta(days=90),
) -> str:
    """Return the text of a token with every scope its role can have, or the named ones."""
    _, text = tokens.issue_token(
        tenant=tenant,
        name=f"{role.value} of {tenant.code}",
        role=role,
        scopes=PERMISSIONS[role] if scopes is None else scopes,
        now=now,
        life=life,
    )
    return text


def caller(text: str) -> Client:
    """Return a client that sends this token, and JSON as it is given."""
    return Client(headers={"authorization": f"Bearer {text}"}, raise_request_exception=False)


def browser(user: User) -> Client:
    """Return the browser of a signed-in person, CSRF checks included."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user)
    return client


def member(name: str, *, tenant: Tenant, role: Role, sites: Iterable[Any] = ()) -> User:
    """Return a person with one role in a tenant, at the named sites if the role is of sites."""
    user, _ = User.objects.get_or_create(username=name)
    access.add_member(user=user, tenant=tenant, role=role).sites.set(sites)
    return user


def post(client: Client, path: str, content: Any, **headers: str) -> Any:
    """Send content as JSON; bytes are sent as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(path, data=body, content_type="application/json", headers=headers)
