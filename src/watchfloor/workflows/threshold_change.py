"""An operator moves a threshold, and can take the move back; both are rows nobody can change."""

from datetime import datetime

from django.db import transaction

from watchfloor.core.errors import NotFound
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.tenants.models import Tenant


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
    return thresholds.apply_threshold(
        tenant=tenant,
        model_type=model_type,
        key=key,
        value=value,
        expected_version=expected_version,
        actor=actor,
        reason=reason,
        now=now,
    )


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
