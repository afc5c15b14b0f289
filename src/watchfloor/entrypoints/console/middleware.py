"""Around every request: an id to find it by, the rooms' errors as pages, and no stale zone."""

from collections.abc import Callable

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.defaults import permission_denied

from watchfloor.core.errors import InvalidInput, NotAllowed, NotFound, NotReady, WatchfloorError
from watchfloor.entrypoints import problems

Answer = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger()


class PageRequests:
    """Gives each request its id, and ends the time zone that a page was written in."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in UTC unless the page activates its tenant's zone, and leave none behind."""
        request_id = problems.request_id_of(request)
        request.request_id = request_id  # type: ignore[attr-defined]  # the error pages show it
        timezone.deactivate()
        try:
            response = self._get_response(request)
        finally:
            # The next request of this thread may be another tenant's.
            timezone.deactivate()
        response.setdefault(problems.REQUEST_ID, request_id)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn an error of the rooms into the page that explains it; None leaves it to Django."""
        match = request.resolver_match
        if not isinstance(error, WatchfloorError) or match is None or match.app_name != "console":
            return None
        if isinstance(error, NotFound):
            raise Http404(str(error)) from error
        if isinstance(error, NotAllowed):
            return permission_denied(request, PermissionDenied(str(error)))
        if isinstance(error, NotReady | InvalidInput):
            status = 409 if isinstance(error, NotReady) else 400
            return _refused(request, str(error), status=status)
        return None


def _refused(request: HttpRequest, words: str, *, status: int) -> HttpResponse:
    context = {"status": status, "words": words}
    return render(request, "console/refused.html", context, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke, with the id that finds it in the log."""
    log.error("page.failed", path=request.path, request_id=problems.request_id_of(request))
    return render(request, "500.html", status=500)


def nothing_for_you(request: HttpRequest) -> HttpResponse:
    """Say to somebody who is signed in that no role of theirs has a page."""
    words = gettext("You are signed in, and no customer has given you a role with a page yet.")
    return render(request, "console/refused.html", {"status": 403, "words": words}, status=403)
