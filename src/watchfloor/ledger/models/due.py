"""Work with a due time. A broker message only wakes somebody to look here."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.tenants.scoping import TenantRow


class DueState(models.TextChoices):
    """Life of a due row."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class DueRow(TenantRow):
    """One piece of work for one tenant, done once, whoever crashes."""

    kind = models.CharField(max_length=60)
    # The same work asked for twice is one row: "daily_metrics:2026-03-01".
    dedupe_key = models.CharField(max_length=160)
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=DueState.choices, default=DueState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # A lease is real time, for it guards against a dead process, not against the story's clock.
    leased_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=80, blank=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        db_table = "ledger_due"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "dedupe_key"], name="due_row_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="ledger_due_open",
                condition=Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} due {self.due_at}"
