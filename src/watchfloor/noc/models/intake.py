"""What came in: every signal once, and what could not be read."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class IngestKey(TenantRow):
    """Proof that an event was stored; written in the transaction that stored it."""

    source = models.CharField(max_length=80)
    event_id = models.CharField(max_length=120)
    row_id = models.UUIDField()

    class Meta:
        db_table = "noc_ingest_key"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "source", "event_id"], name="event_stored_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"


class ActivitySignal(TenantRow):
    """One message from the edge, as it came; append-only."""

    id = models.UUIDField(primary_key=True, editable=False)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    device = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    event_type = models.CharField(max_length=30)
    event_id = models.CharField(max_length=120)
    shift = models.CharField(max_length=120, blank=True)
    person = models.ForeignKey("tenants.Person", models.PROTECT, null=True, related_name="+")
    site = models.ForeignKey("tenants.Site", models.PROTECT, null=True, related_name="+")
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    accuracy_m = models.FloatField(null=True)
    payload = models.JSONField()

    class Meta:
        db_table = "noc_activity_signal"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "person", "-received_at"], name="noc_signal_person"),
            models.Index(fields=["tenant", "device", "-received_at"], name="noc_signal_device"),
            models.Index(fields=["tenant", "site", "-received_at"], name="noc_signal_site"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_type} {self.device}"


class SiteNetwork(TenantRow):
    """When a Wi-Fi or radio cell was first seen at a site; derived from its check-ins."""

    site = models.ForeignKey("tenants.Site", models.PROTECT, related_name="+")
    network = models.CharField(max_length=120)
    first_seen_at = models.DateTimeField()

    class Meta:
        db_table = "noc_site_network"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "site", "network"], name="network_once_per_site"
            )
        ]

    def __str__(self) -> str:
        return f"{self.network} at {self.site}"


class DeadLetterState(models.TextChoices):
    """What became of a message that could not be read."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"


class DeadLetter(TenantRow):
    """A message that could not be read: which field, what came, what was expected."""

    door = models.CharField(max_length=20)
    topic = models.CharField(max_length=400)
    payload = models.BinaryField()
    payload_sha256 = models.CharField(max_length=64)
    payload_size = models.PositiveIntegerField()
    # Only the head of an oversize message is kept, and it cannot be replayed.
    truncated = models.BooleanField(default=False)
    field = models.CharField(max_length=200)
    error = models.TextField()
    occurrences = models.PositiveIntegerField(default=1)
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=DeadLetterState.choices, default=DeadLetterState.OPEN
    )
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "noc_dead_letter"
        constraints: ClassVar = [
            # The broker repeats a message until it is acknowledged: one letter, counted.
            models.UniqueConstraint(
                fields=["tenant", "door", "topic", "payload_sha256"], name="dead_letter_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "state", "-last_received_at"], name="noc_dead_recent")
        ]

    def __str__(self) -> str:
        return f"{self.door} {self.topic}: {self.error}"
