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


class TicketSource(models.TextChoices):
    """Who asked for a ticket."""

    SYSTEM = "system", "System"
    PERSON = "person", "Person"


class Ticket(TenantRow):
    """One piece of work about one thing in one window; repeats are added to it as evidence."""

    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    # what was predicted, how sure that is, and by which model: for those who only read mail
    body = models.TextField(blank=True)
    tag = models.CharField(max_length=40, blank=True)
    source = models.CharField(
        max_length=10, choices=TicketSource.choices, default=TicketSource.SYSTEM
    )
    status = models.CharField(
        max_length=15, choices=TicketStatus.choices, default=TicketStatus.OPEN
    )
    priority = models.CharField(max_length=10)
    opened_by = models.CharField(max_length=120)
    # null: nobody is responsible for the site
    assignee = models.ForeignKey("tenants.User", models.SET_NULL, null=True, related_name="+")
    site = models.ForeignKey("tenants.Site", models.PROTECT, null=True, related_name="+")
    alert = models.ForeignKey(AlertEvent, models.PROTECT, null=True, related_name="+")
    log = models.CharField(max_length=20)
    prediction_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    model_type = models.CharField(max_length=50)
    # (family, subject): what it is about and which thing, as "fraud_detector:guard:g-017"
    dedupe_key = models.CharField(max_length=200)
    # Begin of the window of the event that opened it; null where windows were not kept yet.
    window_start = models.DateTimeField(null=True)
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
            models.UniqueConstraint(
                fields=["tenant", "dedupe_key", "window_start"],
                name="one_ticket_per_subject_family_window",
            ),
            models.CheckConstraint(
                condition=~Q(status="resolved") | ~Q(disposition=""),
                name="resolved_ticket_has_disposition",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "status", "-opened_at"], name="noc_ticket_recent"),
            models.Index(fields=["tenant", "prediction_id"], name="noc_ticket_prediction"),
            # The caps count what opened by itself of late, of a tenant and of a site.
            models.Index(fields=["tenant", "-opened_at"], name="noc_ticket_opened"),
        ]

    def __str__(self) -> str:
        return f"ticket {self.number}"


class TicketEvidence(TenantRow):
    """A further prediction that belongs to a ticket of its window, open or closed."""

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


class StopKind(models.TextChoices):
    """Which limit on automatic tickets was reached."""

    BREAKER = "breaker", "Breaker"
    SITE_CAP = "site_cap", "Cap of a site"
    DAY_CAP = "day_cap", "Cap of a day"


class TicketStop(TenantRow):
    """A limit on automatic tickets that was reached: told of once, until its span ends."""

    kind = models.CharField(max_length=10, choices=StopKind.choices)
    # what the limit counts: a model type, a site's code with one, or nothing for the breaker
    scope = models.CharField(max_length=120, blank=True)
    cap = models.PositiveIntegerField()
    tripped_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    # null while it holds, even past its end until somebody looks
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "noc_ticket_stop"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "scope"],
                condition=Q(closed_at=None),
                name="one_open_stop_per_scope",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.scope}".strip()


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
    # what the reviewer's tools may want without asking for the prediction
    metadata = models.JSONField(default=dict)

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
