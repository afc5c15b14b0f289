"""Tokens of machines: `wf_<prefix>_<secret>`; only a hash is stored, scopes and an end always."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from watchfloor.core.errors import InvalidInput
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import ApiToken, Tenant
from watchfloor.tenants.roles import Permission, Role

LONGEST_LIFE = timedelta(days=366)
USE_NOTED_EVERY = timedelta(minutes=1)


def issue_token(
    *,
    tenant: Tenant,
    name: str,
    role: Role,
    scopes: Iterable[Permission],
    now: datetime,
    life: timedelta = timedelta(days=90),
) -> tuple[ApiToken, str]:
    """
    Create a token and return it with its text, which is shown once and stored nowhere.

    Raises:
        InvalidInput: it would live longer than a year.
    """
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise InvalidInput(field="life", value=life, expected=f"up to {LONGEST_LIFE.days} days")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        tenant=tenant,
        prefix=prefix,
        secret_sha256=_digest(secret),
        name=name,
        role=role.value,
        scopes=sorted(scope.value for scope in scopes),
        created_at=now,
        expires_at=now + life,
    )
    return token, f"wf_{prefix}_{secret}"


def find_actor_of_token(text: str, *, now: datetime) -> Actor | None:
    """Return who a token speaks for, or None when it is unknown, wrong, expired or revoked."""
    kind, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != "wf" or not secret:
        return None
    token = ApiToken.objects.select_related("tenant").filter(prefix=prefix, revoked_at=None).first()
    if token is None or not hmac.compare_digest(token.secret_sha256, _digest(secret)):
        return None
    if now >= token.expires_at:
        return None
    if token.last_used_at is None or abs(now - token.last_used_at) > USE_NOTED_EVERY:
        # Not at every call: a read would take the database's write lock for it.
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return Actor(
        name=f"token:{token.prefix}",
        tenant=token.tenant,
        roles=frozenset({Role(token.role)}),
        site_ids=None,
        scopes=frozenset(p for p in Permission if p.value in token.scopes),
    )


def revoke_token(token: ApiToken, *, now: datetime) -> None:
    """End a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
