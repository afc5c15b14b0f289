"""Models that run elsewhere: the first posted version serves, without calibration."""

from collections.abc import Sequence
from datetime import datetime

from watchfloor.ml.versions import registry
from watchfloor.tenants.models import Tenant


def serve_first_posted(
    *, tenant: Tenant, model_type: str, versions: Sequence[str], now: datetime
) -> None:
    """Register what posts scores for a model type that nothing serves yet; else do nothing."""
    if not versions:
        return
    deployment = registry.deployment_of(tenant=tenant, model_type=model_type, now=now)
    if deployment.stack is not None:
        return
    version = registry.add_version(
        tenant=tenant,
        model_type=model_type,
        version=versions[0],
        artifact=b"",
        manifest={"origin": "posted"},
        now=now,
    )
    stack = registry.new_stack(
        tenant=tenant,
        version=version,
        calibration_sha256="",
        thresholds=b"{}",
        monitor=b"",
        now=now,
    )
    registry.point_to(deployment=deployment, stack=stack, last_known_good=None, now=now)
