"""Tickets, alerts, review items and dead letters."""

from typing import Any

from rest_framework import serializers

from watchfloor.entrypoints.api.fields import RowId, Text
from watchfloor.entrypoints.api.fitting import Strict
from watchfloor.entrypoints.api.paging import PageQuery
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.noc.models.work import Disposition, ReviewState, TicketSource, TicketStatus
from watchfloor.tenants.people import PERSON

# How much of a dead letter's payload an answer shows.
PREVIEW_BYTES = 2000


class TicketQuery(PageQuery):
    """Which tickets."""

    status = serializers.ChoiceField(choices=TicketStatus.choices, required=False)


class AlertQuery(PageQuery):
    """Which alerts."""

    status = serializers.ChoiceField(choices=AlertStatus.choices, required=False)


class ReviewQuery(PageQuery):
    """Which review items."""

    state = serializers.ChoiceField(choices=ReviewState.choices, required=False)


class LetterQuery(PageQuery):
    """Which dead letters."""

    state = serializers.ChoiceField(choices=DeadLetterState.choices, required=False)


class ResolveIn(Strict):
    """What was found; a ticket is not closed without it."""

    disposition = serializers.ChoiceField(choices=Disposition.choices)
    note = Text(2000, default="", allow_blank=True)


class VerdictIn(Strict):
    """What a person saw."""

    disposition = serializers.ChoiceField(choices=Disposition.choices)


class _AtSite(serializers.Serializer[Any]):
    site = serializers.CharField(source="site.code", allow_null=True, default=None)


class TicketOut(_AtSite):
    """One piece of work."""

    id = RowId()
    number = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField(allow_blank=True, help_text="What was predicted, and how surely.")
    tag = serializers.CharField(allow_blank=True)
    source = serializers.ChoiceField(choices=TicketSource.choices)  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=TicketStatus.choices)
    priority = serializers.CharField()
    opened_by = serializers.CharField()
    opened_at = serializers.DateTimeField()
    assignee = serializers.SerializerMethodField(help_text="As user:17; empty for nobody.")
    window_start = serializers.DateTimeField(
        allow_null=True, help_text="In this window the thing has no other ticket."
    )
    model_type = serializers.CharField()
    prediction_id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolved_by = serializers.CharField(allow_blank=True)
    disposition = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)

    def get_assignee(self, ticket: Any) -> str:
        """Return who is to work on it, as the audit names people."""
        return f"{PERSON}{ticket.assignee_id}" if ticket.assignee_id else ""


class AlertOut(_AtSite):
    """One condition that needs attention."""

    id = RowId()
    alert_type = serializers.CharField()
    severity = serializers.CharField()
    status = serializers.ChoiceField(choices=AlertStatus.choices)
    entity_type = serializers.CharField()
    entity_id = serializers.CharField()
    message = serializers.CharField()
    metadata = serializers.JSONField(help_text="What was known when it was raised.")
    occurrences = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    escalated_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when nobody had seen it for too long."
    )
    resolved_at = serializers.DateTimeField(allow_null=True)


class ReviewOut(_AtSite):
    """One prediction that waits for a person, or has a verdict."""

    id = RowId()
    kind = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=ReviewState.choices)
    model_type = serializers.CharField()
    entity_id = serializers.CharField()
    prediction_id = serializers.UUIDField()
    score = serializers.FloatField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = serializers.CharField(allow_blank=True)
    disposition = serializers.CharField(allow_blank=True)
    propensity = serializers.FloatField(help_text="Probability with which it came to be looked at.")
    metadata = serializers.JSONField(help_text="The prediction as it was decided.")


class LetterOut(serializers.Serializer[Any]):
    """One message that could not be read."""

    id = RowId()
    door = serializers.CharField()
    topic = serializers.CharField()
    field = serializers.CharField(help_text="What did not fit.")
    error = serializers.CharField()
    state = serializers.ChoiceField(choices=DeadLetterState.choices)
    occurrences = serializers.IntegerField()
    first_received_at = serializers.DateTimeField()
    last_received_at = serializers.DateTimeField()
    payload_size = serializers.IntegerField(help_text="In bytes.")
    payload_sha256 = serializers.CharField()
    truncated = serializers.BooleanField(help_text="Only its head was kept: no replay.")
    preview = serializers.SerializerMethodField(help_text="Its first 2,000 bytes, as text.")

    def get_preview(self, letter: Any) -> str:
        """Return the head of the payload; bytes that are no text are escaped."""
        return bytes(letter.payload[:PREVIEW_BYTES]).decode(errors="backslashreplace")


class EventResult(serializers.Serializer[Any]):
    """What became of one event of a message."""

    status = serializers.ChoiceField(choices=["stored", "duplicate", "dead"])
    event_id = serializers.CharField(allow_blank=True)
    field = serializers.CharField(required=False)
    value = serializers.JSONField(required=False)
    expected = serializers.CharField(required=False)


class ReplayOut(serializers.Serializer[Any]):
    """What became of a dead letter that was taken again."""

    state = serializers.ChoiceField(choices=DeadLetterState.choices)
    results = EventResult(many=True)
