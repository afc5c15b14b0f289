"""What was told to open pages, and how many were listening."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class NOCEventLog(TenantRow):
    """One broadcast to the live pages of one tenant."""

    event_type = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    # Per tenant, without a gap: a page that misses one fetches again.
    seq = models.BigIntegerField()
    broadcast_at = models.DateTimeField()
    recipient_count = models.PositiveIntegerField()

    class Meta:
        db_table = "noc_event_log"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="broadcast_seq_once_per_tenant")
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.event_type}"
