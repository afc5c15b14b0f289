"""Weeks and months of the score rollup: what is added to a day is added to its spans too."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Q

from watchfloor.core.rollup_cover import Cover, Span, cover, span_start
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.core.score_rollup import ScoreCounts
from watchfloor.ml.models import ScoreDay, ScoreSpan
from watchfloor.ml.models.rollup import OutcomeClass
from watchfloor.ml.predictions.histograms import Key, add_to, key_of, unpack
from watchfloor.tenants.models import Tenant

KEPT = (Span.WEEK, Span.MONTH)
SpanKey = tuple[Span, Key]
"""A span, and the key of a day with the span's first day in place of its own."""


def add(*, tenant: Tenant, sums: Mapping[Key, Mapping[int, int]]) -> None:
    """Add the changes of days to their weeks and months, in the transaction of the days."""
    for (span, key), counts in _by_span(sums).items():
        add_to(ScoreSpan, tenant, {"span": span.value, **key.columns()}, counts)


def _by_span(sums: Mapping[Key, Mapping[int, int]]) -> dict[SpanKey, Counter[int]]:
    found: dict[SpanKey, Counter[int]] = defaultdict(Counter)
    for key, counts in sums.items():
        for span in KEPT:
            start = span_start(key.local_day, span)
            columns: dict[str, Any] = {**key.columns(), "local_day": start}
            found[span, Key(**columns)].update(counts)
    return found


def window_counts(
    *, tenant: Tenant, model_type: str, first: date, last: date, version: str | None = None
) -> ScoreCounts:
    """
    Return the histogram of a closed range of local days, all calibrations and sites together.

    Two queries and a dozen rows a year for each calibration and site group, for months and
    weeks stand for their days.
    """
    pieces = cover(first, last)
    arrays = {
        outcome: np.zeros(PROBABILITY.size, dtype=np.int64) for outcome in OutcomeClass.values
    }
    for rows in (_days(tenant, pieces), _spans(tenant, pieces)):
        if rows is None:
            continue
        asked = rows.filter(model_type=model_type)
        if version is not None:
            asked = asked.filter(model_version=version)
        for outcome, counts in asked.values_list("outcome", "counts"):
            pairs = unpack(bytes(counts))
            arrays[outcome][pairs[:, 0]] += pairs[:, 1]
    return ScoreCounts(
        grid=PROBABILITY,
        clean=arrays[OutcomeClass.CLEAN],
        event=arrays[OutcomeClass.EVENT],
        unknown=arrays[OutcomeClass.UNKNOWN],
    )


def _days(tenant: Tenant, pieces: Iterable[Cover]) -> Any:
    days = [piece.first for piece in pieces if piece.span is Span.DAY]
    return ScoreDay.objects.for_tenant(tenant).filter(local_day__in=days) if days else None


def _spans(tenant: Tenant, pieces: Iterable[Cover]) -> Any:
    wanted = Q()
    for span in KEPT:
        starts = [piece.first for piece in pieces if piece.span is span]
        if starts:
            wanted |= Q(span=span.value, local_day__in=starts)
    return ScoreSpan.objects.for_tenant(tenant).filter(wanted) if wanted else None


def rebuild(*, tenant: Tenant, write: bool) -> list[str]:
    """
    Add up the days anew and return every span that differs; `write` puts those right.

    The caller holds the tenant and has added every change to its day.
    """
    expected = {
        key: {bin_: n for bin_, n in counts.items() if n}
        for key, counts in _by_span(_stored_days(tenant)).items()
    }
    stored = {
        (Span(row.span), key_of(row)): dict(unpack(bytes(row.counts)).tolist())
        for row in ScoreSpan.objects.for_tenant(tenant)
    }
    differing = [
        one
        for one in expected.keys() | stored.keys()
        if expected.get(one, {}) != stored.get(one, {})
    ]
    if write:
        for span, key in differing:
            _replace(tenant, span, key, expected.get((span, key), {}))
    return [f"{span.value} of {key}" for span, key in differing]


def _replace(tenant: Tenant, span: Span, key: Key, counts: Mapping[int, int]) -> None:
    rows = ScoreSpan.objects.for_tenant(tenant).filter(span=span.value, **key.columns())
    rows.delete()
    if counts:
        add_to(ScoreSpan, tenant, {"span": span.value, **key.columns()}, counts)


def _stored_days(tenant: Tenant) -> dict[Key, dict[int, int]]:
    return {
        key_of(row): dict(unpack(bytes(row.counts)).tolist())
        for row in ScoreDay.objects.for_tenant(tenant)
    }
