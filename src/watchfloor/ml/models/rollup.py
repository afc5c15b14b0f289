"""The day histogram of quantised scores by outcome, which every metric reads."""

from typing import ClassVar

from django.db import models

from watchfloor.tenants.scoping import TenantRow


class OutcomeClass(models.TextChoices):
    """Whether the event happened; unknown is never counted as clean."""

    UNKNOWN = "unknown"
    CLEAN = "clean"
    EVENT = "event"


class RollupKey(TenantRow):
    """What a histogram is kept for. Width follows from (score bin, calibration): no key."""

    model_type = models.CharField(max_length=50)
    model_version = models.CharField(max_length=50)
    calibration_hash = models.CharField(max_length=64, blank=True)
    site_group = models.CharField(max_length=40)
    local_day = models.DateField()
    outcome = models.CharField(max_length=10, choices=OutcomeClass.choices)

    class Meta:
        abstract = True


class ScoreDelta(RollupKey):
    """A change of one histogram, written in the transaction of its event or outcome."""

    # Sparse: {"bin": change}; the compactor adds it to the day and deletes this row.
    counts = models.JSONField()

    class Meta:
        db_table = "ml_score_delta"

    def __str__(self) -> str:
        return f"{self.model_type} {self.local_day} {self.outcome}"


class ScoreSpan(RollupKey):
    """
    The sum of the days of one week or month; the compactor adds to it what it adds to a day.

    Its `local_day` is the first one: a Monday, or the first of a month.
    """

    span = models.CharField(max_length=5)
    n = models.BigIntegerField()
    counts = models.BinaryField()

    class Meta:
        db_table = "ml_score_span"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "tenant",
                    "model_type",
                    "span",
                    "local_day",
                    "model_version",
                    "calibration_hash",
                    "site_group",
                    "outcome",
                ],
                name="score_span_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.span} of {self.local_day} {self.outcome} n={self.n}"


class ScoreDay(RollupKey):
    """One day's histogram: int32 pairs (bin, count), bins ascending, zero counts left out."""

    n = models.BigIntegerField()
    counts = models.BinaryField()

    class Meta:
        db_table = "ml_score_day"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "tenant",
                    "model_type",
                    "model_version",
                    "calibration_hash",
                    "site_group",
                    "local_day",
                    "outcome",
                ],
                name="score_day_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "model_type", "local_day"], name="ml_score_day_window")
        ]

    def __str__(self) -> str:
        return f"{self.model_type} {self.local_day} {self.outcome} n={self.n}"
