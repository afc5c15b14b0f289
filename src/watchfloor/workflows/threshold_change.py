"""
An operator asks what thresholds would do, moves one, and can take the move back.

Each move is a row nobody can change, and holds what the simulation said at that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.summary import promise, told
from watchfloor.core.errors import InvalidInput, NotAllowed, NotFound, SecondPersonWanted
from watchfloor.core.thresholds import ALONE, SHAPING, SPECS, checked, wants_second_person
from watchfloor.noc.decision import threshold_proposals, threshold_watches, thresholds
from watchfloor.noc.models import ThresholdAuditLog, ThresholdProposal
from watchfloor.noc.models.thresholds import ProposalState
from watchfloor.noc.queries import threshold_simulation
from watchfloor.noc.queries.threshold_simulation import Simulation
from watchfloor.tenants.models import Tenant

# What is written down with a change is said of the four weeks before it.
WEEKS = 4
# Who acts by hand, at a page or with a token; set-up, replays and rollbacks by a watch are not.
PEOPLE = ("user:", "token:")


@dataclass(frozen=True, slots=True)
class Change:
    """One threshold to be moved: to a value, or back to its default (None)."""

    key: str
    value: float | None
    expected_version: int


def simulate(
    *, tenant: Tenant, model_type: str, changes: Mapping[str, float], weeks: int, now: datetime
) -> Simulation:
    """
    Return what changed thresholds would have done with the whole weeks up to yesterday.

    Raises:
        InvalidInput: a threshold that shapes no decision, a value out of its range, or weeks
            that do not fit.
        NotFound: this tenant has no such model type.
    """
    past = threshold_simulation.read_past(
        tenant=tenant, model_type=model_type, weeks=weeks, now=now
    )
    return threshold_simulation.simulate(past, changes)


def figures_of(simulation: Simulation, costs: Costs) -> dict[str, Any]:
    """Return what a simulation says as plain values, guarantee lines included."""
    return told(simulation.comparison, costs) | {
        "first": simulation.past.first.isoformat(),
        "last": simulation.past.last.isoformat(),
        "model_version": simulation.past.version,
        "guarantee_before": promise(simulation.promised),
        "guarantee_after": promise(simulation.promise),
    }


def apply(
    *,
    tenant: Tenant,
    model_type: str,
    key: str,
    value: float | None,
    expected_version: int,
    actor: str,
    reason: str,
    now: datetime,
) -> ThresholdAuditLog:
    """
    Set a threshold, or give it back to its default (None).

    Raises:
        InvalidInput: unknown key, value out of range, or no reason.
        SecondPersonWanted: it moves by more than one person alone may move it.
        ChangedMeanwhile: somebody moved it after `expected_version` was read.
    """
    [entry] = apply_all(
        tenant=tenant,
        model_type=model_type,
        changes=[Change(key, value, expected_version)],
        actor=actor,
        reason=reason,
        now=now,
    )
    return entry


@transaction.atomic
def apply_all(
    *,
    tenant: Tenant,
    model_type: str,
    changes: Sequence[Change],
    actor: str,
    reason: str,
    now: datetime,
) -> list[ThresholdAuditLog]:
    """
    Move several thresholds of a model type together, or none of them.

    Raises:
        InvalidInput: unknown key, a key twice, value out of range, or no reason.
        SecondPersonWanted: one of them moves by more than one person alone may move it.
        ChangedMeanwhile: somebody moved one of them after its version was read.
    """
    targets = _targets(changes)
    if (key := _too_far(tenant, model_type, targets, actor)) is not None:
        raise SecondPersonWanted(
            f"{key} of {model_type} moves further than one person alone may move it: propose it, "
            "and somebody else approves it"
        )
    said = _said(tenant, model_type, targets, now)
    return _apply(tenant, model_type, changes, said, actor=actor, reason=reason, now=now)


def _too_far(
    tenant: Tenant, model_type: str, targets: Mapping[str, float], actor: str
) -> str | None:
    """Return the first threshold for which a second person has to agree; None where none has."""
    if not actor.startswith(PEOPLE):
        return None
    values = thresholds.values_in_force(tenant=tenant, model_type=model_type)
    return next(
        (
            key
            for key, value in targets.items()
            if wants_second_person(key, values[key], value, alone_step=values[ALONE])
        ),
        None,
    )


def _apply(
    tenant: Tenant,
    model_type: str,
    changes: Sequence[Change],
    said: Mapping[str, Any],
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> list[ThresholdAuditLog]:
    entries = [
        thresholds.apply_threshold(
            tenant=tenant,
            model_type=model_type,
            key=each.key,
            value=each.value,
            expected_version=each.expected_version,
            actor=actor,
            reason=reason,
            now=now,
            simulation=said,
        )
        for each in changes
    ]
    if said.get("n"):
        # Nothing was promised of a limit, or of a model that has predicted nothing.
        threshold_watches.start(tenant=tenant, model_type=model_type, changes=entries, now=now)
    return entries


@transaction.atomic
def propose(
    *,
    tenant: Tenant,
    model_type: str,
    changes: Sequence[Change],
    actor: str,
    reason: str,
    now: datetime,
) -> ThresholdProposal:
    """
    Ask a second person to agree to some moves; nothing moves yet.

    Raises:
        InvalidInput: unknown key, a key twice, value out of range, or no reason.
    """
    targets = _targets(changes)
    values = thresholds.values_in_force(tenant=tenant, model_type=model_type)
    return threshold_proposals.open_proposal(
        tenant=tenant,
        model_type=model_type,
        changes=[
            {
                "key": each.key,
                "value": each.value,
                "version": each.expected_version,
                "before": values[each.key],
            }
            for each in changes
        ],
        reason=reason,
        actor=actor,
        simulation=_said(tenant, model_type, targets, now),
        now=now,
    )


@transaction.atomic
def approve(
    *, tenant: Tenant, proposal_id: int, actor: str, reason: str, now: datetime
) -> list[ThresholdAuditLog]:
    """
    Agree to what somebody else proposed: it is in force at once.

    Raises:
        NotFound: this tenant has no such proposal.
        NotAllowed: whoever agrees is whoever proposed.
        NotReady: it is settled already.
        ChangedMeanwhile: a threshold moved since; the proposal waits on, and can be refused.
    """
    row = threshold_proposals.get_proposal(tenant=tenant, proposal_id=proposal_id)
    if row.proposed_by == actor:
        raise NotAllowed("a second person has to agree: nobody approves what they proposed")
    row = threshold_proposals.decide(
        row, to=ProposalState.APPLIED, actor=actor, reason=reason, now=now
    )
    return _apply(
        tenant,
        row.model_type,
        [Change(each["key"], each["value"], each["version"]) for each in row.changes],
        {**row.simulation, "proposal": row.pk, "proposed_by": row.proposed_by},
        actor=actor,
        reason=row.reason,
        now=now,
    )


@transaction.atomic
def refuse(
    *, tenant: Tenant, proposal_id: int, actor: str, reason: str, now: datetime
) -> ThresholdProposal:
    """
    Turn a proposal down, or take one's own back; nothing moves.

    Raises:
        NotFound: this tenant has no such proposal.
        NotReady: it is settled already.
    """
    row = threshold_proposals.get_proposal(tenant=tenant, proposal_id=proposal_id)
    return threshold_proposals.decide(
        row, to=ProposalState.REFUSED, actor=actor, reason=reason, now=now
    )


def _targets(changes: Sequence[Change]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in changes:
        if each.key in found:
            raise InvalidInput(field="key", value=each.key, expected="each threshold once")
        value = each.value
        if value is None and each.key in SPECS:
            value = SPECS[each.key].default
        found[each.key] = checked(each.key, float("nan") if value is None else value)
    return found


def _said(
    tenant: Tenant, model_type: str, targets: Mapping[str, float], now: datetime
) -> dict[str, Any]:
    """Return what a simulation says of a change; nothing of limits, or before any prediction."""
    shaping = {key: value for key, value in targets.items() if key in SHAPING}
    if not shaping:
        return {}
    try:
        simulation = simulate(
            tenant=tenant, model_type=model_type, changes=shaping, weeks=WEEKS, now=now
        )
    except NotFound:
        return {}
    return figures_of(simulation, Costs())


@transaction.atomic
def take_back(
    *, tenant: Tenant, entry_id: int, actor: str, reason: str, now: datetime
) -> ThresholdAuditLog:
    """
    Undo one change by a new row that points to it; the former value is in force again.

    Raises:
        NotFound: this tenant has no such change.
        ChangedMeanwhile: somebody moved the threshold in this very moment.
    """
    entry = ThresholdAuditLog.objects.for_tenant(tenant).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(f"threshold change {entry_id} does not exist")
    return thresholds.apply_threshold(
        tenant=tenant,
        model_type=entry.scope_id,
        key=entry.key,
        value=entry.old_value,
        expected_version=thresholds.version_of(
            tenant=tenant, model_type=entry.scope_id, key=entry.key
        ),
        actor=actor,
        reason=reason,
        now=now,
        undoes=entry,
    )
