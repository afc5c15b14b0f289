"""Proposals of thresholds, for a second person to decide."""

from typing import Any

from rest_framework import serializers

from watchfloor.core.decision.simulation.realised import Figure
from watchfloor.core.thresholds import SPECS
from watchfloor.entrypoints.api.fields import Name, RowId, Text
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.paging import PageQuery
from watchfloor.noc.models.thresholds import ProposalState, WatchState


class ProposalQuery(PageQuery):
    """Which proposals."""

    model_type = Name(50, required=False)
    state = serializers.ChoiceField(choices=ProposalState.choices, required=False)


class DecisionIn(Strict):
    """Why it is agreed to, or not."""

    reason = Text(2000)


class ProposedChangeOut(serializers.Serializer[Any]):
    """One threshold of a proposal."""

    key = serializers.ChoiceField(choices=list(SPECS))
    before = serializers.FloatField(help_text="In force when it was proposed.")
    value = serializers.FloatField(allow_null=True, help_text="Null: back to the default.")
    version = serializers.IntegerField()


class ProposalOut(serializers.Serializer[Any]):
    """What one person wants to move, and what became of it."""

    id = RowId()
    model_type = serializers.CharField()
    changes = ProposedChangeOut(many=True)
    reason = serializers.CharField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=ProposalState.choices)
    decided_by = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)
    simulation = serializers.SerializerMethodField(
        help_text="What the simulation said when it was proposed; null where none was made."
    )

    def get_simulation(self, row: Any) -> dict[str, Any] | None:
        """Return what was said, or nothing."""
        return row.simulation or None


class WatchQuery(PageQuery):
    """Which watches."""

    model_type = Name(50, required=False)


class FindingOut(serializers.Serializer[Any]):
    """One figure: what was promised of it, and what came."""

    figure = serializers.ChoiceField(choices=[each.value for each in Figure])
    promised = serializers.FloatField(allow_null=True)
    realised = serializers.FloatField(allow_null=True, help_text="Null where nothing is known.")
    n = serializers.IntegerField()
    chance = serializers.FloatField(help_text="Of so much or more, were the promise kept.")
    is_broken = serializers.BooleanField(help_text="Too far off for chance, at one in a thousand.")


class WatchOut(serializers.Serializer[Any]):
    """A day after a move: what came beside what the simulation had promised."""

    id = RowId()
    model_type = serializers.CharField()
    changes = serializers.ListField(child=RowId(), help_text="Ids of the changes.")
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=WatchState.choices)
    checked_at = serializers.DateTimeField(allow_null=True)
    findings = FindingOut(many=True)
    proposal = RowId(
        source="proposal_id", allow_null=True, help_text="The way back, where it was proposed."
    )
