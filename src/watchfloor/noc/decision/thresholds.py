"""Thresholds in force, moved by compare-and-set with an audit row, restored byte for byte."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from watchfloor.core.decision.policy import DecisionPolicy
from watchfloor.core.errors import ChangedMeanwhile, InvalidInput
from watchfloor.core.thresholds import SPECS, checked
from watchfloor.ledger import audit, outbox
from watchfloor.noc.models import Threshold, ThresholdAuditLog
from watchfloor.tenants.flags import AutomationInForce, Flag
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.models.places import RolloutStage

MODEL_TYPE = "model_type"


def values_in_force(*, tenant: Tenant, model_type: str) -> dict[str, float]:
    """Return every threshold of a model type: the tenant's own value or the default."""
    rows = Threshold.objects.for_tenant(tenant).filter(scope_kind=MODEL_TYPE, scope_id=model_type)
    values = {key: spec.default for key, spec in SPECS.items()}
    values.update(dict(rows.values_list("key", "value")))
    return values


def policy_for(
    *,
    values: Mapping[str, float],
    automation: AutomationInForce,
    pilot_site: bool,
) -> DecisionPolicy:
    """
    Return the policy of one site: thresholds, switches and roll-out stage together.

    As if no cap were ever reached: what is left of them is known where tickets are counted.
    """
    stage_on = automation.stage == RolloutStage.ON or (
        automation.stage == RolloutStage.PILOT and pilot_site
    )
    return DecisionPolicy(
        review_score=values["review_score"],
        ticket_score=values["ticket_score"],
        width_limit=values["width_limit"],
        eps_ticket=values["eps_ticket"],
        eps_clear=values["eps_clear"],
        beta_clear=values["beta_clear"],
        delta=values["delta"],
        automation_on=Flag.AUTO_TICKET in automation.on,
        clear_on=Flag.AUTO_CLEAR in automation.on,
        kill_switch=automation.kill_switch,
        stage_on=stage_on,
        breaker_open=False,
        site_cap_left=1,
        cap_left=1,
    )


@transaction.atomic
def apply_threshold(
    *,
    tenant: Tenant,
    model_type: str,
    key: str,
    value: float | None,
    expected_version: int,
    actor: str,
    reason: str,
    now: datetime,
    simulation: Mapping[str, Any] | None = None,
    undoes: ThresholdAuditLog | None = None,
) -> ThresholdAuditLog:
    """
    Set a threshold, or give it back to its default (None), and write down who and why.

    Args:
        expected_version: version the caller had read; 0 when the default was in force.

    Raises:
        InvalidInput: unknown key, value out of range, or an empty reason.
        ChangedMeanwhile: the row moved on after it was read.
    """
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why the threshold moves")
    target = SPECS[key].default if value is None else checked(key, value)
    scope = {"scope_kind": MODEL_TYPE, "scope_id": model_type, "key": key}
    row = Threshold.objects.for_tenant(tenant).filter(**scope).first()
    if (row.version if row else 0) != expected_version:
        raise ChangedMeanwhile(f"{key} of {model_type} is no longer at version {expected_version}")
    if row is None:
        Threshold.objects.create(tenant=tenant, **scope, value=target, changed_at=now)
    elif not Threshold.objects.filter(pk=row.pk, version=expected_version).update(
        value=target, version=F("version") + 1, changed_at=now
    ):
        raise ChangedMeanwhile(f"{key} of {model_type} is no longer at version {expected_version}")
    entry = audit.append_row(
        ThresholdAuditLog(
            tenant=tenant,
            at=now,
            old_value=row.value if row else None,
            new_value=value,
            actor=actor,
            change_reason=reason,
            simulation=dict(simulation or {}),
            undoes=undoes,
            **scope,
        )
    )
    outbox.publish(
        tenant=tenant,
        kind="threshold.changed",
        data={"model_type": model_type, "key": key, "value": target},
        now=now,
    )
    return entry


def version_of(*, tenant: Tenant, model_type: str, key: str) -> int:
    """Return the version of a threshold; 0 while its default is in force."""
    row = Threshold.objects.for_tenant(tenant).filter(
        scope_kind=MODEL_TYPE, scope_id=model_type, key=key
    )
    return row.values_list("version", flat=True).first() or 0


def snapshot(*, tenant: Tenant, model_type: str) -> bytes:
    """Return the thresholds in force as canonical bytes, floats as exact hexadecimals."""
    values = values_in_force(tenant=tenant, model_type=model_type)
    exact = {key: float(value).hex() for key, value in sorted(values.items())}
    return json.dumps(exact, separators=(",", ":")).encode()


def restore(
    *, tenant: Tenant, model_type: str, content: bytes, actor: str, reason: str, now: datetime
) -> list[ThresholdAuditLog]:
    """Bring thresholds back to a snapshot; each that differs moves with its own audit row."""
    wanted = {key: float.fromhex(value) for key, value in json.loads(content).items()}
    values = values_in_force(tenant=tenant, model_type=model_type)
    return [
        apply_threshold(
            tenant=tenant,
            model_type=model_type,
            key=key,
            value=value,
            expected_version=version_of(tenant=tenant, model_type=model_type, key=key),
            actor=actor,
            reason=reason,
            now=now,
        )
        for key, value in wanted.items()
        if value != values[key]
    ]
