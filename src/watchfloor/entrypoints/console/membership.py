"""Who may open a page of a tenant: asked before any view runs, and refused by default."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.views.defaults import permission_denied

from watchfloor.tenants import access, directory
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import User
from watchfloor.tenants.roles import Permission

P = ParamSpec("P")
TenantView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]


class PageView:
    """
    A view of one tenant that asks first who is there.

    It stands for the view in the routes: `tenant` of the address becomes an actor. Another
    tenant's address and one that nobody has are answered alike.
    """

    def __init__(
        self, view: Callable[..., HttpResponse], permissions: frozenset[Permission]
    ) -> None:
        functools.update_wrapper(self, view)
        self._view = view
        self.permissions = permissions

    def __call__(self, request: HttpRequest, *, tenant: str, **found: object) -> HttpResponse:
        """Answer the page, the way to the sign-in, 403 or 404."""
        user = request.user
        if not isinstance(user, User):
            return ask_to_sign_in(request)
        actor = _actor(user, tenant)
        if not any(actor.may(permission) for permission in self.permissions):
            return not_allowed(request)
        timezone.activate(actor.tenant.zone)
        return self._view(request, actor, **found)


def member_page(*permissions: Permission) -> Callable[[TenantView[P]], PageView]:
    """
    Open a view to members of its tenant who hold any of these permissions.

    The view is called with the actor instead of the tenant's code.
    """
    assert permissions, "a page without a permission would be open to every member"
    return lambda view: PageView(view, frozenset(permissions))


def not_allowed(request: HttpRequest) -> HttpResponse:
    """Say that a role may not do this; answered and not raised, for nothing went wrong here."""
    return permission_denied(request, PermissionDenied())


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a page to the sign-in and back; a part of a page is told to send its page there."""
    if request.headers.get("HX-Request") != "true":
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
    shown = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
    address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': shown})}"
    # A redirect would be followed by the script, and the sign-in page would land inside a row.
    return HttpResponse(status=401, headers={"HX-Redirect": address})


def may_manage_platform(request: HttpRequest, actor: Actor) -> bool:
    """Return whether somebody may do what concerns every tenant, here or on the platform."""
    if actor.may(Permission.MANAGE_PLATFORM):
        return True
    user = request.user
    platform = directory.find_tenant(directory.PLATFORM)
    if not isinstance(user, User) or platform is None:
        return False
    found = access.find_actor(user=user, tenant=platform)
    return found is not None and found.may(Permission.MANAGE_PLATFORM)


def _actor(user: User, code: str) -> Actor:
    tenant = directory.find_tenant(code)
    actor = access.find_actor(user=user, tenant=tenant) if tenant is not None else None
    if actor is None:
        raise Http404(f"tenant {code!r} does not exist")
    return actor
