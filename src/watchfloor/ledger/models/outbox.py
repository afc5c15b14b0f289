"""What the world is told after a commit, in the order it happened."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from watchfloor.tenants.scoping import TenantRow


class OutboxMessage(TenantRow):
    """One hint to the open pages, or one delivery that must arrive."""

    # websocket, email, webhook: each channel has its own relay.
    channel = models.CharField(max_length=20)
    kind = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    recipients = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        db_table = "ledger_outbox"
        indexes: ClassVar = [
            models.Index(
                fields=["channel", "id"],
                name="ledger_outbox_open",
                condition=Q(delivered_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind}"
