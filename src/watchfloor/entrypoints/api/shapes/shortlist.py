"""The reviews of a day that are worth looking at first."""

from typing import Any

from rest_framework import serializers

from watchfloor.entrypoints.api.fields import Name
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.shapes.floor import ReviewOut
from watchfloor.workflows.review_shortlist import PROMISE, Objection


class ShortlistQuery(Strict):
    """Which shortlist."""

    model_type = Name(50)
    day = serializers.DateField(
        required=False, help_text="Local day of the tenant; yesterday when left out."
    )


class ShortlistEntryOut(serializers.Serializer[Any]):
    """One review of the shortlist."""

    rank = serializers.IntegerField(help_text="1 is the surest; of all sites.")
    p_value = serializers.FloatField(
        help_text="How rarely one that is not real scores as high, among the known ones."
    )
    review = ReviewOut(source="item")


class ShortlistOut(serializers.Serializer[Any]):
    """The shortlist of one model type and day, and what it may be held to."""

    model_type = serializers.CharField()
    model_version = serializers.CharField()
    day = serializers.DateField()
    eps = serializers.FloatField(help_text="The threshold eps_ticket of this model type.")
    promise = serializers.CharField(default=PROMISE)
    objection = serializers.ChoiceField(
        choices=[each.value for each in Objection],
        allow_null=True,
        help_text="Why it may not be held to its promise; null where it may.",
    )
    n_batch = serializers.IntegerField(help_text="Reviews of the day that were ranked.")
    n_known = serializers.IntegerField(help_text="Earlier reviews with a known outcome.")
    fewest_known = serializers.IntegerField(help_text="So many are needed for one entry.")
    items = ShortlistEntryOut(many=True, source="entries")
