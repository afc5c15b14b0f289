"""What the API answers when something is wrong: the common table, and the errors of HTTP itself."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from watchfloor.entrypoints import problems
from watchfloor.entrypoints.problems import Problem

_DJANGO: tuple[tuple[type[Exception], int, str], ...] = (
    (Http404, 404, "There is nothing here."),
    (PermissionDenied, 403, "This is not allowed."),
    (RequestDataTooBig, 413, "The body is too large."),
    (SuspiciousOperation, 400, "The request cannot be read."),
)


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Return the problem of any error of a view; what nobody foresaw is logged and is a 500."""
    problem = problems.problem_of(error) or _of_http(error)
    if problem is None:
        problem = problems.plain(500, "Something went wrong here; the request id finds it.")
    return problems.problem_answer(problem, request=context["request"]._request)


def _of_http(error: Exception) -> Problem | None:
    for kind, status, words in _DJANGO:
        if isinstance(error, kind):
            return problems.plain(status, words)
    if isinstance(error, exceptions.APIException):
        return problems.plain(error.status_code, str(error.detail), headers=_headers(error))
    return None


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if (challenge := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = str(challenge)
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    return headers
