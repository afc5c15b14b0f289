"""Work for people: tickets, and predictions that wait for a verdict."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.noc.models.alerts import AlertEvent
from watchfloor.tenants.scoping import TenantRow


class TicketStatus(models.TextChoices):
    """Life of a ticket."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    RESOLVED = "resolved", "Resolved"


class Disposition(models.TextChoices):
    """What a person found; mandatory when a ticket or a review is closed."""

    TRUE_POSITIVE = "true_positive", "Confirmed"
    FALSE_POSITIVE = "false_positive", "Not confirmed"
    INCONCLUSIVE = "inconclusive", "Inconclusive"


class Ticket(TenantRow):
    """One piece of work about one prediction; repeats add evidence to the open one."""

    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    status = models.CharField(
        max_length=15, choices=TicketStatus.choices, default=TicketStatus.OPEN
    )
    priority = models.CharField(max_length=10)
    opened_by = models.CharField(max_length=120)
    site = models.ForeignKey("tenants.Site", models.PROTECT, null=True, related_name="+")
    alert = models.ForeignKey(AlertEvent, models.PROTECT, null=True, related_name="+")
    log = models.CharField(max_length=20)
    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    model_type = models.CharField(max_length=50)
    # (model type, entity, day): one open ticket for one thing, whoever asks twice
    dedupe_key = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=120, blank=True)
    disposition = models.CharField(max_length=20, choices=Disposition.choices, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "noc_ticket"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "number"], name="ticket_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "dedupe_key"],
                condition=~Q(status="resolved"),
                name="one_open_ticket_per_key",
            ),
            models.CheckConstraint(
                condition=~Q(status="resolved") | ~Q(disposition=""),
                name="resolved_ticket_has_disposition",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "status", "-opened_at"], name="noc_ticket_recent"),
            models.Index(fields=["tenant", "prediction_id"], name="noc_ticket_prediction"),
        ]

    def __str__(self) -> str:
        return f"ticket {self.number}"


class TicketEvidence(TenantRow):
    """A further prediction that belongs to an open ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="evidence")
    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "noc_ticket_evidence"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ticket", "prediction_id"], name="evidence_once_per_ticket"
            )
        ]

    def __str__(self) -> str:
        return f"evidence of {self.ticket}"


class ReviewState(models.TextChoices):
    """Life of a review item; held items wait behind the cap and are counted, never dropped."""

    WAITING = "waiting", "Waiting"
    HELD = "held", "Held"
    DONE = "done", "Done"


class ReviewItem(TenantRow):
    """One prediction that waits for a person."""

    # decision, audit_sample, cannot_score
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=40)
    state = models.CharField(
        max_length=10, choices=ReviewState.choices, default=ReviewState.WAITING
    )
    site = models.ForeignKey("tenants.Site", models.PROTECT, null=True, related_name="+")
    log = models.CharField(max_length=20)
    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    model_type = models.CharField(max_length=50)
    entity_id = models.CharField(max_length=120)
    score = models.FloatField(null=True)
    # Probability with which this prediction came to be looked at.
    propensity = models.FloatField(default=1.0)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=120, blank=True)
    disposition = models.CharField(max_length=20, choices=Disposition.choices, blank=True)

    class Meta:
        db_table = "noc_review_item"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "prediction_id"], name="one_review_per_prediction"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "state", "created_at"], name="noc_review_queue")
        ]

    def __str__(self) -> str:
        return f"review of {self.entity_id}"
