"""Calibrations of estimates: cut from what is known, kept as blobs, read by their digest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import numpy as np

from watchfloor.core.conformal.closed_cohort import delay_quantile
from watchfloor.core.conformal.numeric import FORMAT, NumericCalibration, NumericInterval
from watchfloor.core.conformal.numeric_fit import (
    Difficulty,
    fit_numeric_calibration,
    sigma_terciles,
)
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.decision.reason import Reason
from watchfloor.core.errors import ArtifactCorrupt, NotFound, NotReady
from watchfloor.ml.models import NumericCalibrationSet, NumericEstimate, ScoredPrediction
from watchfloor.ml.predictions import numeric_estimates
from watchfloor.ml.versions.blobs import get_blob, put_blob, why_unreadable
from watchfloor.tenants.models import Tenant

EVERY = timedelta(days=7)
WINDOW = timedelta(days=180)
# Of what is old enough, nearly all must be known; the rest is not missing at random.
CLOSED_SHARE, COMPLETE_SHARE = 0.99, 0.8
# Fewer promise nothing at any level.
FEWEST = 9


@dataclass(frozen=True, slots=True)
class NumericRow:
    """One known outcome beside its estimate; `group` is empty where rows stand alone."""

    outcome: float
    estimate: float
    sigma: float | None = None
    group: str = ""
    propensity: float = 1.0


def newest_set(*, tenant: Tenant, model_type: str, version: str) -> NumericCalibrationSet | None:
    """Return the calibration a version is shown with; None while it has none."""
    rows = NumericCalibrationSet.objects.for_tenant(tenant).filter(
        model_type=model_type, model_version=version
    )
    return rows.order_by("-created_at", "-pk").first()


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known about the versions of one model type.

    Args:
        digests: the calibration in force by version; a version without one has none yet.
        unreadable: versions whose calibration is gone or damaged: nothing is known of them.
    """

    digests: dict[str, str]
    unreadable: frozenset[str]


def known_about(*, tenant: Tenant, model_type: str, versions: Iterable[str]) -> Known:
    """Return the calibrations in force, and of which versions it cannot be read."""
    newest = {
        version: newest_set(tenant=tenant, model_type=model_type, version=version)
        for version in versions
    }
    digests = {version: row.sha256 for version, row in newest.items() if row is not None}
    unreadable = frozenset(
        version
        for version, digest in digests.items()
        if find_calibration(tenant=tenant, sha256=digest) is None
    )
    readable = {name: digest for name, digest in digests.items() if name not in unreadable}
    return Known(readable, unreadable)


def estimates_of(
    *, tenant: Tenant, predictions: Iterable[ScoredPrediction]
) -> dict[UUID, NumericEstimate]:
    """Return the estimates among logged predictions, by id; one query where there is any."""
    ids = [row.id for row in predictions if row.reason == Reason.NUMERIC_ESTIMATE]
    return numeric_estimates.find_many(tenant=tenant, ids=ids)


def intervals_of(*, tenant: Tenant, row: NumericEstimate) -> tuple[NumericInterval, ...]:
    """
    Return the intervals of an estimate at 90, 95 and 99 % in every kind, the shown one first.

    None where nothing was known about its version when it was made, or where the bytes of what
    was known are gone or damaged.
    """
    calibration = find_calibration(tenant=tenant, sha256=row.calibration_sha256)
    if calibration is None:
        return ()
    return tuple(
        calibration.interval(row.estimate, level=level, sigma=row.sigma, kind=kind)
        for kind in calibration.offered_kinds(row.sigma)
        for level in LEVELS
    )


def calibration_of(*, tenant: Tenant, sha256: str) -> NumericCalibration:
    """
    Return a calibration by its digest; the digest names its bytes, so it is cached for good.

    Raises:
        NotFound, ArtifactCorrupt: its bytes are gone or damaged.
    """
    return _cached(tenant.pk, tenant.code, sha256)


def find_calibration(*, tenant: Tenant, sha256: str) -> NumericCalibration | None:
    """Return a calibration, or None for an empty digest and where its bytes cannot be read."""
    if not sha256:
        return None
    try:
        return calibration_of(tenant=tenant, sha256=sha256)
    except (NotFound, ArtifactCorrupt):
        return None


def forget_calibrations() -> None:
    """Read every calibration from the database anew; what the memory held changes no answer."""
    _cached.cache_clear()


@lru_cache(maxsize=256)
def _cached(tenant_id: int, tenant_code: str, sha256: str) -> NumericCalibration:
    tenant = Tenant(pk=tenant_id, code=tenant_code)
    return NumericCalibration.from_bytes(get_blob(tenant=tenant, sha256=sha256))


def recalibrate_due(*, tenant: Tenant, now: datetime) -> list[NumericCalibrationSet]:
    """
    Cut a new set for each version whose newest is a week old or cannot be read.

    What is not ready is left out.
    """
    stored = []
    for model_type, version in numeric_estimates.versions_since(tenant=tenant, since=now - WINDOW):
        newest = newest_set(tenant=tenant, model_type=model_type, version=version)
        if newest is not None and not _is_due(tenant, newest, now):
            continue
        try:
            cut = cut_from_log(tenant=tenant, model_type=model_type, version=version, now=now)
        except NotReady:
            # Young versions are calibrated on a later night; load_calibration_data says why not.
            continue
        stored.append(
            store(tenant=tenant, model_type=model_type, version=version, cut=cut, now=now)
        )
    return stored


def _is_due(tenant: Tenant, newest: NumericCalibrationSet, now: datetime) -> bool:
    # What this process has read before says nothing about what others find in the database.
    read = NumericCalibration.from_bytes
    is_old = now - newest.created_at >= EVERY
    return is_old or bool(why_unreadable(tenant=tenant, sha256=newest.sha256, read=read))


@dataclass(frozen=True, slots=True)
class NumericCut:
    """A calibration that is not stored yet, and first and last moment of its predictions."""

    calibration: NumericCalibration
    source: str
    window: tuple[datetime, datetime] | None = None


def cut_from_log(
    *, tenant: Tenant, model_type: str, version: str, now: datetime, window: timedelta = WINDOW
) -> NumericCut:
    """
    Fit the estimates of a version that are old enough for their outcomes to be known.

    What takes long to become known is often large, so the young rows that are known already
    would make every interval too short: the youngest taken is older than 99 % of delays.

    Raises:
        NotReady: too few outcomes, or too many missing among what should be known.
    """
    rows = numeric_estimates.of_version(
        tenant=tenant, model_type=model_type, version=version, since=now - window
    )
    cohort = _closed(rows, now)
    known = [row for row in cohort if _is_known(row, now)]
    _refuse_thin(known, cohort)
    span = (known[0].occurred_at, known[-1].occurred_at)
    return NumericCut(_fit(known, cohort), "number_log", span)


def cut_from_rows(rows: Sequence[NumericRow], *, unit: str) -> NumericCut:
    """
    Fit rows that came from elsewhere, oldest first.

    Raises:
        NotReady: too few of them.
        InvalidInput: a value that does not fit.
    """
    if len(rows) < FEWEST:
        raise NotReady(f"{len(rows)} known outcomes; at least {FEWEST} are needed")
    sigmas = [row.sigma for row in rows]
    grouped = any(row.group for row in rows)
    found = fit_numeric_calibration(
        [row.outcome for row in rows],
        [row.estimate for row in rows],
        unit=unit,
        known_difficulty=_difficulty(sigmas, of_all=sigmas),
        groups=[row.group for row in rows] if grouped else None,
        propensities=[row.propensity for row in rows],
    )
    return NumericCut(found, "number_csv")


def store(
    *, tenant: Tenant, model_type: str, version: str, cut: NumericCut, now: datetime
) -> NumericCalibrationSet:
    """Keep a calibration; from now on the version's estimates are shown with it."""
    found = cut.calibration
    sha256 = put_blob(tenant=tenant, content=found.to_bytes(), form=FORMAT, now=now)
    return NumericCalibrationSet.objects.create(
        tenant=tenant,
        model_type=model_type,
        model_version=version,
        sha256=sha256,
        source=cut.source,
        unit=found.unit,
        n=found.n,
        n_groups=found.n_groups,
        window_start=cut.window[0] if cut.window else None,
        window_end=cut.window[1] if cut.window else None,
        self_test_passed=found.self_test.passed,
        created_at=now,
    )


def list_all(*, tenant: Tenant, model_type: str | None = None) -> list[NumericCalibrationSet]:
    """Return the stored sets of a tenant, of one model type if it is named, newest first."""
    rows = NumericCalibrationSet.objects.for_tenant(tenant)
    if model_type is not None:
        rows = rows.filter(model_type=model_type)
    return list(rows.order_by("-pk"))


def _is_known(row: NumericEstimate, now: datetime) -> bool:
    known_at = row.outcome_known_at
    return row.outcome is not None and known_at is not None and known_at <= now


def _closed(rows: Sequence[NumericEstimate], now: datetime) -> list[NumericEstimate]:
    """Return the rows that are older than nearly all delays of a known outcome."""
    known = [row for row in rows if _is_known(row, now)]
    delays = [_seconds(row.occurred_at, row.outcome_known_at or now) for row in known]
    ages = [max(_seconds(row.occurred_at, now), d) for row, d in zip(known, delays, strict=True)]
    age = delay_quantile(np.array(delays), np.array(ages), share=CLOSED_SHARE)
    if age is None:
        return []
    return [row for row in rows if _seconds(row.occurred_at, now) >= age]


def _seconds(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds())


def _refuse_thin(known: Sequence[NumericEstimate], cohort: Sequence[NumericEstimate]) -> None:
    if len(known) < FEWEST:
        raise NotReady(
            f"{len(known)} known outcomes of estimates that are old enough; {FEWEST} are needed"
        )
    # A row that had one chance in fifty to be looked at speaks for fifty.
    share = sum(1 / row.propensity for row in known) / len(cohort)
    if share < COMPLETE_SHARE:
        raise NotReady(
            f"known outcomes stand for {share:.0%} of the estimates that are old enough; below "
            f"{COMPLETE_SHARE:.0%} the rest is not missing by chance"
        )


def _fit(known: Sequence[NumericEstimate], cohort: Sequence[NumericEstimate]) -> NumericCalibration:
    repeated = max(Counter(row.entity_id for row in known).values()) > 1
    return fit_numeric_calibration(
        [row.outcome for row in known if row.outcome is not None],
        [row.estimate for row in known],
        unit=known[0].unit,
        known_difficulty=_difficulty(
            [row.sigma for row in known], of_all=[row.sigma for row in cohort]
        ),
        groups=[row.entity_id for row in known] if repeated else None,
        propensities=[row.propensity for row in known],
    )


def _difficulty(
    sigmas: Sequence[float | None], *, of_all: Sequence[float | None]
) -> Difficulty | None:
    """Return sigmas with ranges from all predictions, so that no outcome has a say in them."""
    everything = [sigma for sigma in of_all if sigma is not None]
    given = [sigma for sigma in sigmas if sigma is not None]
    typical = float(np.median(everything)) if everything else 0.0
    if len(given) < len(sigmas) or typical == 0:
        return None
    return Difficulty(given, floor=0.01 * typical, edges=sigma_terciles(everything))
