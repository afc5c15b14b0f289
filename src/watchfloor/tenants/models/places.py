"""Tenants, their sites, people and devices, and the days they do not work."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class RolloutStage(models.TextChoices):
    """How far automation may go for one tenant; each stage includes the ones before it."""

    METRICS_ONLY = "metrics_only", "Metrics only"
    ALERTS_ONLY = "alerts_only", "Alerts only"
    PILOT = "pilot", "Pilot sites"
    ON = "on", "On"


class Tenant(models.Model):
    """One customer whose rows nobody else may see."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    holiday_country = models.CharField(max_length=2, blank=True)
    holiday_subdivision = models.CharField(max_length=10, blank=True)
    stage = models.CharField(
        max_length=20, choices=RolloutStage.choices, default=RolloutStage.METRICS_ONLY
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "tenants_tenant"

    def __str__(self) -> str:
        return self.code

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this tenant's days begin and end."""
        return ZoneInfo(self.time_zone)


class Site(TenantRow):
    """One guarded place."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    client_name = models.CharField(max_length=120, blank=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    radius_m = models.FloatField(default=200.0)
    # Minutes between the calls a guard here must answer; null where there are none.
    heartbeat_min = models.FloatField(null=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    # Rollups are kept per group, so a tenant of thousands of sites keeps its histograms few.
    site_group = models.CharField(max_length=40, default="all")
    is_pilot = models.BooleanField(default=False)

    class Meta:
        db_table = "tenants_site"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code"], name="site_code_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def zone(self) -> ZoneInfo:
        """The zone of this site's wall clock."""
        return ZoneInfo(self.time_zone)


class Person(TenantRow):
    """A guard or other member of staff whom events are about."""

    code = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    home_site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="+")
    enabled = models.BooleanField(default=True)

    class Meta:
        db_table = "tenants_person"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code"], name="person_code_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.code


class Device(TenantRow):
    """A phone or sensor; its identity is its MQTT topic, proven by its own secret."""

    code = models.CharField(max_length=60)
    site = models.ForeignKey(Site, models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    secret_sha256 = models.CharField(max_length=64, blank=True)
    enabled = models.BooleanField(default=True)
    last_heard_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "tenants_device"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code"], name="device_code_once_per_tenant")
        ]

    def __str__(self) -> str:
        return self.code


class Holiday(TenantRow):
    """One day on which a region of a tenant does not work as usual."""

    day = models.DateField()
    name = models.CharField(max_length=120)
    region = models.CharField(max_length=10, blank=True)
    source = models.CharField(max_length=20, default="holidays")

    class Meta:
        db_table = "tenants_holiday"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "day", "region"], name="holiday_once_per_day_and_region"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
