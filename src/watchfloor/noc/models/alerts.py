"""Conditions that need attention."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.tenants.scoping import TenantRow


class AlertStatus(models.TextChoices):
    """Life of an alert."""

    FIRING = "firing", "Firing"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"


class AlertEvent(TenantRow):
    """One condition, open until resolved; repeats are counted on it, not stored beside it."""

    alert_type = models.CharField(max_length=50)
    severity = models.CharField(max_length=10)
    status = models.CharField(
        max_length=15, choices=AlertStatus.choices, default=AlertStatus.FIRING
    )
    fingerprint = models.CharField(max_length=200)
    site = models.ForeignKey("tenants.Site", models.PROTECT, null=True, related_name="+")
    entity_type = models.CharField(max_length=50)
    entity_id = models.CharField(max_length=120)
    message = models.TextField()
    metadata = models.JSONField(default=dict)
    occurrences = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    # null: seen in time, or not yet waited for too long
    escalated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "noc_alert_event"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "fingerprint"],
                condition=~Q(status="resolved"),
                name="one_open_alert_per_fingerprint",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "status", "-created_at"], name="noc_alert_recent")
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.alert_type}"
