"""Keep the day histograms of features: freeze bins, count days from the log, read a window."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Count, QuerySet

from watchfloor.core.arrays import IntArray
from watchfloor.core.drift.feature_bins import FeatureBins, freeze_rows
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import day_bounds
from watchfloor.ml.models import FeatureDay, ModelVersion, ScoredPrediction
from watchfloor.ml.versions import blobs, registry
from watchfloor.tenants.models import Tenant

BINS_FORMAT = "feature-bins-json"
# Quantiles of so many rows lie within 0.3 % of a share; more would only take longer.
MOST_FROZEN = 20_000
FEWEST_FROZEN = 200
FROZEN_DAYS = 28
CHUNK = 5_000
STORED = np.dtype("<i4")
# Predictions may be logged days after their event: the current week is counted again then.
LATE_DAYS = 7

Table = type[ScoredPrediction]


@dataclass(frozen=True, slots=True)
class Counted:
    """
    What one day of one version holds.

    Args:
        n: predictions.
        counts: the histograms of all features, as `FeatureBins.places` says, shape (n_bins,).
    """

    n: int
    counts: IntArray

    def to_bytes(self) -> bytes:
        """Return the counts as they are stored; a day without predictions has none."""
        return self.counts.astype(STORED).tobytes() if self.n else b""


def freeze_features(
    *, tenant: Tenant, rows: Sequence[Mapping[str, Any]], names: Sequence[str], now: datetime
) -> str:
    """Store the bins of the rows a model is trained on, and return their digest."""
    step = max(1, -(-len(rows) // MOST_FROZEN))
    bins = freeze_rows(rows[::step], names=names)
    return blobs.put_blob(tenant=tenant, content=bins.to_bytes(), form=BINS_FORMAT, now=now)


def bins_of(
    *, tenant: Tenant, version: ModelVersion, table: Table, day: date, now: datetime
) -> FeatureBins:
    """
    Return the bins of a version; one that came without any takes them from its first weeks.

    Raises:
        NotReady: it has none, and too little is logged to freeze them.
    """
    digest = version.manifest.get("feature_bins")
    if digest is None:
        digest = _frozen_from_log(tenant, version, table, day, now)
        registry.set_feature_bins(version, sha256=digest)
    bins = FeatureBins.from_bytes(blobs.get_blob(tenant=tenant, sha256=digest))
    if not bins.by_name:
        raise NotReady("no feature is logged with the predictions")
    return bins


def _frozen_from_log(
    tenant: Tenant, version: ModelVersion, table: Table, day: date, now: datetime
) -> str:
    first = day - timedelta(days=FROZEN_DAYS - 1)
    # Ids are hashes: the first ones of them are a sample, and the same one every time.
    logged = _log(tenant, version.model_type, table, first, day).order_by("id")
    rows = list(logged.values_list("features_json", flat=True)[:MOST_FROZEN])
    names = sorted({name for row in rows for name in row})
    if len(rows) < FEWEST_FROZEN:
        raise NotReady(f"{len(rows)} predictions are logged, {FEWEST_FROZEN} freeze the bins")
    if not names:
        raise NotReady("no feature is logged with the predictions")
    return freeze_features(tenant=tenant, rows=rows, names=names, now=now)


def fill(
    *,
    tenant: Tenant,
    version: ModelVersion,
    bins: FeatureBins,
    table: Table,
    first: date,
    last: date,
) -> int:
    """
    Count the days of a closed range that are not counted, or have got late predictions since.

    Every prediction of the model type counts, whichever version served it: a version that was
    promoted today has its reference from the weeks before it.

    Returns:
        How many days were counted; a second call finds nothing to do.
    """
    wanted = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    done = _counted_days(tenant, version, first, last)
    late = _logged_days(tenant, version.model_type, table, last, LATE_DAYS)
    pending = [day for day in wanted if day not in done or done[day] != late.get(day, done[day])]
    if pending:
        counted = count_log(
            tenant=tenant, model_type=version.model_type, bins=bins, table=table, days=pending
        )
        _store(tenant, version, pending, counted)
    return len(pending)


def _counted_days(
    tenant: Tenant, version: ModelVersion, first: date, last: date
) -> dict[date, int]:
    rows = _rows(tenant, version).filter(local_day__gte=first, local_day__lte=last)
    return dict(rows.values_list("local_day", "n"))


def _logged_days(
    tenant: Tenant, model_type: str, table: Table, last: date, days: int
) -> dict[date, int]:
    first = last - timedelta(days=days - 1)
    rows = _log(tenant, model_type, table, first, last).order_by().values("local_day")
    return dict(rows.annotate(n=Count("id")).values_list("local_day", "n"))


def count_log(
    *,
    tenant: Tenant,
    model_type: str,
    bins: FeatureBins,
    table: Table,
    days: Sequence[date],
) -> dict[date, Counted]:
    """Count the features of whole days from the log, in one pass and in chunks."""
    n: dict[date, int] = dict.fromkeys(days, 0)
    sums = {day: np.zeros(bins.n_bins, dtype=np.int64) for day in days}
    logged = _log(tenant, model_type, table, min(days), max(days)).filter(local_day__in=days)
    for by_day in _in_chunks(logged):
        for day, rows in by_day.items():
            n[day] += len(rows)
            sums[day] += bins.count(rows)
    return {day: Counted(n[day], sums[day]) for day in days}


def _in_chunks(
    logged: QuerySet[ScoredPrediction],
) -> Iterator[dict[date, list[Mapping[str, Any]]]]:
    by_day: dict[date, list[Mapping[str, Any]]] = defaultdict(list)
    rows = logged.order_by().values_list("local_day", "features_json")
    for i, (day, features) in enumerate(rows.iterator(CHUNK), start=1):
        by_day[day].append(features)
        if i % CHUNK == 0:
            yield by_day
            by_day = defaultdict(list)
    yield by_day


def _log(
    tenant: Tenant, model_type: str, table: Table, first: date, last: date
) -> QuerySet[ScoredPrediction]:
    """Return what is logged of a closed range of local days, by the index on the time."""
    # A day of slack on both sides: rows keep the local day of the zone they were written in.
    return table._default_manager.filter(
        tenant_id=tenant.pk,
        model_type=model_type,
        occurred_at__gte=day_bounds(first - timedelta(days=1), tenant.zone)[0],
        occurred_at__lt=day_bounds(last + timedelta(days=1), tenant.zone)[1],
        local_day__gte=first,
        local_day__lte=last,
    )


@transaction.atomic
def _store(
    tenant: Tenant, version: ModelVersion, days: Sequence[date], counted: Mapping[date, Counted]
) -> None:
    _rows(tenant, version).filter(local_day__in=days).delete()
    FeatureDay.objects.bulk_create(
        FeatureDay(
            tenant=tenant,
            model_type=version.model_type,
            model_version=version.version,
            local_day=day,
            n=counted[day].n,
            counts=counted[day].to_bytes(),
        )
        for day in days
    )


def _rows(tenant: Tenant, version: ModelVersion) -> QuerySet[FeatureDay]:
    return FeatureDay.objects.for_tenant(tenant).filter(
        model_type=version.model_type, model_version=version.version
    )


def counted_days(
    *, tenant: Tenant, version: ModelVersion, days: Collection[date]
) -> dict[date, IntArray]:
    """
    Return the histograms of those of some days that had predictions, by day.

    Each is of shape (n_bins,), the features one after another as `FeatureBins.places` says.
    """
    rows = _rows(tenant, version).filter(local_day__in=days, n__gt=0)
    found = rows.order_by("local_day").values_list("local_day", "counts")
    return {day: np.frombuffer(content, dtype=STORED) for day, content in found}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What counting a version anew found: no differing day proves the table."""

    model: str
    n_days: int
    differing: list[date]

    @property
    def sentence(self) -> str:
        """Say it to an operator."""
        return f"{self.model}: {self.n_days} days, {len(self.differing)} differ from the log"


def counted_versions(*, tenant: Tenant) -> list[ModelVersion]:
    """Return the versions that have counted days."""
    counted = FeatureDay.objects.for_tenant(tenant)
    names = set(counted.values_list("model_type", "model_version").distinct())
    rows = ModelVersion.objects.for_tenant(tenant).order_by("model_type", "id")
    return [row for row in rows if (row.model_type, row.version) in names]


def rebuild(*, tenant: Tenant, version: ModelVersion, table: Table, write: bool) -> Rebuilt:
    """Count every counted day of a version anew from the log; `write` puts right what differs."""
    name = f"{version.model_type} {version.version}"
    stored = {
        row.local_day: (row.n, bytes(row.counts))
        for row in _rows(tenant, version).order_by("local_day")
    }
    days = list(stored)
    if not days:
        return Rebuilt(name, 0, [])
    digest = version.manifest["feature_bins"]
    bins = FeatureBins.from_bytes(blobs.get_blob(tenant=tenant, sha256=digest))
    counted = count_log(
        tenant=tenant, model_type=version.model_type, bins=bins, table=table, days=days
    )
    differing = [day for day in days if stored[day] != (counted[day].n, counted[day].to_bytes())]
    if write and differing:
        _store(tenant, version, differing, counted)
    return Rebuilt(name, len(days), differing)
