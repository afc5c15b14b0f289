"""Proposals to move thresholds: opened by one person, decided once, by another."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from watchfloor.core.errors import InvalidInput, NotFound, NotReady
from watchfloor.ledger import audit, outbox
from watchfloor.noc.models import ThresholdProposal
from watchfloor.noc.models.thresholds import ProposalState
from watchfloor.tenants.models import Tenant


def open_proposal(
    *,
    tenant: Tenant,
    model_type: str,
    changes: Sequence[Mapping[str, Any]],
    reason: str,
    actor: str,
    simulation: Mapping[str, Any],
    now: datetime,
) -> ThresholdProposal:
    """
    Write down what somebody wants to move.

    Raises:
        InvalidInput: no reason is given.
    """
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why the thresholds should move")
    row = ThresholdProposal.objects.create(
        tenant=tenant,
        model_type=model_type,
        changes=[dict(each) for each in changes],
        reason=reason,
        simulation=dict(simulation),
        proposed_by=actor,
        proposed_at=now,
    )
    _tell(row, actor=actor, action="threshold.proposed", reason=reason, now=now)
    return row


def decide(
    row: ThresholdProposal, *, to: ProposalState, actor: str, reason: str, now: datetime
) -> ThresholdProposal:
    """
    Settle a proposal, once.

    Raises:
        InvalidInput: no reason is given.
        NotReady: it is settled already.
    """
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why it is agreed to or not")
    won = ThresholdProposal.objects.filter(pk=row.pk, state=ProposalState.WAITING).update(
        state=to, decided_by=actor, decided_at=now, decision_reason=reason
    )
    if not won:
        raise NotReady(f"proposal {row.pk} is settled already")
    row.refresh_from_db()
    action = "threshold.approved" if to is ProposalState.APPLIED else "threshold.refused"
    _tell(row, actor=actor, action=action, reason=reason, now=now)
    return row


def _tell(row: ThresholdProposal, *, actor: str, action: str, reason: str, now: datetime) -> None:
    audit.append(
        tenant=row.tenant,
        actor=actor,
        action=action,
        target_kind="threshold_proposal",
        target_id=str(row.pk),
        reason=reason,
        detail={"model_type": row.model_type, "changes": row.changes, "by": row.proposed_by},
        now=now,
    )
    outbox.publish(
        tenant=row.tenant,
        kind="threshold.proposal",
        data={"id": row.pk, "model_type": row.model_type, "state": row.state},
        now=now,
    )


def get_proposal(*, tenant: Tenant, proposal_id: int) -> ThresholdProposal:
    """
    Return one proposal.

    Raises:
        NotFound: this tenant has no such proposal.
    """
    row = ThresholdProposal.objects.for_tenant(tenant).filter(pk=proposal_id).first()
    if row is None:
        raise NotFound(f"threshold proposal {proposal_id} does not exist")
    return row


def proposals(
    *,
    tenant: Tenant,
    limit: int,
    after: int | None = None,
    model_type: str = "",
    state: str = "",
) -> list[ThresholdProposal]:
    """Return proposals, newest first, behind the one of an id."""
    rows = ThresholdProposal.objects.for_tenant(tenant)
    if model_type:
        rows = rows.filter(model_type=model_type)
    if state:
        rows = rows.filter(state=state)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows.order_by("-pk")[:limit])
