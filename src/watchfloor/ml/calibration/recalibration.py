"""Give the serving version a fresh calibration from outcomes that came since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchfloor.core.errors import NotReady
from watchfloor.ml.calibration import (
    calibration_cut,
    calibration_sets,
    conformal_predictor,
    unreadable,
)
from watchfloor.ml.calibration.calibration_cohort import CohortRules, Log
from watchfloor.ml.calibration.calibration_cut import Cut, FeaturesOf
from watchfloor.ml.calibration.conformal_predictor import Promises
from watchfloor.ml.inference import exchangeability_guard
from watchfloor.ml.models import CalibrationSet, CutReason, Deployment, ModelVersion
from watchfloor.ml.versions import registry
from watchfloor.tenants.models import Tenant

# A certificate is spent by looking twice, so a version is not recalibrated every night.
EVERY = timedelta(days=7)
# Fewer rows than this certify nothing, so they do not replace a set that may.
FEWEST = 100


@dataclass(frozen=True, slots=True)
class Recut:
    """What came of an attempt to cut a new set: the set, or why there is none."""

    row: CalibrationSet | None
    why_not: str = ""


def reason_due(*, tenant: Tenant, deployment: Deployment, now: datetime) -> CutReason | None:
    """
    Return why what serves should get a new set tonight; None where its set is young enough.

    A set that certifies nothing does not make the next one wait for a week: one that is too
    small, that cannot be read, or whose guard has lost it. What the guard lost is cut anew from
    rows since the turn.
    """
    if deployment.stack is None:
        return None
    version = deployment.stack.model_version
    newest = calibration_sets.newest_of_version(tenant=tenant, version=version)
    if newest is not None and exchangeability_guard.is_alarmed(
        tenant=tenant,
        model_type=version.model_type,
        version=version.version,
        calibration_sha256=newest.sha256,
    ):
        return CutReason.DRIFT_CLEARED
    if unreadable.is_unreadable(deployment):
        return CutReason.WEEKLY
    if newest is None or newest.n < FEWEST or now - newest.created_at >= EVERY:
        return CutReason.WEEKLY
    return None


def last_cut_at(*, tenant: Tenant, deployment: Deployment) -> datetime | None:
    """Return when the newest set of the serving version was cut; None while it has none."""
    if deployment.stack is None:
        return None
    version = deployment.stack.model_version
    newest = calibration_sets.newest_of_version(tenant=tenant, version=version)
    return newest.created_at if newest else None


def recalibrate(
    *,
    tenant: Tenant,
    deployment: Deployment,
    log: Log,
    features_of: FeaturesOf,
    values: Mapping[str, float],
    thresholds: bytes,
    reason: CutReason,
    now: datetime,
) -> Recut:
    """
    Cut a set from what is known by now, and let the serving version decide with it.

    Args:
        values: thresholds in force: the promises, and how strict the cohort is.
        thresholds: the same as a snapshot, for the stack.

    Returns:
        The set, or in words why none could be cut; then the former one serves on until it is
        too old.
    """
    if deployment.stack is None:
        return Recut(None, "nothing serves")
    version = deployment.stack.model_version
    try:
        cut = calibration_cut.cut_from_log(
            tenant=tenant,
            version=version,
            log=log,
            features_of=features_of,
            rules=CohortRules.of(values),
            now=now,
        )
        row = _store(tenant, version, cut, Promises.of(values), reason, now)
    except NotReady as error:
        return Recut(None, str(error))
    registry.recalibrated_stack(
        deployment=deployment, calibration=row, thresholds=thresholds, now=now
    )
    return Recut(row)


def _store(
    tenant: Tenant,
    version: ModelVersion,
    cut: Cut,
    promises: Promises,
    reason: CutReason,
    now: datetime,
) -> CalibrationSet:
    if len(cut.rows) < FEWEST:
        raise NotReady(
            f"{len(cut.rows)} usable outcomes of closed predictions; {FEWEST} are needed"
        )
    _, row = conformal_predictor.calibrate(
        tenant=tenant,
        version=version,
        rows=cut.rows,
        promises=promises,
        provenance=cut.provenance(reason=reason, source="outcomes", version=version),
        now=now,
    )
    return row
