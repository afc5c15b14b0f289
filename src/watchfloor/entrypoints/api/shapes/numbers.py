"""Estimates of numbers: what is posted beside or instead of a score, and what is answered."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.conformal.numeric import NumericInterval, NumericKind
from watchfloor.core.errors import InvalidInput
from watchfloor.ml.models import NumericEstimate
from watchfloor.ml.predictions.numeric_estimates import Number

# A number that is larger was meant in another unit.
LARGEST = 1e15


class NumberIntervalOut(serializers.Serializer[Any]):
    """Where the number itself will lie, in its unit."""

    level = serializers.IntegerField(help_text="In percent.")
    kind = serializers.ChoiceField(choices=[one.value for one in NumericKind])
    lower = serializers.FloatField(allow_null=True, help_text="Null: the level is not certifiable.")
    upper = serializers.FloatField(allow_null=True)
    promise = serializers.CharField(help_text="What intervals of this kind may be held to.")


class NumberOut(serializers.Serializer[Any]):
    """An estimate of a number, and what is known about it."""

    estimate = serializers.FloatField()
    sigma = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    intervals = NumberIntervalOut(
        many=True, help_text="At 90, 95 and 99 %, the shown kind first; empty if uncalibrated."
    )
    outcome = serializers.FloatField(allow_null=True)
    outcome_known_at = serializers.DateTimeField(allow_null=True)


def number_in(known: dict[str, Any]) -> dict[str, Any]:
    """
    Return the fields of a request with its estimate, sigma and unit as one number.

    Raises:
        InvalidInput: a unit without an estimate or the other way round, or a sigma alone.
    """
    given = {name: known.pop(name) for name in ("estimate", "sigma", "unit") if name in known}
    if not given:
        return known
    for name in ("estimate", "unit"):
        if name not in given:
            raise InvalidInput(field=name, value=None, expected="a value beside the other two")
    return known | {"number": Number(given["estimate"], given["unit"], given.get("sigma"))}


def number_shown(row: NumericEstimate, intervals: tuple[NumericInterval, ...]) -> dict[str, Any]:
    """Return an estimate as `NumberOut` has it; an end that is not certifiable is null."""
    return {
        "estimate": row.estimate,
        "sigma": row.sigma,
        "unit": row.unit,
        "intervals": [
            {
                "level": one.level,
                "kind": one.kind.value,
                "lower": one.lower if one.is_certifiable else None,
                "upper": one.upper if one.is_certifiable else None,
                "promise": one.kind.promise,
            }
            for one in intervals
        ],
        "outcome": row.outcome,
        "outcome_known_at": row.outcome_known_at,
    }
