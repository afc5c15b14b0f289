"""Thresholds, their changes, and what is asked about them."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.decision.simulation.costs import HIGHEST, Costs
from watchfloor.core.thresholds import SHAPING, SPECS
from watchfloor.entrypoints.api.fields import Name, Number, RowId, Text
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.paging import PageQuery
from watchfloor.entrypoints.api.shapes.simulation import SimulationOut
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.noc.queries.threshold_simulation import MOST_WEEKS
from watchfloor.workflows.threshold_replay import LIMITS

KEYS = list(SPECS)
USUAL = Costs()


class ThresholdQuery(Strict):
    """Which thresholds."""

    model_type = Name(50, required=False)


class ThresholdOut(serializers.Serializer[Any]):
    """One number of one model type."""

    id = serializers.CharField(help_text="Model type and key, as in sla_breach.review_score.")
    model_type = serializers.CharField()
    key = serializers.ChoiceField(choices=KEYS)
    label = serializers.CharField(source="spec.label")  # type: ignore[assignment]
    unit = serializers.CharField(source="spec.unit")
    value = serializers.FloatField()
    default = serializers.FloatField(source="spec.default")
    lowest = serializers.FloatField(source="spec.lowest")
    highest = serializers.FloatField(source="spec.highest")
    is_default = serializers.BooleanField()
    version = serializers.IntegerField(help_text="Send it with a change; 0 for the default.")
    last_changed = serializers.DateTimeField(source="changed_at", allow_null=True)
    last_changed_by = serializers.CharField(allow_blank=True)


class ThresholdsOut(serializers.Serializer[Any]):
    """All of them."""

    items = ThresholdOut(many=True)


class WhyIn(Strict):
    """Why."""

    change_reason = Text(2000)


class ThresholdIn(WhyIn):
    """Where a threshold is to stand."""

    value = Number(-1e9, 1e9)
    version = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="That it was read at; 409 if it has moved on."
    )


class ResetIn(WhyIn):
    """Back to the default."""

    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class ChangeIn(Strict):
    """One change of a batch."""

    key = serializers.ChoiceField(choices=KEYS)
    value = Number(-1e9, 1e9)
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class BatchIn(WhyIn):
    """Several thresholds of one model type, together or none."""

    model_type = Name(50)
    changes = serializers.ListField(child=ChangeIn(), allow_empty=False, max_length=len(SPECS))


class ChangeOut(serializers.Serializer[Any]):
    """One turn of one threshold; nobody can alter it."""

    id = RowId(source="pk")
    model_type = serializers.CharField(source="scope_id")
    key = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    change_reason = serializers.CharField()
    old_value = serializers.FloatField(allow_null=True, help_text="Null: the default.")
    new_value = serializers.FloatField(allow_null=True, help_text="Null: back to the default.")
    undoes = RowId(source="undoes_id", allow_null=True)
    simulation = serializers.SerializerMethodField(
        help_text="What the simulation said at that moment; null where none was made."
    )

    def get_simulation(self, row: ThresholdAuditLog) -> dict[str, Any] | None:
        """Return what was said, or nothing."""
        return row.simulation or None


class MovedOut(ThresholdOut):
    """A threshold as it stands now, and the row that tells of the move."""

    audit_log_id = RowId()
    simulation = SimulationOut(
        allow_null=True, help_text="Null for a limit, and before any prediction."
    )


class BatchOut(serializers.Serializer[Any]):
    """Each threshold as it stands now."""

    items = MovedOut(many=True)


class ChangeQuery(PageQuery):
    """Which changes."""

    model_type = Name(50, required=False)
    key = serializers.ChoiceField(choices=KEYS, required=False)


class CostsIn(Strict):
    """What work and mistakes cost, in one currency."""

    review_minutes = Number(0, HIGHEST, default=USUAL.review_minutes)
    reviewer_hour = Number(0, HIGHEST, default=USUAL.reviewer_hour)
    false_ticket = Number(0, HIGHEST, default=USUAL.false_ticket)
    miss = Number(0, HIGHEST, default=USUAL.miss)


class ProposedIn(Strict):
    """Proposed values; what is left out stays as it is."""

    # The ranges are those of the registry, which names the key where one is left.
    locals().update({key: Number(-1e9, 1e9, required=False) for key in SHAPING})


class SimulateIn(Strict):
    """What is to be tried."""

    model_type = Name(50)
    proposed = ProposedIn()
    weeks = serializers.IntegerField(default=4, min_value=1, max_value=MOST_WEEKS)
    costs = CostsIn(required=False)


class ProposedExactlyIn(ProposedIn):
    """The same, and the limits on numbers of tickets."""

    locals().update({key: Number(-1e9, 1e9, required=False) for key in LIMITS})


class ReplayIn(Strict):
    """What is to be replayed."""

    model_type = Name(50)
    proposed = ProposedExactlyIn()
    weeks = serializers.IntegerField(default=4, min_value=1, max_value=MOST_WEEKS)


class TeamIn(Strict):
    """What the suggestions are to fit."""

    model_type = Name(50)
    hours_a_day = Number(0, 1e6, default=8.0, help_text="Of reviewing that the team has.")
    weeks = serializers.IntegerField(default=4, min_value=1, max_value=MOST_WEEKS)
    costs = CostsIn(required=False)
