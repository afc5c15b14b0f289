"""Fields that take what they say and nothing that merely looks like it."""

import math
from datetime import UTC, datetime
from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from watchfloor.core.reading_fields import name as name_of

LARGEST_ID = 2**63 - 1


class Name(serializers.CharField):
    """A short word that may become a key: letters, digits and _ . : @ -, nothing that climbs."""

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(max_length=length, **kwargs)
        self._check = name_of(length)

    def to_internal_value(self, data: Any) -> str:
        """Return the word; a number is not one."""
        if (expected := self._check(data)) is not None:
            raise serializers.ValidationError(expected)
        return str(data)


class Text(serializers.CharField):
    """Text as it came: a number is not text, and nothing is trimmed away."""

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(max_length=length, trim_whitespace=False, **kwargs)
        self._length = length

    def to_internal_value(self, data: Any) -> str:
        """Return the text; control characters are refused, for no screen shows them."""
        if not isinstance(data, str) or len(data) > self._length or not data.isprintable():
            raise serializers.ValidationError(
                f"text of at most {self._length} characters without control characters"
            )
        return data


class Number(serializers.FloatField):
    """A finite number; `true` and "0.5" are not numbers."""

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        super().__init__(min_value=low, max_value=high, **kwargs)
        self._low, self._high = low, high

    def to_internal_value(self, data: Any) -> float:
        """Return the number."""
        fits = type(data) in (int, float) and math.isfinite(data)
        if not fits or not self._low <= data <= self._high:
            raise serializers.ValidationError(f"a number in [{self._low:g}, {self._high:g}]")
        return float(data)


class Moment(serializers.DateTimeField):
    """A time with its offset from UTC; a time without one is a guess and is refused."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment in UTC."""
        if not isinstance(value, str) or len(value) > 40:
            self._refuse()
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                self._refuse()
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise serializers.ValidationError("an ISO 8601 time with its offset from UTC")


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
        "description": "Features by name; each a number, a text, true, false or null.",
    }
)
class Features(serializers.JSONField):
    """Features by name; a model reads numbers and words, not structures."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the features."""
        expected = "an object of numbers, texts, true, false and null"
        if not isinstance(data, dict):
            raise serializers.ValidationError(expected)
        for name, value in data.items():
            if isinstance(value, (dict, list)):
                raise serializers.ValidationError({name: "a number, a text, true, false or null"})
        return data


class RowId(serializers.IntegerField):
    """The id of a stored row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)
