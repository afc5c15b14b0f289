"""What follows a model beside its calibration: live coverage, and the guard of its set."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class CoverageMonitor(TenantRow):
    """The online methods that hold 90, 95 and 99 % for one model version, come what may."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    # Canonical bytes of core.conformal.live_coverage.LiveCoverage.
    state = models.BinaryField()
    # Outcomes up to this id have been learned from; the next night starts behind it.
    last_outcome_id = models.BigIntegerField(default=0)
    # Scored predictions up to `counted_until`: a delay is counted in predictions.
    n_predictions = models.PositiveBigIntegerField(default=0)
    counted_until = models.DateTimeField()
    started_at = models.DateTimeField()

    class Meta:
        db_table = "ml_coverage_monitor"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version"],
                name="one_coverage_monitor_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"live coverage of {self.model_type} {self.model_version}"


class CoverageStep(TenantRow):
    """
    What was said of the outcomes of predictions from a moment on, until the next step.

    The step in force when a prediction was made is the memory of what was issued with it.
    Steps are added and never changed.
    """

    monitor = models.ForeignKey(CoverageMonitor, models.PROTECT, related_name="steps")
    started_at = models.DateTimeField()
    # Scored predictions made before it.
    n_predictions = models.PositiveBigIntegerField()
    # Outcomes learned from before it, and by level in percent the level asked for, the
    # quantile (both as exact hexadecimals; "inf" is the whole range) and the misses so far.
    n_outcomes = models.PositiveBigIntegerField()
    levels = models.JSONField()

    class Meta:
        db_table = "ml_coverage_step"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["monitor", "started_at"], name="coverage_step_once")
        ]

    def __str__(self) -> str:
        return f"step of {self.monitor} from {self.started_at}"


class ExchangeabilityGuard(TenantRow):
    """The bet that outcomes have stopped coming as those of one calibration set came."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    calibration_sha256 = models.CharField(max_length=64)
    # Canonical bytes of core.conformal.exchangeability.Guard.
    state = models.BinaryField()
    # Outcomes that took longer than this are compared on neither side.
    longest_delay_s = models.FloatField()
    # Seen: predictions up to this moment, with outcomes up to this id.
    seen_until = models.DateTimeField()
    last_outcome_id = models.BigIntegerField()
    # Set by an alarm: since about when outcomes have come otherwise.
    turned_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField()

    class Meta:
        db_table = "ml_exchangeability_guard"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "model_type", "model_version", "calibration_sha256"],
                name="one_guard_per_calibration",
            )
        ]

    def __str__(self) -> str:
        return f"guard of {self.model_type} {self.model_version} {self.calibration_sha256[:12]}"
