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
from watchfloor.core.errors import InvalidInput, NotFound
from watchfloor.core.thresholds import SPECS, checked
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.noc.queries import threshold_simulation
from watchfloor.noc.queries.threshold_simulation import SHAPING, Simulation
from watchfloor.tenants.models import Tenant

# What is written down with a change is said of the four weeks before it.
WEEKS = 4


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
        ChangedMeanwhile: somebody moved one of them after its version was read.
    """
    targets = _targets(changes)
    said = _said(tenant, model_type, targets, now)
    return [
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
