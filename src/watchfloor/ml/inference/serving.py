"""What serves one model type at this moment, loaded and ready for a micro-batch."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.errors import ArtifactCorrupt, NotFound
from watchfloor.ml.inference import exchangeability_guard
from watchfloor.ml.models import CalibrationSet, Deployment, PerformanceMonitor, RollbackWatch
from watchfloor.ml.versions import artifacts
from watchfloor.ml.versions.artifacts import Artifact
from watchfloor.ml.versions.blobs import get_blob
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class ServingModel:
    """The champion of one model type, its calibration, and who it is watched against."""

    model_type: str
    version: str
    # None: it scores elsewhere and posts its scores
    artifact: Artifact | None
    calibration: Calibration | None
    calibration_hash: str
    calibrated_at: datetime | None
    drift_alarm: bool
    # the version that was replaced, while the promotion is watched
    watched_against: tuple[str, Artifact] | None
    # the guard of the calibration set has alarmed
    exchangeability_lost: bool = False
    # there is a calibration, and its bytes are gone or damaged
    calibration_unreadable: bool = False


def serving_model(*, tenant: Tenant, model_type: str) -> ServingModel | None:
    """Return what serves, or None while no model of that type does; about five small queries."""
    deployment = (
        Deployment.objects.for_tenant(tenant)
        .select_related("stack__model_version")
        .filter(model_type=model_type)
        .first()
    )
    if deployment is None or deployment.stack is None:
        return None
    stack, version = deployment.stack, deployment.stack.model_version
    digest = stack.calibration_sha256
    calibration = find_calibration(tenant=tenant, sha256=digest)
    calibrated_at, self_test_passed = _stored(tenant, digest)
    return ServingModel(
        model_type=model_type,
        version=version.version,
        artifact=_artifact(tenant, version.artifact_sha256),
        calibration=calibration,
        calibration_hash=digest,
        calibrated_at=calibrated_at,
        drift_alarm=_alarmed(tenant, model_type, version.version),
        watched_against=_watched_against(tenant, model_type),
        # A set whose older half does not hold on its newer one was never to be trusted.
        exchangeability_lost=self_test_passed is False
        or exchangeability_guard.is_alarmed(
            tenant=tenant,
            model_type=model_type,
            version=version.version,
            calibration_sha256=digest,
        ),
        calibration_unreadable=bool(digest) and calibration is None,
    )


def calibration_of(*, tenant: Tenant, sha256: str) -> Calibration:
    """
    Return a calibration by its digest; the digest names its bytes, so it is cached for good.

    Raises:
        NotFound, ArtifactCorrupt: its bytes are gone or damaged.
    """
    return _calibration_cached(tenant.pk, tenant.code, sha256)


def find_calibration(*, tenant: Tenant, sha256: str) -> Calibration | None:
    """
    Return a calibration by its digest, or None where its bytes are gone or damaged.

    None for an empty digest too: no calibration was in force. Whoever asks says which it was.
    """
    if not sha256:
        return None
    try:
        return calibration_of(tenant=tenant, sha256=sha256)
    except (NotFound, ArtifactCorrupt):
        return None


def forget_calibrations() -> None:
    """Read every calibration from the database anew; what the memory held changes no answer."""
    _calibration_cached.cache_clear()


@lru_cache(maxsize=256)
def _calibration_cached(tenant_id: int, tenant_code: str, sha256: str) -> Calibration:
    tenant = Tenant(pk=tenant_id, code=tenant_code)
    return Calibration.from_bytes(get_blob(tenant=tenant, sha256=sha256))


def _artifact(tenant: Tenant, sha256: str) -> Artifact | None:
    return artifacts.load(tenant=tenant, sha256=sha256) if sha256 else None


def _stored(tenant: Tenant, sha256: str) -> tuple[datetime | None, bool | None]:
    """Return when a set was cut, and whether it passed its test of itself."""
    rows = CalibrationSet.objects.for_tenant(tenant).filter(sha256=sha256)
    found = rows.order_by("-created_at").values_list("created_at", "self_test_passed").first()
    return found or (None, None)


def _alarmed(tenant: Tenant, model_type: str, version: str) -> bool:
    return (
        PerformanceMonitor.objects.for_tenant(tenant)
        .filter(model_type=model_type, model_version=version, alarmed_at__isnull=False)
        .exists()
    )


def _watched_against(tenant: Tenant, model_type: str) -> tuple[str, Artifact] | None:
    watch = (
        RollbackWatch.objects.for_tenant(tenant)
        .select_related("old_stack__model_version")
        .filter(model_type=model_type, state="watching")
        .first()
    )
    if watch is None or not watch.old_stack.model_version.artifact_sha256:
        return None
    old = watch.old_stack.model_version
    return old.version, artifacts.load(tenant=tenant, sha256=old.artifact_sha256)
