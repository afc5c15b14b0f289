"""Calibration sets: where each came from, what it promises, what it risked."""

from typing import Any

from rest_framework import serializers

from watchfloor.entrypoints.api.fields import RowId
from watchfloor.ml.models import CutReason


class LevelsOut(serializers.Serializer[Any]):
    """In how many of the set's score bins each level is promised."""

    bins = serializers.IntegerField(help_text="Score bins of the set.")
    promised = serializers.DictField(
        child=serializers.IntegerField(), help_text="Level in percent to bins."
    )


class CalibrationSetOut(serializers.Serializer[Any]):
    """One calibration set of one model version; null where it was not kept."""

    id = RowId(source="row.pk")
    model_version = serializers.CharField(source="row.model_version.version")
    outcome_definition = serializers.CharField(source="row.outcome_definition")
    reason = serializers.ChoiceField(
        choices=CutReason.choices,
        source="row.reason",
        allow_blank=True,
        help_text="Why it was cut.",
    )
    source = serializers.CharField(source="row.source", help_text="Where its rows are from.")  # type: ignore[assignment]
    created_at = serializers.DateTimeField(source="row.created_at")
    is_serving = serializers.BooleanField(help_text="Decisions are taken with it now.")
    window_start = serializers.DateTimeField(source="row.window_start", allow_null=True)
    window_end = serializers.DateTimeField(source="row.window_end", allow_null=True)
    label_delay_s = serializers.FloatField(
        source="row.label_delay_s",
        allow_null=True,
        help_text="Age by which nearly all outcomes of either kind are known.",
    )
    cohort_rule = serializers.CharField(source="row.cohort_rule", allow_blank=True)
    n = serializers.IntegerField(source="row.n", help_text="Known outcomes.")
    n_positive = serializers.IntegerField(source="row.n_positive")
    n_effective = serializers.FloatField(
        source="row.n_effective",
        allow_null=True,
        help_text="Rows of equal weight that would say as much.",
    )
    eps_ticket = serializers.FloatField(source="row.eps_ticket", allow_null=True)
    eps_clear = serializers.FloatField(source="row.eps_clear", allow_null=True)
    delta = serializers.FloatField(
        source="row.delta", allow_null=True, help_text="Chance that a certificate of it fails."
    )
    certified_from = serializers.FloatField(
        source="calibration.certified_from", allow_null=True, default=None
    )
    clear_below = serializers.FloatField(
        source="calibration.clear_below", allow_null=True, default=None
    )
    is_readable = serializers.BooleanField(
        help_text="False: its stored bytes are gone or damaged, and it certifies nothing."
    )
    outcome_widths = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="Level in percent to the distance from the score within which outcomes lie, "
        "over all predictions together; sampled rows weigh what they stand for, and then 100 "
        "effective rows are needed. Null: not promised.",
    )
    outcome_widths_pac = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="The same, held by this very set with probability 1 - delta.",
    )
    levels = LevelsOut(source="row.levels")
    self_test_passed = serializers.BooleanField(
        source="row.self_test_passed", allow_null=True, help_text="Null: too few rows to say."
    )
    self_test = serializers.DictField(source="row.self_test", help_text="Each check and its band.")
    provenance = serializers.DictField(
        source="row.provenance", help_text="What was left out and why, and what was stated."
    )
    sha256 = serializers.CharField(source="row.sha256", help_text="Digest of its numbers.")
    rows_sha256 = serializers.CharField(
        source="row.rows_sha256",
        allow_blank=True,
        help_text="Digest of its sorted prediction ids with their outcomes.",
    )


class DeltaSpentOut(serializers.Serializer[Any]):
    """What the sets of this quarter risked together."""

    since = serializers.DateField(help_text="When the quarter began, in the tenant's calendar.")
    n_sets = serializers.IntegerField()
    spent = serializers.FloatField(
        help_text="Most ticket promises of these sets that are expected to be broken; as many of "
        "those for clearing."
    )


class CalibrationPage(serializers.Serializer[Any]):
    """One page of sets, and the quarter's sum."""

    items = CalibrationSetOut(many=True)
    next = RowId(allow_null=True, help_text="Ask with it for the next page.")
    delta_spent = DeltaSpentOut()
