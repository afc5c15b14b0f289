"""
Which predictions a calibration set may be cut from: old enough, seen as planned, not too alike.

A cohort is closed when the slow outcomes have come too: when it is older than nearly all label
delays, or when nearly all its outcomes are known whatever their delays. And of what people were
asked about, most must be known: what is missing from the rest is not missing at random.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

import numpy as np
from django.db.models import Count, Max, Q, QuerySet

from watchfloor.core.conformal.closed_cohort import closed_age
from watchfloor.core.decision.policy import Outcome, Reason
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import day_bounds
from watchfloor.ml.models import OutcomeRecord, ScoredPrediction
from watchfloor.tenants.models import Tenant

# Delays are taken from outcomes of so many days; longer ones cannot be seen.
DELAYS_OF = timedelta(days=180)
# Below this share of what should be known by now the cohort is not what its propensities say.
COMPLETE_SHARE = 0.8
# How many standard errors a sampled share may lie below it by luck.
LUCK = 3.0

Logged = tuple[str, str, str]
"""Entity type, entity id and decision of a logged prediction."""

NOWHERE: Logged = ("", "", "")

ASKED = (Outcome.HUMAN_REVIEW.value, Outcome.AUTO_TICKET.value)
QUIET = (Outcome.LOG_ONLY.value, Outcome.AUTO_CLEAR.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRules:
    """
    How strict a cohort is.

    Args:
        closed_share: share of the outcomes of each kind that must be known at its age.
        entity_cap: most rows about one entity.
        enough: rows that suffice: the newest closed predictions speak best for those to come, and
            older ones are taken only while there are fewer.
        shortest: how far before the closed border a cohort reaches back in any case.
        longest: how far it may reach back while they do not.
    """

    closed_share: float = 0.99
    entity_cap: int = 50
    enough: int = 5000
    shortest: timedelta = timedelta(days=28)
    longest: timedelta = timedelta(days=90)

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Self:
        """Return the rules that the thresholds in force ask for."""
        return cls(closed_share=values["closed_share"], entity_cap=int(values["entity_cap"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """
    Where the predictions of one model type are logged.

    Args:
        name: of the log.
        table: its rows.
    """

    name: str
    table: type[ScoredPrediction]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCohort:
    """
    The usable known outcomes of closed predictions, oldest first.

    Args:
        records: current outcomes of usable predictions from `start` up to `end`, included.
        logged: entity type, entity id and decision of each logged prediction, by id.
        label_delay: the age by which the rules' share of outcomes of each kind is known.
        is_complete: True where `end` is as far as that share of all predictions is known
            already, so that it does not matter how long outcomes take.
        n_known: known outcomes of the model type in the same span, usable or not.
        n_younger: known outcomes of predictions that are younger, and so left out.
        asked_known: share of what people were asked about that known outcomes stand for.
        quiet_known: share of the quiet rest that they stand for; both None without any.
        asked_from: the highest review threshold in force: from there on everything was asked.
    """

    records: Sequence[OutcomeRecord]
    logged: Mapping[UUID, Logged]
    start: datetime
    end: datetime
    label_delay: timedelta
    is_complete: bool
    n_known: int
    n_younger: int
    asked_known: float | None
    quiet_known: float | None
    asked_from: float

    @property
    def quiet_is_known(self) -> bool:
        """Whether the known outcomes speak for the predictions that nobody was asked about."""
        return self.quiet_known is None or self.quiet_known >= COMPLETE_SHARE


def closed_cohort(
    *,
    tenant: Tenant,
    log: Log,
    model_type: str,
    rules: CohortRules,
    world_since: datetime | None,
    usable: Callable[[OutcomeRecord], bool],
    now: datetime,
) -> ClosedCohort:
    """
    Return the newest closed and complete cohort of a model type.

    Args:
        world_since: nothing older speaks for the world as it is; None for no known change.
        usable: whether a record may calibrate at all; it must not look at the outcome.

    Raises:
        NotReady: no outcome is known, or too many of those that should be are missing.
    """
    delay = _label_delay(tenant, log, model_type, rules, now)
    complete_until = _complete_until(tenant, log, model_type, rules, now)
    end = max(now - delay, complete_until) if complete_until else now - delay
    since = end - rules.longest if world_since is None else max(end - rules.longest, world_since)
    known = _known(tenant, log, model_type, since=since, now=now)
    closed = [record for record in known if record.occurred_at <= end]
    taken = [record for record in closed if usable(record)]
    start = _start(taken, rules, since=since, latest=end - rules.shortest)
    within = [record for record in closed if record.occurred_at >= start]
    logged = _logged(tenant, log, [record.prediction_id for record in within])
    seen = _seen(tenant, log, model_type, start=start, end=end)
    asked_known = _share_known(within, logged, ASKED, seen)
    if asked_known is not None and asked_known < COMPLETE_SHARE:
        raise NotReady(
            f"outcomes of {asked_known:.0%} of the closed predictions that people were asked about "
            f"are known; below {COMPLETE_SHARE:.0%} the rest is not missing by chance"
        )
    return ClosedCohort(
        records=[record for record in taken if record.occurred_at >= start],
        logged=logged,
        start=start,
        end=end,
        label_delay=delay,
        is_complete=complete_until == end,
        n_known=len(within),
        n_younger=len(known) - len(closed),
        asked_known=asked_known,
        quiet_known=_share_known(within, logged, QUIET, seen),
        asked_from=seen.asked_from,
    )


def _label_delay(
    tenant: Tenant, log: Log, model_type: str, rules: CohortRules, now: datetime
) -> timedelta:
    rows = _current(tenant, log, model_type, known_by=now).filter(occurred_at__gte=now - DELAYS_OF)
    found = list(rows.values_list("occurred_at", "known_at", "value"))
    # A device's clock may be ahead: an outcome before its event was known at once.
    delays = [max((known_at - at).total_seconds(), 0.0) for at, known_at, _ in found]
    age = closed_age(
        delays,
        [max((now - at).total_seconds(), d) for (at, *_), d in zip(found, delays, strict=True)],
        [value for *_, value in found],
        share=rules.closed_share,
    )
    if age is None:
        raise NotReady(f"no outcome of {model_type} is known yet")
    return timedelta(seconds=age)


def _complete_until(
    tenant: Tenant, log: Log, model_type: str, rules: CohortRules, now: datetime
) -> datetime | None:
    """
    Return the end of the newest local day whose last week of predictions is nearly all known.

    Who tells of every prediction, and of a whole year at once, has outcomes that took a year
    and a cohort that is closed all the same. None while there is no such day.
    """
    rows = log.table._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=model_type,
        occurred_at__gte=now - rules.longest,
        occurred_at__lte=now,
    ).exclude(decision=Outcome.SUPPRESSED_DUPLICATE.value)
    days = rows.values_list("local_day").annotate(n=Count("id"), known=_known_by(now))
    counted = {day: (n, known) for day, n, known in days.order_by()}
    complete = max((day for day in counted if _is_known(counted, day, rules)), default=None)
    return min(day_bounds(complete, tenant.zone)[1], now) if complete else None


def _is_known(counted: Mapping[date, tuple[int, int]], day: date, rules: CohortRules) -> bool:
    # A week, so that a young and hardly known day cannot hide behind an old and long one.
    week = [counted.get(day - timedelta(days=back), (0, 0)) for back in range(7)]
    return sum(known for _, known in week) >= rules.closed_share * sum(n for n, _ in week)


def _known_by(now: datetime) -> Count:
    return Count("outcome", filter=Q(outcome_known_at__lte=now))


def _current(
    tenant: Tenant, log: Log, model_type: str, *, known_by: datetime
) -> QuerySet[OutcomeRecord]:
    return OutcomeRecord.objects.for_tenant(tenant).filter(
        log=log.name, model_type=model_type, is_current=True, known_at__lte=known_by
    )


def _known(
    tenant: Tenant, log: Log, model_type: str, *, since: datetime, now: datetime
) -> list[OutcomeRecord]:
    rows = _current(tenant, log, model_type, known_by=now).filter(occurred_at__gte=since)
    return list(rows.order_by("occurred_at", "prediction_id"))


def _start(
    taken: Sequence[OutcomeRecord], rules: CohortRules, *, since: datetime, latest: datetime
) -> datetime:
    """Return where the shortest window with enough rows begins; no outcome has a say in it."""
    if len(taken) <= rules.enough:
        return since
    return max(since, min(latest, taken[-rules.enough].occurred_at))


def _logged(tenant: Tenant, log: Log, ids: Sequence[UUID]) -> dict[UUID, Logged]:
    found: dict[UUID, Logged] = {}
    for first in range(0, len(ids), 5000):
        rows = log.table._default_manager.filter(
            tenant_id=tenant.pk, id__in=ids[first : first + 5000]
        )
        columns = rows.values_list("id", "entity_type", "entity_id", "decision")
        found.update({key: (kind, entity, decision) for key, kind, entity, decision in columns})
    return found


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many predictions had each decision, and the highest score that sent one to people."""

    n: Mapping[str, int]
    asked_from: float


def _seen(tenant: Tenant, log: Log, model_type: str, *, start: datetime, end: datetime) -> _Seen:
    rows = log.table._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=model_type,
        occurred_at__gte=start,
        occurred_at__lte=end,
    )
    # What could not be scored is no matter of this model; before the first one nothing could.
    rows = rows.filter(Q(score__isnull=False) | Q(reason=Reason.NO_MODEL.value))
    counts = rows.values_list("decision").annotate(n=Count("id")).order_by()
    highest = rows.aggregate(highest=Max("review_score"))["highest"]
    return _Seen(n=dict(counts), asked_from=highest or 0.0)


def _share_known(
    records: Sequence[OutcomeRecord],
    logged: Mapping[UUID, Logged],
    decisions: Sequence[str],
    seen: _Seen,
) -> float | None:
    """
    Return the share of the predictions so decided that known outcomes stand for; None of none.

    Each known outcome stands for 1 / propensity predictions (Horvitz & Thompson, 1952). The
    share is taken three standard errors high: it may lie too low by the luck of the draw.
    """
    n = sum(seen.n.get(decision, 0) for decision in decisions)
    if not n:
        return None
    chances = np.array(
        [r.propensity for r in records if logged.get(r.prediction_id, NOWHERE)[2] in decisions],
        dtype=np.float64,
    )
    stands_for = float((1 / chances).sum())
    spread = math.sqrt(float(((1 - chances) / chances**2).sum()))
    return min((stands_for + LUCK * spread) / n, 1.0)
