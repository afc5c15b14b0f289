"""Hold what came in against a serializer; the first thing that does not fit is named."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from watchfloor.core.errors import InvalidInput


class Strict(serializers.Serializer[Any]):
    """Known fields only, also deep inside: a misspelled one would otherwise be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, unless there is one of a name that is not known."""
        unknown = [name for name in data if name not in self.fields] if _is_object(data) else []
        if unknown:
            expected = f"one of {', '.join(self.fields)}"
            raise serializers.ValidationError({unknown[0]: [expected]})
        return super().to_internal_value(data)


def _is_object(data: Any) -> bool:
    return isinstance(data, Mapping)


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
    while (place := _first_place(errors)) is not None:
        name, errors = place
        path.append(str(name))
        found = _part(found, name)
    detail = errors[0] if isinstance(errors, list) else errors
    expected = _WORDS.get(detail.code, str(detail).rstrip("."))
    return InvalidInput(field=".".join(path), value=found, expected=expected)


def _first_place(errors: Any) -> tuple[Any, Any] | None:
    """Return where the first misfit lies, by name or by place in a list; None at the misfit."""
    if isinstance(errors, Mapping):
        return next(iter(errors.items()))
    if isinstance(errors, list):
        return next(
            ((i, each) for i, each in enumerate(errors) if isinstance(each, dict) and each), None
        )
    return None


def _part(found: Any, name: Any) -> Any:
    if isinstance(found, Mapping):
        return found.get(name)
    is_place = isinstance(found, list) and isinstance(name, int) and name < len(found)
    return found[name] if is_place else None


_WORDS = {"required": "a value: it is required", "null": "a value, not null"}
