"""Keep the day histograms: append changes, sum them up, read them by day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import transaction

from watchfloor.core.arrays import IntArray
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.core.score_rollup import ScoreCounts
from watchfloor.ml.models import ScoreDay, ScoreDelta
from watchfloor.ml.models.rollup import OutcomeClass
from watchfloor.ml.predictions import rollup_spans
from watchfloor.ml.predictions.histograms import Key, add_to, unpack
from watchfloor.ml.predictions.scored import Scored
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant

BATCH = 2000


def outcome_class(outcome: float | None) -> str:
    """Return the class an outcome is counted in; unknown is a class of its own."""
    if outcome is None:
        return OutcomeClass.UNKNOWN
    return OutcomeClass.EVENT if outcome >= 0.5 else OutcomeClass.CLEAN


def key_of(scored: Scored, *, outcome: float | None) -> Key:
    """Return where a prediction is counted while its outcome is `outcome`."""
    return Key(
        model_type=scored.model_type,
        model_version=scored.model_version,
        calibration_hash=scored.calibration_hash,
        site_group=scored.site_group,
        local_day=scored.local_day,
        outcome=outcome_class(outcome),
    )


def count_predictions(*, tenant: Tenant, scored: Iterable[Scored]) -> None:
    """Count new predictions as unknown, in the transaction that logs them."""
    _append(tenant, ((key_of(s, outcome=None), s.score_bin, 1) for s in scored))


def move_outcomes(*, tenant: Tenant, moves: Iterable[tuple[Scored, float | None, float]]) -> None:
    """Move predictions from the class they were counted in to the one they belong to now."""

    def changes() -> Iterable[tuple[Key, int | None, int]]:
        for scored, before, after in moves:
            yield key_of(scored, outcome=before), scored.score_bin, -1
            yield key_of(scored, outcome=after), scored.score_bin, 1

    _append(tenant, changes())


def _append(tenant: Tenant, changes: Iterable[tuple[Key, int | None, int]]) -> None:
    sums: dict[Key, Counter[int]] = defaultdict(Counter)
    for key, bin_, change in changes:
        if bin_ is not None:  # what could not be scored has no place on the grid
            sums[key][bin_] += change
    ScoreDelta.objects.bulk_create(
        ScoreDelta(
            tenant=tenant,
            counts={str(bin_): n for bin_, n in sorted(counts.items()) if n},
            **key.columns(),
        )
        for key, counts in sums.items()
        if any(counts.values())
    )


def tenants_with_changes() -> list[Tenant]:
    """Return the tenants that have changes to add up."""
    ids = ScoreDelta.objects.order_by().values_list("tenant_id", flat=True).distinct()
    return list(Tenant.objects.filter(pk__in=list(ids)).order_by("code"))


def compact(*, tenant: Tenant, limit: int = BATCH) -> int:
    """Add the oldest changes to their days; return how many were added."""
    with transaction.atomic():
        # One compactor a tenant at a time; the tenant row is the lock.
        directory.hold(tenant)
        deltas = list(ScoreDelta.objects.for_tenant(tenant).order_by("id")[:limit])
        sums = _summed(deltas)
        for key, counts in sums.items():
            add_to(ScoreDay, tenant, key.columns(), counts)
        rollup_spans.add(tenant=tenant, sums=sums)
        ScoreDelta.objects.filter(pk__in=[delta.pk for delta in deltas]).delete()
    return len(deltas)


def compact_all(*, tenant: Tenant) -> int:
    """Add every change there is; return how many."""
    total = 0
    while done := compact(tenant=tenant):
        total += done
    return total


def _summed(deltas: Iterable[ScoreDelta]) -> Mapping[Key, Counter[int]]:
    sums: dict[Key, Counter[int]] = defaultdict(Counter)
    for delta in deltas:
        key = Key(**{name: getattr(delta, name) for name in Key.__slots__})
        for bin_, n in delta.counts.items():
            sums[key][int(bin_)] += n
    return sums


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The histogram of one day of one version under one calibration."""

    local_day: date
    model_version: str
    calibration_hash: str
    counts: ScoreCounts


def day_counts(
    *, tenant: Tenant, model_type: str, first: date, last: date, version: str | None = None
) -> list[DayCounts]:
    """
    Return the histograms of a closed range of days, all site groups together, by day.

    One query, whatever the number of predictions; changes not yet compacted are left out,
    so compact first where the last second matters.
    """
    rows = ScoreDay.objects.for_tenant(tenant).filter(
        model_type=model_type, local_day__gte=first, local_day__lte=last
    )
    if version is not None:
        rows = rows.filter(model_version=version)
    found: dict[tuple[date, str, str], dict[str, IntArray]] = {}
    for row in rows.order_by("local_day", "id"):
        key = (row.local_day, row.model_version, row.calibration_hash)
        arrays = found.setdefault(key, {})
        array = arrays.setdefault(row.outcome, np.zeros(PROBABILITY.size, dtype=np.int64))
        pairs = unpack(bytes(row.counts))
        array[pairs[:, 0]] += pairs[:, 1]
    empty = np.zeros(PROBABILITY.size, dtype=np.int64)
    return [
        DayCounts(
            local_day=day,
            model_version=model_version,
            calibration_hash=calibration_hash,
            counts=ScoreCounts(
                grid=PROBABILITY,
                clean=arrays.get(OutcomeClass.CLEAN, empty),
                event=arrays.get(OutcomeClass.EVENT, empty),
                unknown=arrays.get(OutcomeClass.UNKNOWN, empty),
            ),
        )
        for (day, model_version, calibration_hash), arrays in found.items()
    ]


def total(days: Iterable[DayCounts]) -> ScoreCounts:
    """Return the sum of histograms."""
    empty = np.zeros(PROBABILITY.size, dtype=np.int64)
    result = ScoreCounts(grid=PROBABILITY, clean=empty, event=empty, unknown=empty)
    for day in days:
        result = result + day.counts
    return result
