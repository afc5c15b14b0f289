"""Bodies of requests: JSON read strictly, one object or a batch of them, each judged alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from watchfloor.core.errors import InvalidInput
from watchfloor.core.strict_json import MAX_BYTES, read_json, refuse_flaws
from watchfloor.entrypoints import problems
from watchfloor.entrypoints.problems import Refusal

MOST_ITEMS = 1000


class StrictJSON(BaseParser):
    """JSON of at most 1 MiB; what is wrong inside an item is held against that item alone."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Return what the body holds.

        Raises:
            MalformedReading: it is not JSON.
            Refusal: it is larger than 1 MiB.
        """
        content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise Refusal(
                problems.plain(
                    *(413, f"The body is larger than {MAX_BYTES} bytes."),
                    field="body",
                    value=f"more than {MAX_BYTES} bytes",
                    expected=f"at most {MAX_BYTES} bytes",
                )
            )
        return read_json(content)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request asks for: one item, or a batch."""

    items: list[Any]
    is_batch: bool


def read_body(request: Request) -> Body:
    """
    Return the items of a request that may be one object or {"items": [...]}.

    Raises:
        InvalidInput: it is neither, or holds none or more than 1,000.
    """
    content = _content(request)
    if not isinstance(content, dict) or "items" not in content:
        return Body([content], is_batch=False)
    items = content["items"]
    if (other := next((name for name in content if name != "items"), None)) is not None:
        raise InvalidInput(field=other, value="present", expected="a batch holds items alone")
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        raise InvalidInput(
            field="items",
            value=f"{len(items)} items" if isinstance(items, list) else type(items).__name__,
            expected=f"a list of 1 to {MOST_ITEMS} objects",
        )
    return Body(items, is_batch=True)


def read_object(request: Request) -> dict[str, Any]:
    """
    Return the one object a request holds.

    Raises:
        InvalidInput: it is no object, or a part of it cannot be kept as it stands.
    """
    return checked_object(_content(request))


def checked_object(item: Any) -> dict[str, Any]:
    """
    Return an item whose every part can be stored as it stands.

    Raises:
        InvalidInput: a part is not text, not finite, too deep or too long, or it is no object.
    """
    refuse_flaws(item, name="body")
    if not isinstance(item, dict):
        raise InvalidInput(field="body", value=item, expected="a JSON object")
    return item


def _content(request: Request) -> Any:
    headers = request.headers
    if "chunked" in headers.get("Transfer-Encoding", "") and not headers.get("Content-Length"):
        raise Refusal(problems.plain(411, "Send the body with its Content-Length."))
    return request.data
