"""Model versions, what serves now, and the pointer that promotion and rollback move."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from watchfloor.core.errors import ChangedMeanwhile, NotFound
from watchfloor.ml.models import (
    CalibrationSet,
    Deployment,
    ModelStack,
    ModelVersion,
    PerformanceMonitor,
)
from watchfloor.ml.models.registry import ModelRole
from watchfloor.ml.versions.blobs import get_blob, put_blob
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class StackBytes:
    """Everything that decides together, as the bytes that are stored."""

    artifact: bytes
    calibration: bytes
    thresholds: bytes
    monitor: bytes


def add_version(
    *,
    tenant: Tenant,
    model_type: str,
    version: str,
    artifact: bytes,
    manifest: Mapping[str, Any],
    now: datetime,
) -> ModelVersion:
    """Store a trained challenger; no artifact means that it scores elsewhere."""
    digest = ""
    if artifact:
        digest = put_blob(tenant=tenant, content=artifact, form="lightgbm-json", now=now)
    row, _ = ModelVersion.objects.get_or_create(
        tenant=tenant,
        model_type=model_type,
        version=version,
        defaults={
            "role": ModelRole.CHALLENGER,
            "artifact_sha256": digest,
            "trained_at": now if artifact else None,
            "created_at": now,
            "manifest": dict(manifest),
        },
    )
    return row


def deployment_of(*, tenant: Tenant, model_type: str, now: datetime) -> Deployment:
    """Return the deployment of a model type; a new one serves nothing."""
    row, _ = Deployment.objects.select_related("stack__model_version").get_or_create(
        tenant=tenant, model_type=model_type, defaults={"changed_at": now}
    )
    return row


def find_version(*, tenant: Tenant, model_type: str, version: str) -> ModelVersion | None:
    """Return one model version, or None."""
    rows = ModelVersion.objects.for_tenant(tenant)
    return rows.filter(model_type=model_type, version=version).first()


def get_version(*, tenant: Tenant, model_type: str, version: str) -> ModelVersion:
    """
    Return one model version.

    Raises:
        NotFound: this tenant has none of that name.
    """
    row = find_version(tenant=tenant, model_type=model_type, version=version)
    if row is None:
        raise NotFound(f"{model_type} {version} of {tenant.code} does not exist")
    return row


def deployments_of(tenant: Tenant) -> list[Deployment]:
    """Return what serves each model type of a tenant."""
    rows = Deployment.objects.for_tenant(tenant).select_related("stack__model_version")
    return list(rows.order_by("model_type"))


def new_stack(
    *,
    tenant: Tenant,
    version: ModelVersion,
    calibration_sha256: str,
    thresholds: bytes,
    monitor: bytes,
    now: datetime,
) -> ModelStack:
    """Store what decides together from now on."""
    return ModelStack.objects.create(
        tenant=tenant,
        model_type=version.model_type,
        model_version=version,
        calibration_sha256=calibration_sha256,
        thresholds_sha256=put_blob(
            tenant=tenant, content=thresholds, form="thresholds-json", now=now
        ),
        monitor_sha256=put_blob(tenant=tenant, content=monitor, form="monitor-json", now=now),
        created_at=now,
    )


def freeze_serving_stack(
    *, deployment: Deployment, thresholds: bytes, now: datetime
) -> ModelStack | None:
    """Store the serving stack as it is at this moment, to come back to; None if nothing serves."""
    if deployment.stack is None:
        return None
    version = deployment.stack.model_version
    return new_stack(
        tenant=deployment.tenant,
        version=version,
        calibration_sha256=deployment.stack.calibration_sha256,
        thresholds=thresholds,
        monitor=monitor_bytes(version),
        now=now,
    )


def stack_bytes(stack: ModelStack) -> StackBytes:
    """Return the bytes of a stack, each verified against its digest."""

    def content(digest: str) -> bytes:
        return get_blob(tenant=stack.tenant, sha256=digest) if digest else b""

    return StackBytes(
        artifact=content(stack.model_version.artifact_sha256),
        calibration=content(stack.calibration_sha256),
        thresholds=content(stack.thresholds_sha256),
        monitor=content(stack.monitor_sha256),
    )


def monitor_bytes(version: ModelVersion) -> bytes:
    """Return the state of a version's performance monitor; empty while it has none."""
    row = PerformanceMonitor.objects.filter(
        tenant_id=version.tenant_id, model_type=version.model_type, model_version=version.version
    ).first()
    return bytes(row.state) if row is not None and row.state is not None else b""


@transaction.atomic
def point_to(
    *, deployment: Deployment, stack: ModelStack, last_known_good: ModelStack | None, now: datetime
) -> None:
    """
    Let a stack serve: roles, pointer and last known good move together or not at all.

    Raises:
        ChangedMeanwhile: somebody promoted or rolled back after `deployment` was read.
    """
    won = Deployment.objects.filter(
        pk=deployment.pk, pointer_version=deployment.pointer_version
    ).update(
        stack=stack,
        last_known_good=last_known_good,
        pointer_version=F("pointer_version") + 1,
        changed_at=now,
    )
    if not won:
        raise ChangedMeanwhile(f"{deployment.model_type} was promoted or rolled back meanwhile")
    versions = ModelVersion.objects.for_tenant(deployment.tenant).filter(
        model_type=deployment.model_type
    )
    versions.filter(role=ModelRole.CHAMPION).update(role=ModelRole.RETIRED)
    versions.filter(pk=stack.model_version_id).update(role=ModelRole.CHAMPION)


def recalibrated_stack(
    *, deployment: Deployment, calibration: CalibrationSet, thresholds: bytes, now: datetime
) -> None:
    """Let the serving version decide with a newer calibration of its own."""
    stack = new_stack(
        tenant=deployment.tenant,
        version=calibration.model_version,
        calibration_sha256=calibration.sha256,
        thresholds=thresholds,
        monitor=monitor_bytes(calibration.model_version),
        now=now,
    )
    point_to(
        deployment=deployment,
        stack=stack,
        last_known_good=deployment.last_known_good,
        now=now,
    )


def set_feature_bins(version: ModelVersion, *, sha256: str) -> None:
    """Name the bins a version's features are counted in; they are never exchanged."""
    version.manifest = {**version.manifest, "feature_bins": sha256}
    ModelVersion.objects.filter(pk=version.pk).update(manifest=version.manifest)


def set_role(version: ModelVersion, *, role: ModelRole) -> None:
    """Give a version that does not serve another role."""
    ModelVersion.objects.filter(pk=version.pk).update(role=role)
