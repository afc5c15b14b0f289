"""Answers to one item or to a batch: what became of each, in order."""

from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.core.errors import InvalidInput, WatchfloorError
from watchfloor.core.reading_fields import name as name_of
from watchfloor.entrypoints import problems
from watchfloor.entrypoints.api.bodies import Body

KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that was taken: 201 when new, 200 when it was known before."""

    status: int
    content: dict[str, Any]


Result = Taken | WatchfloorError


def answered(body: Body, results: list[Result], *, name: str) -> Response:
    """
    Return the response to a request.

    A single item is answered by itself; a batch by a list of results, with status 207 when
    one of them is a refusal and 200 otherwise.

    Raises:
        WatchfloorError: the single item was refused.
    """
    if not body.is_batch:
        [only] = results
        if isinstance(only, WatchfloorError):
            raise only
        return Response(only.content, status=only.status)
    listed = [_listed(result, name) for result in results]
    refused = any(isinstance(result, WatchfloorError) for result in results)
    return Response({"results": listed}, status=207 if refused else 200)


def keys_of(request: Request, body: Body) -> list[str | None]:
    """
    Return what the Idempotency-Key header says for each item; None where there is no header.

    Raises:
        InvalidInput: the header is no plain word.
    """
    stated = request.headers.get(KEY_HEADER)
    if stated is None:
        return [None] * len(body.items)
    if (expected := name_of(LONGEST_KEY)(stated)) is not None:
        raise InvalidInput(field=KEY_HEADER, value=stated, expected=expected)
    if not body.is_batch:
        return [stated]
    return [f"{stated}:{place}" for place in range(len(body.items))]


def _listed(result: Result, name: str) -> dict[str, Any]:
    if isinstance(result, Taken):
        return {"status": result.status, name: result.content}
    problem = problems.problem_of(result)
    assert problem is not None
    return {"status": problem.status, "problem": problem.content()}
