"""A stored histogram of scores: its key, its bytes, and how counts are added to its row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from watchfloor.core.arrays import IntArray
from watchfloor.ml.models import ScoreDay, ScoreSpan
from watchfloor.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Key:
    """What one histogram is kept for."""

    model_type: str
    model_version: str
    calibration_hash: str
    site_group: str
    local_day: date
    outcome: str

    def columns(self) -> dict[str, str | date]:
        """Return the key as columns of a row."""
        return {name: getattr(self, name) for name in self.__slots__}


def key_of(row: ScoreDay | ScoreSpan) -> Key:
    """Return the key of a stored histogram; of a week or month with its first day."""
    return Key(**{name: getattr(row, name) for name in Key.__slots__})


def pack(counts: Mapping[int, int]) -> bytes:
    """
    Return a sparse histogram as little-endian int32 pairs, bins ascending.

    >>> unpack(pack({7: 2, 3: 1})).tolist()
    [[3, 1], [7, 2]]
    """
    return np.array(sorted(counts.items()), dtype="<i4").tobytes()


def unpack(content: bytes) -> IntArray:
    """Return pairs (bin, count), shape (k, 2)."""
    return np.frombuffer(content, dtype="<i4").reshape(-1, 2).astype(np.int64)


def add_to(
    table: type[ScoreDay] | type[ScoreSpan],
    tenant: Tenant,
    columns: Mapping[str, Any],
    counts: Mapping[int, int],
) -> None:
    """Add counts, some of them negative, to the row of a key; a first one makes it."""
    row = table.objects.for_tenant(tenant).filter(**columns).first()
    merged = Counter(counts)
    if row is not None:
        merged.update(dict(unpack(bytes(row.counts)).tolist()))
    packed = pack({bin_: n for bin_, n in merged.items() if n})
    values = {"n": sum(merged.values()), "counts": packed}
    if row is None:
        table.objects.create(tenant=tenant, **columns, **values)
    else:
        table.objects.filter(pk=row.pk).update(**values)
