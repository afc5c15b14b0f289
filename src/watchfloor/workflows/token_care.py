"""A machine is given a key, or loses it: within what its giver may do, and written down."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from watchfloor.core.errors import InvalidInput, NotAllowed
from watchfloor.ledger import audit
from watchfloor.tenants import token_queries, tokens
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import ApiToken
from watchfloor.tenants.roles import PERMISSIONS, Permission, Role

# What systems send; no person's role holds these, so whoever looks after tokens may give them.
SUBMISSIONS = PERMISSIONS[Role.SERVICE_ACCOUNT]


def grantable(actor: Actor, role: Role) -> frozenset[Permission]:
    """Return the scopes this actor may give to a token of a role: never more than they hold."""
    held = frozenset(permission for permission in Permission if actor.may(permission))
    return PERMISSIONS[role] & (held | SUBMISSIONS)


@transaction.atomic
def issue(
    *,
    actor: Actor,
    name: str,
    role: Role,
    scopes: Iterable[Permission],
    life: timedelta,
    now: datetime,
) -> tuple[ApiToken, str]:
    """
    Create a token of the actor's tenant and return it with its text, which is shown once.

    Raises:
        InvalidInput: no name, no scope, or a life that is none or longer than a year.
        NotAllowed: a scope that the role does not have, or that the actor does not hold.
    """
    wanted = frozenset(scopes)
    if not name.strip():
        raise InvalidInput(field="name", value=name, expected="what the token is for")
    if not wanted:
        raise InvalidInput(field="scopes", value="", expected="at least one")
    if beyond := wanted - grantable(actor, role):
        words = ", ".join(sorted(permission.value for permission in beyond))
        raise NotAllowed(f"{actor.name} may not give a token of {role.label} the scopes {words}")
    token, text = tokens.issue_token(
        tenant=actor.tenant, name=name.strip(), role=role, scopes=wanted, now=now, life=life
    )
    _write_down(actor, "token.issued", token, now)
    return token, text


@transaction.atomic
def revoke(*, actor: Actor, token_id: int, now: datetime) -> ApiToken:
    """
    End a token of the actor's tenant at once; asked twice it is ended once.

    Raises:
        NotFound: this tenant has no such token.
    """
    token = token_queries.get_token(tenant=actor.tenant, token_id=token_id)
    if token.revoked_at is None:
        tokens.revoke_token(token, now=now)
        _write_down(actor, "token.revoked", token, now)
    return token


def _write_down(actor: Actor, action: str, token: ApiToken, now: datetime) -> None:
    audit.append(
        tenant=actor.tenant,
        actor=actor.name,
        action=action,
        target_kind="token",
        target_id=token.prefix,
        detail={"name": token.name, "role": token.role, "scopes": token.scopes},
        now=now,
    )
