"""One clock for every process: live is speed 1, a demo or a replay is the same code faster."""

from typing import ClassVar

from django.db import models


class ClockRow(models.Model):
    """The single row that maps real time to the time of the operation."""

    real_anchor = models.DateTimeField()
    virtual_anchor = models.DateTimeField()
    speed = models.FloatField(default=1.0)

    class Meta:
        db_table = "ledger_clock"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(pk=1), name="clock_is_one_row"),
            models.CheckConstraint(condition=models.Q(speed__gte=0), name="clock_never_runs_back"),
        ]

    def __str__(self) -> str:
        return f"{self.virtual_anchor} at x{self.speed}"
