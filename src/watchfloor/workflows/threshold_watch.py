"""A day after thresholds moved: what came stands beside what was promised."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from watchfloor.core.decision.simulation.realised import (
    Figure,
    Finding,
    falser_than,
    more_a_day,
)
from watchfloor.core.decision.simulation.tally import PerDay
from watchfloor.core.decision.simulation.what_if import WhatIf, what_if
from watchfloor.noc.decision import threshold_proposals, threshold_watches, thresholds
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.models import ThresholdAuditLog, ThresholdProposal, ThresholdWatch
from watchfloor.noc.models.thresholds import WatchState
from watchfloor.noc.queries import threshold_simulation
from watchfloor.tenants.models import Tenant

ACTOR = "system:threshold_watch"


@transaction.atomic
def check(*, tenant: Tenant, watch_id: int, now: datetime) -> WatchState:
    """
    Hold the day since a move against what the simulation had promised of it.

    Both are told alike: what the thresholds do with the predictions, before caps and repeats.
    Where more came than chance explains, the way back is proposed and an alert is raised;
    nothing is taken back by itself.

    Raises:
        NotFound: this tenant has no such watch.
    """
    watch = threshold_watches.get_watch(tenant=tenant, watch_id=watch_id)
    changes = threshold_watches.changes_of(tenant=tenant, watch=watch)
    if watch.state != WatchState.RUNNING:
        return WatchState(watch.state)
    if threshold_watches.is_overtaken(tenant=tenant, changes=changes):
        return _settle(watch, WatchState.OVERTAKEN, [], None, now)
    findings = _findings(tenant, watch, changes[-1], now)
    if not findings:
        return _settle(watch, WatchState.NOTHING, [], None, now)
    if not any(each.is_broken for each in findings):
        return _settle(watch, WatchState.KEPT, findings, None, now)
    proposal = _propose_the_way_back(tenant, watch, changes, findings, now)
    _alert(tenant, watch, findings, now)
    return _settle(watch, WatchState.BROKEN, findings, proposal, now)


def _settle(
    watch: ThresholdWatch,
    state: WatchState,
    findings: list[Finding],
    proposal: ThresholdProposal | None,
    now: datetime,
) -> WatchState:
    told = [{**asdict(each), "is_broken": each.is_broken} for each in findings]
    threshold_watches.settle(watch, state=state, findings=told, proposal=proposal, now=now)
    return state


def _findings(
    tenant: Tenant, watch: ThresholdWatch, change: ThresholdAuditLog, now: datetime
) -> list[Finding]:
    history = threshold_watches.history_since(
        tenant=tenant, model_type=watch.model_type, since=watch.started_at, until=now
    )
    if not history.n:
        return []
    values = thresholds.values_in_force(tenant=tenant, model_type=watch.model_type)
    policy = threshold_simulation.policy_as_if_on(
        tenant=tenant, model_type=watch.model_type, values=values
    )
    came = what_if(history, policy)
    return [
        *_more(change.simulation, came),
        falser_than(eps=values["eps_ticket"], seen=came.false_discovery),
    ]


def _more(promised: dict[str, Any], came: WhatIf) -> list[Finding]:
    days, after = promised["days"], promised["after"]
    return [
        more_a_day(
            Figure.TICKETS,
            promised=PerDay(after["tickets"]["n"], days),
            realised=came.tickets_a_day,
        ),
        more_a_day(
            Figure.REVIEWS,
            promised=PerDay(after["reviews"]["n"], days),
            realised=came.reviews_a_day,
        ),
    ]


def _propose_the_way_back(
    tenant: Tenant,
    watch: ThresholdWatch,
    changes: list[ThresholdAuditLog],
    findings: list[Finding],
    now: datetime,
) -> ThresholdProposal:
    values = thresholds.values_in_force(tenant=tenant, model_type=watch.model_type)
    return threshold_proposals.open_proposal(
        tenant=tenant,
        model_type=watch.model_type,
        changes=[
            {
                "key": each.key,
                "value": each.old_value,
                "version": thresholds.version_of(
                    tenant=tenant, model_type=watch.model_type, key=each.key
                ),
                "before": values[each.key],
            }
            for each in changes
        ],
        reason=f"After a day not as promised: {words_of(findings)}.",
        actor=ACTOR,
        simulation={},
        now=now,
    )


def words_of(findings: list[Finding]) -> str:
    """
    Return what is broken, in a few words.

    >>> words_of([Finding(Figure.REVIEWS, 10.0, 30.0, 30, 1e-6)])
    'reviews a day 30, promised 10'
    """
    return "; ".join(
        f"{each.figure.value.replace('_', ' ')} {each.realised:.3g}, promised {each.promised:.3g}"
        for each in findings
        if each.is_broken
    )


def _alert(tenant: Tenant, watch: ThresholdWatch, findings: list[Finding], now: datetime) -> None:
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="THRESHOLD_NOT_AS_PROMISED",
            severity="MEDIUM",
            fingerprint=f"threshold_watch:{watch.pk}",
            message=(
                f"A day after thresholds of {watch.model_type} moved: {words_of(findings)}. "
                "The way back is proposed."
            ),
            entity_type="model",
            entity_id=watch.model_type,
            site=None,
            metadata={"watch_id": watch.pk},
        ),
        now=now,
    )
