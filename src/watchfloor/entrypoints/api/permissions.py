"""What a view asks of its caller; a view that asks nothing is closed."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

if TYPE_CHECKING:
    # The framework imports this module while it imports its own views.
    from rest_framework.views import APIView


class RoleAllows(BasePermission):
    """Let a caller in whose role, and whose token's scopes, grant the view's `permission`."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """
        Return whether the caller is known and the view names what it asks.

        Raises:
            NotAllowed: a known caller lacks the permission.
        """
        actor, wanted = request.auth, permission_of(view, str(request.method))
        if not isinstance(actor, Actor) or not isinstance(wanted, Permission):
            return False
        actor.require(wanted)
        return True


def permission_of(view: Any, method: str) -> Any:
    """Return what a view, or its class, asks of who comes with a method; None where nothing."""
    to_change = getattr(view, "permission_to_change", None)
    if to_change is not None and method.upper() not in SAFE_METHODS:
        return to_change
    return getattr(view, "permission", None)
