"""What every view of the API is: closed unless it names a permission, strict, and of one tenant."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from watchfloor.entrypoints import problems
from watchfloor.entrypoints.api.bodies import StrictJSON
from watchfloor.entrypoints.api.throttling import CallerRate
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission


class Endpoint(APIView):
    """
    One route; `permission` says what a caller must be granted.

    Where reading asks for less than changing, `permission_to_change` says what the latter asks.
    """

    permission: ClassVar[Permission]
    permission_to_change: ClassVar[Permission | None] = None
    parser_classes = (StrictJSON,)
    throttle_classes = (CallerRate,)
    # OPTIONS would describe a view to whoever may not use it; the OpenAPI document does better.
    metadata_class = None

    @property
    def actor(self) -> Actor:
        """Who asks; the permission check has seen to it that somebody does."""
        actor = self.request.auth
        assert isinstance(actor, Actor)
        return actor

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Give every answer its request id and say what is left of the rate."""
        final = super().finalize_response(request, response, *args, **kwargs)
        plain: HttpRequest = self.request._request
        final[problems.REQUEST_ID] = problems.request_id_of(plain)
        allowance = plain.META.get("watchfloor.allowance")
        for name, value in allowance.headers().items() if allowance else ():
            final[name] = value
        final.setdefault("Cache-Control", "no-store")
        return final


def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer an address of the API that does not exist."""
    return problems.problem_answer(problems.plain(404, "There is nothing here."), request=request)
