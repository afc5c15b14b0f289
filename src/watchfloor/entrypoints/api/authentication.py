"""Who asks: a token of one tenant, or a signed-in person in one of their tenants."""

from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from watchfloor.core.errors import InvalidInput, NotFound
from watchfloor.entrypoints import bearer, clock
from watchfloor.tenants import access
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import Tenant, User

TENANT_HEADER = "X-Watchfloor-Tenant"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer wf_...`: the token says the tenant."""

    def authenticate(self, request: Request) -> tuple[None, Actor] | None:
        """
        Return the actor of the token, or None when there is no such header.

        Raises:
            AuthenticationFailed: the token is unknown, wrong, expired or revoked.
        """
        text = bearer.token_of(_plain(request))
        if text is None:
            return None
        actor = bearer.find_actor(text, now=clock.now())
        if actor is None:
            raise exceptions.AuthenticationFailed(
                "The token is unknown, wrong, expired or revoked."
            )
        return None, actor

    def authenticate_header(self, request: Request) -> str:
        """Return what a caller without a valid token is told to bring."""
        return bearer.CHALLENGE


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of the console, with its CSRF token; the tenant is one the person belongs to."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """
        Return the signed-in person as an actor of the tenant, or None when nobody is.

        Raises:
            PermissionDenied: the CSRF token is missing or wrong.
            InvalidInput: the person belongs to several tenants and names none.
            NotFound: the tenant does not exist, or is not one of theirs.
        """
        user = getattr(_plain(request), "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        tenant = _chosen_tenant(user, request.headers.get(TENANT_HEADER, ""))
        actor = access.find_actor(user=user, tenant=tenant)
        if actor is None:
            raise NotFound(f"tenant {tenant.code!r} does not exist")
        return user, actor


def _plain(request: Request) -> HttpRequest:
    """Return Django's request under DRF's; its `user` is the one of the session."""
    inner: HttpRequest = request._request
    return inner


def _chosen_tenant(user: User, named: str) -> Tenant:
    own = {tenant.code: tenant for tenant in access.tenants_of(user)}
    if named:
        # Another customer's code and a code that nobody has are answered alike.
        if named not in own:
            raise NotFound(f"tenant {named!r} does not exist")
        return own[named]
    if len(own) == 1:
        return next(iter(own.values()))
    if not own:
        raise NotFound("you belong to no tenant")
    raise InvalidInput(
        field=TENANT_HEADER, value=None, expected=f"one of your tenants: {', '.join(own)}"
    )
