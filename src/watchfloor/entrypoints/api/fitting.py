"""Hold what came in against a serializer; the first thing that does not fit is named."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from watchfloor.core.errors import InvalidInput


class Strict(serializers.Serializer[Any]):
    """Known fields only: a misspelled one would otherwise be lost in silence."""


def fitted(serializer: type[Strict], data: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the validated data.

    Raises:
        InvalidInput: the first field that does not fit, with its value and what was expected.
    """
    form = serializer(data=data)
    unknown = next((name for name in data if name not in form.fields), None)
    if unknown is not None:
        raise InvalidInput(
            field=unknown, value=data[unknown], expected=f"one of {', '.join(form.fields)}"
        )
    if not form.is_valid():
        raise _first_misfit(form.errors, data)
    return dict(form.validated_data)


def _first_misfit(errors: Any, data: Mapping[str, Any]) -> InvalidInput:
    path: list[str] = []
    found: Any = data
    while isinstance(errors, Mapping):
        name, errors = next(iter(errors.items()))
        path.append(str(name))
        found = found.get(name) if isinstance(found, Mapping) else None
    detail = errors[0] if isinstance(errors, list) else errors
    expected = _WORDS.get(detail.code, str(detail).rstrip("."))
    return InvalidInput(field=".".join(path), value=found, expected=expected)


_WORDS = {"required": "a value: it is required", "null": "a value, not null"}
