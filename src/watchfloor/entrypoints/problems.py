"""
Errors as the web knows them: one table from the error tree to a status, one form for every door.

Source:
    RFC 9457, Problem Details for HTTP APIs.
"""

import dataclasses
import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse

from watchfloor.core import errors

MEDIA_TYPE = "application/problem+json"
REQUEST_ID = "X-Request-ID"
MOST_SHOWN = 120

_STATED = re.compile(r"[A-Za-z0-9_.-]{8,64}")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a caller is told: a kind that programs match, words that people read."""

    status: int
    kind: str
    title: str
    detail: str
    field: str | None = None
    value: Any = None
    expected: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """Return the members of the problem; those about a field only where one is named."""
        members = {
            "type": f"urn:watchfloor:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": shown(self.detail, most=1000),
        }
        if self.field is None:
            return members
        return members | {
            "field": shown(self.field),
            "value": shown(self.value),
            "expected": shown(self.expected, most=400),
        }


class Refusal(Exception):
    """A request that its door refuses before any room hears of it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.detail)


@dataclass(frozen=True, slots=True)
class _Branch:
    """One line of the table: an error with its branch, and what a caller hears."""

    error: type[Exception]
    status: int
    kind: str
    title: str
    retry_after_s: int | None = None
    # An error of the machinery says things about the inside; the caller hears this instead.
    words: str | None = None


# The first line that fits is taken, so a narrower error stands above its branch.
TABLE = (
    _Branch(errors.InvalidInput, 400, "invalid-input", "The input does not fit"),
    _Branch(errors.NotAllowed, 403, "not-allowed", "Not allowed"),
    _Branch(errors.NotFound, 404, "not-found", "Not found"),
    _Branch(errors.Overloaded, 429, "overloaded", "Too much at once", 1),
    _Branch(errors.ChangedMeanwhile, 409, "changed-meanwhile", "Changed meanwhile"),
    _Branch(errors.RetrainAlreadyQueued, 409, "retrain-already-queued", "Already queued"),
    _Branch(errors.NotReady, 409, "not-ready", "Not at this moment"),
    _Branch(
        *(errors.ArtifactCorrupt, 500, "artifact-corrupt", "Stored bytes are damaged"),
        words="A stored model or calibration no longer has its digest; nothing was done with it.",
    ),
    _Branch(
        *(IntegrityError, 409, "changed-meanwhile", "Changed meanwhile", 1),
        words="Another request wrote the same thing a moment ago; send this one again.",
    ),
    _Branch(
        *(OperationalError, 503, "database-busy", "The database did not answer", 2),
        words="The database did not answer in time; nothing was stored, send it again.",
    ),
)

# What `problem_of` has an answer for; anything else is a fault that nobody foresaw.
KNOWN: tuple[type[Exception], ...] = (Refusal, *(line.error for line in TABLE))

_TITLES = {
    400: ("invalid-input", "The input does not fit"),
    401: ("not-authenticated", "Not signed in"),
    403: ("not-allowed", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Method not allowed"),
    406: ("not-acceptable", "Not acceptable"),
    411: ("length-required", "Length required"),
    413: ("too-large", "Too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal-error", "Internal error"),
}


def problem_of(error: Exception) -> Problem | None:
    """Return what a caller hears about an error; None when it is not in the table."""
    if isinstance(error, Refusal):
        return error.problem
    branch = next((line for line in TABLE if isinstance(error, line.error)), None)
    if branch is None:
        return None
    named: dict[str, Any] = {}
    if isinstance(error, errors.InvalidInput):
        named = {"field": error.field, "value": error.value, "expected": error.expected}
    retry = branch.retry_after_s
    return Problem(
        status=branch.status,
        kind=branch.kind,
        title=branch.title,
        detail=branch.words or str(error),
        headers={"Retry-After": str(retry)} if retry is not None else {},
        **named,
    )


def plain(
    status: int,
    detail: str,
    *,
    field: str | None = None,
    value: Any = None,
    expected: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Problem:
    """Return a problem that HTTP itself knows by its status."""
    kind, title = _TITLES.get(status, (f"http-{status}", "The request was refused"))
    return Problem(
        status=status,
        kind=kind,
        title=title,
        detail=detail,
        field=field,
        value=value,
        expected=expected,
        headers=headers or {},
    )


def problem_answer(problem: Problem, *, request: HttpRequest) -> HttpResponse:
    """Return a problem as the response to a request; a fault of ours is logged with its id."""
    request_id = request_id_of(request)
    if problem.status >= 500:
        log.error(
            "problem", kind=problem.kind, request_id=request_id, path=request.path, exc_info=True
        )
    content = problem.content() | {"instance": request.path, "request_id": request_id}
    response = HttpResponse(
        # Escaped to ASCII: what a stranger sent may not be text that UTF-8 can carry.
        json.dumps(content, ensure_ascii=True, allow_nan=False),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )
    response[REQUEST_ID] = request_id
    return response


def request_id_of(request: HttpRequest) -> str:
    """Return the id of a request: the caller's own where it is a plain word, else a new one."""
    known: str | None = request.META.get("watchfloor.request_id")
    if known is None:
        stated = request.headers.get(REQUEST_ID, "")
        known = stated if _STATED.fullmatch(stated) else uuid.uuid4().hex
        request.META["watchfloor.request_id"] = known
    return known


def shown(value: Any, *, most: int = MOST_SHOWN) -> Any:
    """
    Return a value as JSON can carry it, cut to a length that an answer can bear.

    >>> shown("a" * 200, most=5), shown(float("nan")), shown({"lat": 91})
    ('aaaaa...', 'nan', "{'lat': 91}")
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
