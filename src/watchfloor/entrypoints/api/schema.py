"""What the OpenAPI document says of a route: words, shapes and an example that a test checks."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from watchfloor.entrypoints.api.fields import RowId
from watchfloor.entrypoints.api.shapes.problem import Problem
from watchfloor.entrypoints.problems import MEDIA_TYPE

View = TypeVar("View", bound=Callable[..., Any])
Shape = type[serializers.Serializer[Any]] | PolymorphicProxySerializer

REFUSALS = {
    400: "Something does not fit; `field` names it.",
    401: "No token and no session, or a token that is unknown, expired or revoked.",
    403: "The role or the token's scopes do not allow this.",
    404: "Nothing of that id exists for this tenant.",
    409: "Correct, but not at this moment; somebody was faster.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not application/json.",
    429: "More requests than allowed; Retry-After says when to come again.",
}
EVERYWHERE = (400, 401, 403, 429)
WITH_BODY = (*EVERYWHERE, 413, 415)

PROBLEM_EXAMPLE = {
    "type": "urn:watchfloor:problem:invalid-input",
    "title": "The input does not fit",
    "status": 400,
    "detail": "limit: got '500', expected at most 200",
    "field": "limit",
    "value": "500",
    "expected": "at most 200",
    "instance": "/api/v2/tickets",
    "request_id": "6f1c2f0c8f0b4d0a9a3c1f6b7d5e4a32",
}


def described(
    *,
    summary: str,
    description: str,
    answers: dict[int, Shape],
    example: Any,
    body: Shape | None = None,
    body_example: Any = None,
    query: type[serializers.Serializer[Any]] | None = None,
    refusals: Sequence[int] = EVERYWHERE,
    tag: str,
    operation: str | None = None,
) -> Callable[[View], View]:
    """
    Return a decorator that describes one route; `example` belongs to the first answer.

    Args:
        operation: its name where the address alone would give two routes the same one.
    """
    responses: dict[Any, Any] = {
        status: OpenApiResponse(shape, description=_GOOD[status])
        for status, shape in answers.items()
    }
    for status in refusals:
        responses[status, MEDIA_TYPE] = OpenApiResponse(Problem, description=REFUSALS[status])
    decorator: Callable[[View], View] = extend_schema(
        operation_id=operation,
        summary=summary,
        description=description,
        tags=[tag],
        request={"application/json": body} if body is not None else None,
        parameters=[query] if query is not None else None,
        responses=responses,
        examples=[*_examples(next(iter(answers)), example, body_example)],
    )
    return decorator


def page_of(shape: type[serializers.Serializer[Any]], *, name: str, next_is: Any = None) -> Any:
    """Return the shape of one page of a list."""
    following = next_is or RowId(allow_null=True, help_text="Ask with it for the next page.")
    return inline_serializer(name=name, fields={"items": shape(many=True), "next": following})


def one_or_many(
    one: type[serializers.Serializer[Any]], many: Any, *, name: str
) -> PolymorphicProxySerializer:
    """Return the shape of what may be one object or a batch of them."""
    return PolymorphicProxySerializer(
        component_name=name, serializers=[one, many], resource_type_field_name=None
    )


def _examples(status: int, example: Any, body_example: Any) -> list[OpenApiExample]:
    found = [
        OpenApiExample("answer", value=example, response_only=True, status_codes=[str(status)]),
        OpenApiExample(
            "refusal",
            value=PROBLEM_EXAMPLE,
            response_only=True,
            status_codes=["400"],
            media_type=MEDIA_TYPE,
        ),
    ]
    if body_example is not None:
        found.append(OpenApiExample("request", value=body_example, request_only=True))
    return found


_GOOD = {
    200: "Done, or known before.",
    201: "New.",
    207: "A batch of which some items were refused.",
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a program shows who it is."""

    target_class = "watchfloor.entrypoints.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "wf_...",
            "description": "A token of one tenant, with a role, scopes and an end.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a signed-in person's browser shows who they are."""

    target_class = "watchfloor.entrypoints.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The console's cookie; X-CSRFToken to write, X-Watchfloor-Tenant to "
            "choose among several tenants.",
        }
