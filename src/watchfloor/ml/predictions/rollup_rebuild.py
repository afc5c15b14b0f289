"""Count the score rollup anew from the logs, prove it equal, and put right what differs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction

from watchfloor.core.errors import NotReady
from watchfloor.ml.models import ScoreDay, ScoreDelta
from watchfloor.ml.predictions import rollup_spans, rollups
from watchfloor.ml.predictions.histograms import Key, add_to, key_of, unpack
from watchfloor.ml.predictions.scored import Scored
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant

Histogram = dict[int, int]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """
    What counting a tenant anew found: nothing that differs is the proof.

    Args:
        n_days: histograms of days that were compared.
        days: those that differ from the log, with both sides.
        spans: weeks and months that differ from their days.
    """

    n_days: int
    days: tuple[str, ...]
    spans: tuple[str, ...]

    @property
    def n_differing(self) -> int:
        """Histograms that differ, of days, weeks and months."""
        return len(self.days) + len(self.spans)

    @property
    def sentence(self) -> str:
        """Say it to an operator."""
        return (
            f"{self.n_days} histograms of days, {len(self.days)} differ from the log; "
            f"{len(self.spans)} weeks and months differ from their days"
        )


def rebuild(*, tenant: Tenant, logged: Callable[[], Iterable[Scored]], write: bool) -> Rebuilt:
    """
    Hold every day against the log and every week and month against its days.

    Days before the oldest logged prediction are left as they are: their log may be gone.

    Args:
        logged: every logged prediction of the tenant, in any order; read once.
        write: put right what differs.

    Raises:
        NotReady: predictions or outcomes were written meanwhile, so nothing is proved; nothing
            was changed.
    """
    rollups.compact_all(tenant=tenant)
    with transaction.atomic():
        directory.hold(tenant)
        expected = _counted(logged())
        # Whatever the log was read with before its change was added to a day is here now.
        if ScoreDelta.objects.for_tenant(tenant).exists():
            raise NotReady(f"{tenant.code}: predictions came in meanwhile; try again")
        stored = _stored(tenant, expected)
        differing = sorted(
            (key for key in expected.keys() | stored.keys() if _differs(key, expected, stored)),
            key=lambda key: tuple(map(str, key.columns().values())),
        )
        if write:
            for key in differing:
                _replace(tenant, key, expected.get(key, {}))
        spans = rollup_spans.rebuild(tenant=tenant, write=write)
    return Rebuilt(
        n_days=len(expected.keys() | stored.keys()),
        days=tuple(_said(key, expected, stored) for key in differing),
        spans=tuple(sorted(spans)),
    )


def _counted(logged: Iterable[Scored]) -> dict[Key, Histogram]:
    counts: dict[Key, Counter[int]] = defaultdict(Counter)
    for one in logged:
        if one.score_bin is not None:
            counts[rollups.key_of(one, outcome=one.outcome)][one.score_bin] += 1
    return {key: dict(counted) for key, counted in counts.items()}


def _stored(tenant: Tenant, expected: dict[Key, Histogram]) -> dict[Key, Histogram]:
    rows = ScoreDay.objects.for_tenant(tenant).exclude(n=0)
    if expected:
        rows = rows.filter(local_day__gte=min(key.local_day for key in expected))
    else:
        rows = rows.none()
    return {key_of(row): dict(unpack(bytes(row.counts)).tolist()) for row in rows}


def _differs(key: Key, expected: dict[Key, Histogram], stored: dict[Key, Histogram]) -> bool:
    return expected.get(key, {}) != stored.get(key, {})


def _said(key: Key, expected: dict[Key, Histogram], stored: dict[Key, Histogram]) -> str:
    return f"{key}: log {expected.get(key, {})}, rollup {stored.get(key, {})}"


def _replace(tenant: Tenant, key: Key, counts: Histogram) -> None:
    ScoreDay.objects.for_tenant(tenant).filter(**key.columns()).delete()
    if counts:
        add_to(ScoreDay, tenant, key.columns(), counts)
