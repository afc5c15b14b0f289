"""Policy switches: what is off until somebody turns it on, and the one switch that stops all."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class FeatureFlag(TenantRow):
    """One automation of one tenant; a missing row means off."""

    key = models.CharField(max_length=60)
    # Empty means every model type of the tenant.
    model_type = models.CharField(max_length=50, blank=True)
    is_on = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "tenants_feature_flag"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "key", "model_type"], name="feature_flag_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {'on' if self.is_on else 'off'}"


class KillSwitch(models.Model):
    """The single row that stops every automatic action of every tenant."""

    engaged = models.BooleanField(default=False)
    # Workers compare this number once per micro-batch, so one cheap read is the whole cost.
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "tenants_kill_switch"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(pk=1), name="kill_switch_is_one_row")
        ]

    def __str__(self) -> str:
        return "engaged" if self.engaged else "released"


class MLConfigOverride(TenantRow):
    """One ML_CONFIG key with another value for one tenant."""

    key = models.CharField(max_length=80)
    value = models.JSONField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "tenants_ml_config_override"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "key"], name="ml_config_override_once")
        ]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"
