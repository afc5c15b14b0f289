"""Outcomes: what turned out to be true about a prediction."""

from typing import Any

from rest_framework import serializers

from watchfloor.entrypoints.api.fields import Moment, Name, Number
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.shapes.numbers import LARGEST
from watchfloor.entrypoints.api.shapes.problem import Problem


class OutcomeIn(Strict):
    """One statement, about a prediction named by its id or by its source and event id."""

    prediction_id = serializers.UUIDField(required=False)
    source = Name(60, required=False, help_text="Source of the event; api if left out.")  # type: ignore[assignment]
    event_id = Name(120, required=False)
    value = Number(
        -LARGEST,
        LARGEST,
        help_text=(
            "1 if the event happened, 0 if it did not, nothing between; of an estimate the number "
            "itself, in its unit."
        ),
    )
    known_at = Moment(required=False, help_text="Since when it could be known; now if left out.")
    statement_id = Name(
        120,
        required=False,
        help_text=(
            "Your id of this statement; Idempotency-Key stands in for it. Without one, the same "
            "value told again about the same prediction is a repetition."
        ),
    )
    propensity = Number(
        1e-9, 1, default=1.0, help_text="Probability with which this came to be looked at."
    )


class OutcomeOut(serializers.Serializer[Any]):
    """One statement as it was taken."""

    prediction_id = serializers.UUIDField()
    value = serializers.FloatField()
    known_at = serializers.DateTimeField()
    duplicate = serializers.BooleanField()


class OutcomeResult(serializers.Serializer[Any]):
    """What became of one item of a batch."""

    status = serializers.IntegerField(help_text="201 new, 200 told before, 4xx refused.")
    outcome = OutcomeOut(required=False)
    problem = Problem(required=False)


class OutcomeResults(serializers.Serializer[Any]):
    """A result for each item, in order."""

    results = OutcomeResult(many=True)
