"""What other thresholds would have done with the logged predictions of one model type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from watchfloor.core.arrays import BoolArray
from watchfloor.core.conformal.certified import Certificate
from watchfloor.core.conformal.coverage import ScoredCounts
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.simulation.comparison import Comparison, compare
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.guarantee import Guarantee, days_to_wait, guarantee_at
from watchfloor.core.decision.simulation.history import History, history_of
from watchfloor.core.decision.simulation.suggestions import Suggestion, suggestions
from watchfloor.core.decision.simulation.tally import Share
from watchfloor.core.decision.simulation.what_if import WhatIf, what_if
from watchfloor.core.errors import InvalidInput
from watchfloor.core.local_time import local_day
from watchfloor.core.thresholds import SHAPING, checked
from watchfloor.ml.coverage.coverage_window import WEEK_DAYS, Window, read_window
from watchfloor.ml.inference import model_queries
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.decision import thresholds
from watchfloor.noc.intake import logs
from watchfloor.noc.queries import prediction_queries
from watchfloor.tenants import flags
from watchfloor.tenants.flags import AutomationInForce, Flag
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.models.places import RolloutStage

MOST_WEEKS = 104
# Fewer known outcomes say too little to choose thresholds by.
ENOUGH_KNOWN = 200


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Past:
    """
    The logged predictions of the serving version, read once for any number of questions.

    Args:
        version: whose predictions these are; empty where nothing serves, and all are taken.
        first, last: whole local days, both included.
        curve, certificate: of promises, of the calibration that decides now; None without one.
        values: every threshold in force.
        clear_on: whether clearing is switched on; tickets are always thought as switched on.
    """

    model_type: str
    version: str
    first: date
    last: date
    history: History
    curve: EpsCurve | None
    certificate: Certificate | None
    values: Mapping[str, float]
    clear_on: bool
    window: Window
    rows: BoolArray

    @property
    def has_enough(self) -> bool:
        """Whether enough outcomes are known to choose by."""
        return self.history.n_known >= ENOUGH_KNOWN

    @property
    def days_to_enough(self) -> int | None:
        """In how many days enough outcomes are known, at the pace so far; None at no pace."""
        known = self.history.n_known
        return days_to_wait(ENOUGH_KNOWN - known, known=known, days=self.history.days)

    def policy(self, values: Mapping[str, float]) -> DecisionPolicy:
        """Return the policy of some thresholds, as if tickets were on and no cap were reached."""
        return _as_if_on(values, clear_on=self.clear_on)


def policy_as_if_on(
    *, tenant: Tenant, model_type: str, values: Mapping[str, float]
) -> DecisionPolicy:
    """Return the policy of some thresholds as a simulation thinks it: tickets on, no cap met."""
    automation = flags.automation_in_force(tenant=tenant, model_type=model_type)
    return _as_if_on(values, clear_on=Flag.AUTO_CLEAR in automation.on)


def _as_if_on(values: Mapping[str, float], *, clear_on: bool) -> DecisionPolicy:
    on = {Flag.AUTO_TICKET, Flag.AUTO_CLEAR} if clear_on else {Flag.AUTO_TICKET}
    switches = AutomationInForce(False, 0, RolloutStage.ON, frozenset(on))
    return thresholds.policy_for(values=values, automation=switches, pilot_site=False)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Simulation:
    """
    The thresholds in force and proposed ones on identical data.

    Args:
        proposed: every threshold as it would be.
        promised, promise: what is guaranteed of tickets now, and would be.
    """

    past: Past
    proposed: Mapping[str, float]
    comparison: Comparison
    promised: Guarantee
    promise: Guarantee


def read_past(*, tenant: Tenant, model_type: str, weeks: int, now: datetime) -> Past:
    """
    Read the whole weeks up to yesterday; a handful of queries, whatever the predictions.

    Raises:
        InvalidInput: weeks do not fit.
        NotFound: this tenant has no such model type.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise InvalidInput(field="weeks", value=weeks, expected=f"1 to {MOST_WEEKS}")
    is_predicted = model_type in prediction_queries.model_types(tenant)
    card = model_queries.get_card(tenant=tenant, model_type=model_type, is_predicted=is_predicted)
    last = local_day(now, tenant.zone) - timedelta(days=1)
    window = read_window(tenant=tenant, model_type=model_type, last=last, weeks=weeks)
    version = card.version.version if card.version is not None else ""
    values = thresholds.values_in_force(tenant=tenant, model_type=model_type)
    rows = _of_version(window, version)
    automation = flags.automation_in_force(tenant=tenant, model_type=model_type)
    return Past(
        model_type=model_type,
        version=version,
        first=window.first,
        last=window.last,
        history=_history(window, rows, borders=(values["review_score"],)),
        curve=card.calibration.tickets_at if card.calibration is not None else None,
        certificate=card.calibration.ticket if card.calibration is not None else None,
        values=values,
        clear_on=Flag.AUTO_CLEAR in automation.on,
        window=window,
        rows=rows,
    )


def _of_version(window: Window, version: str) -> BoolArray:
    if not version:
        return np.ones(len(window.day), dtype=np.bool_)
    index = window.versions.index(version) if version in window.versions else -1
    found: BoolArray = window.version == index
    return found


def _history(window: Window, rows: BoolArray, *, borders: Sequence[float]) -> History:
    counts = window.counts
    days = window.day[rows]
    return history_of(
        ScoredCounts(
            scores=counts.scores[rows],
            calibration=counts.calibration[rows],
            clean=counts.clean[rows],
            event=counts.event[rows],
            unknown=counts.unknown[rows],
        ),
        [each.calibration for each in window.calibrations],
        # From the first day on that has predictions: a young model is no quiet one.
        days=(window.last - window.first).days + 1 - int(days.min()) if len(days) else 1,
        borders=borders,
    )


def proposed_values(past: Past, changes: Mapping[str, float]) -> dict[str, float]:
    """
    Return every threshold as it would be.

    Raises:
        InvalidInput: a threshold that shapes no decision, or a value out of its range.
    """
    for key in changes:
        if key not in SHAPING:
            raise InvalidInput(
                field=key, value=changes[key], expected=f"one of {', '.join(SHAPING)}"
            )
    return {**past.values, **{key: checked(key, value) for key, value in changes.items()}}


def simulate(past: Past, changes: Mapping[str, float]) -> Simulation:
    """
    Return what changed thresholds would have done beside those in force.

    Raises:
        InvalidInput: as `proposed_values`.
    """
    proposed = proposed_values(past, changes)
    return Simulation(
        past=past,
        proposed=proposed,
        comparison=compare(past.history, past.policy(past.values), past.policy(proposed)),
        promised=_guarantee(past, past.values),
        promise=_guarantee(past, proposed),
    )


def _guarantee(past: Past, values: Mapping[str, float]) -> Guarantee:
    threshold = max(values["ticket_score"], values["review_score"])
    above = past.history.scores >= threshold
    clean, event = (int(each[above].sum()) for each in (past.history.clean, past.history.event))
    n = past.history.clean + past.history.event + past.history.unknown
    return guarantee_at(
        past.curve,
        certificate=past.certificate,
        threshold=threshold,
        asked=values["eps_ticket"],
        seen=Share(clean, clean + event),
        above=lambda at: int(n[past.history.scores >= at].sum()),
    )


def suggest(past: Past, *, costs: Costs, hours_a_day: float) -> tuple[Suggestion, ...]:
    """Return thresholds worth trying, each with what it would have done."""
    return suggestions(
        past.history,
        past.policy(past.values),
        curve=past.curve,
        certificate=past.certificate,
        costs=costs,
        hours_a_day=hours_a_day,
    )


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One site group or one week, by its name: what the policy would have done there."""

    name: str
    found: WhatIf


def by_site_group(past: Past, values: Mapping[str, float]) -> list[GroupFigures]:
    """Return what thresholds would have done in each site group."""
    names = past.window.site_groups
    return [
        _group(past, name, past.window.site_group == index, values)
        for index, name in enumerate(names)
    ]


def by_week(past: Past, values: Mapping[str, float]) -> list[GroupFigures]:
    """Return what thresholds would have done in each week, by its first day, oldest first."""
    weeks = ((past.last - past.first).days + 1) // WEEK_DAYS
    return [
        _group(
            past,
            (past.first + timedelta(days=WEEK_DAYS * week)).isoformat(),
            past.window.day // WEEK_DAYS == week,
            values,
        )
        for week in range(weeks)
    ]


def _group(past: Past, name: str, group: BoolArray, values: Mapping[str, float]) -> GroupFigures:
    rows: BoolArray = past.rows & group
    history = _history(past.window, rows, borders=(past.values["review_score"],))
    return GroupFigures(name, what_if(history, past.policy(values)))


def affected(
    *, tenant: Tenant, past: Past, proposed: Mapping[str, float], limit: int = 20
) -> list[ScoredPrediction]:
    """
    Return the newest predictions between a threshold in force and a proposed one, newest first.

    Only the two scores are looked at: what a width or a promise changes is in the counts.
    """
    table = logs.table_of(logs.log_of(past.model_type))
    found: dict[object, ScoredPrediction] = {}
    for key in ("review_score", "ticket_score"):
        low, high = sorted((past.values[key], proposed[key]))
        rows = table._default_manager.filter(
            tenant_id=tenant.pk, model_type=past.model_type, score__gte=low, score__lt=high
        )
        if past.version:
            rows = rows.filter(model_version=past.version)
        for row in rows.select_related("site").order_by("-occurred_at", "-id")[:limit]:
            found[row.id] = row
    return sorted(found.values(), key=lambda row: (row.occurred_at, row.id), reverse=True)[:limit]
