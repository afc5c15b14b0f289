"""What was done with the predictions of one model type, week by week, read from daily metrics."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from watchfloor.ml.coverage.coverage_window import WEEK_DAYS
from watchfloor.ml.models import ModelPerformanceMetrics
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedWeek:
    """
    Decisions of seven local days that begin with one, of every version together.

    Args:
        n: all of them; `ticketed` opened a ticket by themselves, `added` joined an open one,
            `cleared` were cleared by themselves, `reviewed` went to a person.
    """

    begins: date
    n: int
    ticketed: int
    added: int
    cleared: int
    reviewed: int

    @property
    def logged(self) -> int:
        """Neither acted on nor looked at."""
        return self.n - self.ticketed - self.added - self.cleared - self.reviewed

    @property
    def automated(self) -> int:
        """What was done without a person: tickets, additions to tickets, clearings."""
        return self.ticketed + self.added + self.cleared


def decided_weeks(
    *, tenant: Tenant, model_type: str, first: date, last: date
) -> tuple[DecidedWeek, ...]:
    """
    Return whole weeks from the first day on, ascending, none left out; one query.

    The night writes a day when it is over, so today is not among them; days whose metrics do
    not tell the kinds of decisions apart are left out.
    """
    rows = ModelPerformanceMetrics.objects.for_tenant(tenant).filter(
        model_type=model_type,
        metric_date__gte=first,
        metric_date__lte=last,
        auto_ticket_decisions__isnull=False,
    )
    weeks: dict[int, Counter[str]] = defaultdict(Counter)
    for day, *sums in rows.order_by().values_list("metric_date").annotate(**_SUMS):
        weeks[(day - first).days // WEEK_DAYS].update(dict(zip(_SUMS, sums, strict=True)))
    return tuple(
        _week(first + timedelta(days=WEEK_DAYS * k), weeks[k])
        for k in range(((last - first).days + 1) // WEEK_DAYS)
    )


_SUMS = {
    "n": Sum("total_decisions"),
    "ticketed": Sum("auto_ticket_decisions"),
    "added": Sum("duplicate_decisions"),
    "cleared": Sum("auto_clear_decisions"),
    "reviewed": Sum("manual_review_decisions"),
}


def _week(begins: date, sums: Counter[str]) -> DecidedWeek:
    return DecidedWeek(begins=begins, **{name: sums[name] for name in _SUMS})


def all_weeks(weeks: tuple[DecidedWeek, ...], *, begins: date) -> DecidedWeek:
    """Return the weeks together, as if they were one."""
    sums = Counter({name: sum(getattr(week, name) for week in weeks) for name in _SUMS})
    return _week(begins, sums)
