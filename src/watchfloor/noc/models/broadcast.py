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


class LiveConnection(TenantRow):
    """One open page that listens; a row not refreshed for half a minute is nobody."""

    channel = models.CharField(max_length=120, unique=True)
    user_id = models.BigIntegerField()
    # Real time: a socket lives by the machine's clock, whatever the operation's clock says.
    connected_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        db_table = "noc_live_connection"
        indexes: ClassVar = [models.Index(fields=["tenant", "last_seen_at"], name="noc_live_seen")]

    def __str__(self) -> str:
        return self.channel
