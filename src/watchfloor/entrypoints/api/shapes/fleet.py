"""All models side by side."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.drift.severity import Severity


class EpisodeOut(serializers.Serializer[Any]):
    """One drift episode that is open."""

    kind = serializers.CharField(source="0")
    severity = serializers.ChoiceField(choices=[each.value for each in Severity], source="1")


class FleetModelOut(serializers.Serializer[Any]):
    """One model that serves, as it stands among the others."""

    tenant = serializers.CharField(source="tenant.code")
    model_type = serializers.CharField()
    model_version = serializers.CharField(source="version")
    alarmed_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when its errors count as risen; null while they do not."
    )
    e_value = serializers.FloatField(
        allow_null=True,
        help_text="At most 1 in the mean without a change; null: too few outcomes.",
    )
    stands_out = serializers.BooleanField(help_text="Named among all of them by e-BH.")
    baseline_accuracy = serializers.FloatField(allow_null=True)
    days_to_see_10_points = serializers.FloatField(
        allow_null=True, help_text="Median; null where it would never be seen."
    )
    accuracy = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        help_text="Of the last 30 local days, oldest first; null where no outcome is known.",
    )
    episodes = EpisodeOut(many=True)
    checked_on = serializers.DateField(allow_null=True)


class CommonCauseOut(serializers.Serializer[Any]):
    """Most site groups of one tenant move at once."""

    tenant = serializers.CharField(source="tenant.code")
    sentence = serializers.CharField()


class FleetOut(serializers.Serializer[Any]):
    """Every model that serves, those to look at first."""

    together = serializers.FloatField(
        help_text="E-value that all have moved by one cause: the mean of theirs."
    )
    moves_together = serializers.BooleanField()
    false_share = serializers.FloatField(
        help_text="At most this share of those that stand out does so by chance."
    )
    common_causes = CommonCauseOut(many=True, help_text="Open COMMON_CAUSE episodes.")
    items = FleetModelOut(many=True, source="models")
