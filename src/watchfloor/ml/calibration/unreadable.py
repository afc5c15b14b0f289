"""The calibrations in force, read from the database anew: whose bytes are gone or damaged?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.numeric import NumericCalibration
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.models import Deployment
from watchfloor.ml.predictions import numeric_estimates
from watchfloor.ml.versions import registry
from watchfloor.ml.versions.blobs import why_unreadable
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class UsedCalibration:
    """
    One calibration that is used now, as it was found.

    Args:
        of_numbers: whether it speaks about estimates of numbers.
        why: what is wrong with its bytes; empty where they can be read.
    """

    model_type: str
    version: str
    sha256: str
    of_numbers: bool
    why: str

    @property
    def is_readable(self) -> bool:
        """Whether its bytes are those that were written."""
        return not self.why


def in_force(*, tenant: Tenant, now: datetime) -> list[UsedCalibration]:
    """Return every calibration in force of a tenant, as its bytes are found in the database."""
    return [*_of_scores(tenant), *_of_numbers(tenant, now)]


def is_unreadable(deployment: Deployment) -> bool:
    """Return whether the calibration that serves is one whose bytes are gone or damaged."""
    digest = deployment.stack.calibration_sha256 if deployment.stack is not None else ""
    return bool(digest) and bool(
        why_unreadable(tenant=deployment.tenant, sha256=digest, read=Calibration.from_bytes)
    )


def _of_scores(tenant: Tenant) -> Iterator[UsedCalibration]:
    for deployment in registry.deployments_of(tenant):
        stack = deployment.stack
        if stack is None or not stack.calibration_sha256:
            continue
        digest = stack.calibration_sha256
        why = why_unreadable(tenant=tenant, sha256=digest, read=Calibration.from_bytes)
        yield UsedCalibration(
            deployment.model_type, stack.model_version.version, digest, False, why
        )


def _of_numbers(tenant: Tenant, now: datetime) -> Iterator[UsedCalibration]:
    since = now - numeric_calibration.WINDOW
    for model_type, version in numeric_estimates.versions_since(tenant=tenant, since=since):
        row = numeric_calibration.newest_set(tenant=tenant, model_type=model_type, version=version)
        if row is not None:
            why = why_unreadable(
                tenant=tenant, sha256=row.sha256, read=NumericCalibration.from_bytes
            )
            yield UsedCalibration(model_type, version, row.sha256, True, why)
