"""A tenant whose models have counted days of features, in a database of its own."""

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.drift.feature_bins import FeatureBins, freeze_rows

SEED = 20261127
FEATURES, A_DAY = 50, 1_000
LAST = date(2026, 3, 15)
DRIFTED_SHARE = 0.05
# By how much a drifted feature moves in the last week, in standard deviations.
SHIFT = 0.5


@dataclass(frozen=True, slots=True)
class Night:
    """Models whose last week is to be held against its reference."""

    tenant: Any
    versions: list[Any]
    bins: FeatureBins


def night(*, models: int) -> Night:
    """Fill the days of both windows of some models, in a database that ends with the process."""
    _database()
    from watchfloor.ml.health import drift_windows, feature_days
    from watchfloor.ml.models import FeatureDay, ModelVersion
    from watchfloor.tenants import directory

    rng = np.random.default_rng(SEED)
    tenant = directory.create_tenant(
        code="bench", name="Benchmark", now=datetime(2026, 3, 1, tzinfo=UTC)
    )
    names = [f"f{i:02d}" for i in range(FEATURES)]
    bins = freeze_rows(
        [dict(zip(names, row, strict=True)) for row in rng.normal(size=(2_000, FEATURES)).tolist()],
        names=names,
    )
    chances = {moved: _chances(bins, rng, shift=SHIFT * moved) for moved in (False, True)}
    windows = drift_windows.windows_before(tenant=tenant, day=LAST)
    versions = [
        ModelVersion(tenant=tenant, model_type=f"model_{i:04d}", version="v1")
        for i in range(models)
    ]
    for i, version in enumerate(versions):
        drifts = i < models * DRIFTED_SHARE
        FeatureDay.objects.bulk_create(
            FeatureDay(
                tenant=tenant,
                model_type=version.model_type,
                model_version=version.version,
                local_day=day,
                n=A_DAY,
                counts=feature_days.Counted(
                    A_DAY, _counted(chances[drifts and day in windows.current], rng)
                ).to_bytes(),
            )
            for day in (*windows.reference, *windows.current)
        )
    return Night(tenant, versions, bins)


def _chances(bins: FeatureBins, rng: np.random.Generator, *, shift: float) -> list[FloatArray]:
    """Return each feature's chances of its bins, for normal values moved by `shift`."""
    values = (rng.normal(size=20_000) + shift).tolist()
    counts = [bins.by_name[name].count(values) for name in bins.places]
    return [np.asarray(each / each.sum()) for each in counts]


def _counted(chances: list[FloatArray], rng: np.random.Generator) -> IntArray:
    return np.concatenate([rng.multinomial(A_DAY, each) for each in chances])


def raw_pair(rng: np.random.Generator, *, shift: float) -> tuple[FloatArray, FloatArray]:
    """Return the values of both windows of one feature, as scipy wants them."""
    return rng.normal(size=28 * A_DAY), rng.normal(size=7 * A_DAY) + shift


def _database() -> None:
    os.environ["WATCHFLOOR_HOME"] = tempfile.mkdtemp(prefix="watchfloor-bench-")
    os.environ.pop("WATCHFLOOR_DATABASE_URL", None)
    from tools.measure.django_process import start_django

    start_django()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
