"""What a view asks of its caller; a view that asks nothing is closed."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
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
        actor, wanted = request.auth, getattr(view, "permission", None)
        if not isinstance(actor, Actor) or not isinstance(wanted, Permission):
            return False
        actor.require(wanted)
        return True
