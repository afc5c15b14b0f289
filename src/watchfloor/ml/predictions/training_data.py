"""Labelled rows as of a moment, and the quarter of them that no model trains on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
import rfc8785

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.errors import NotReady
from watchfloor.ml.models import OutcomeRecord, TrainingDataset
from watchfloor.ml.predictions import outcomes
from watchfloor.ml.versions import artifacts, trainers
from watchfloor.ml.versions.trainers import TrainingRows
from watchfloor.tenants.models import Tenant

# A quarter of the events, by a hash of their id, is never trained on: it judges and calibrates.
HOLDOUT_SHARE = 0.25
# Of the training rows since a change, the older part tries a window and the newer part judges it.
TRIED_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Labelled events in the order in which they happened, with what was served for them."""

    records: Sequence[OutcomeRecord]
    features: Sequence[Mapping[str, Any]]
    is_holdout: BoolArray

    @property
    def labels(self) -> FloatArray:
        """Outcomes, shape (n,), 0 or 1."""
        return np.array([record.value for record in self.records], dtype=np.float64)

    def part(self, *, holdout: bool) -> TrainingRows:
        """Return the rows that train, or those that judge."""
        rows = TrainingRows(
            features=self.features,
            labels=self.labels,
            weights=np.array([1.0 / record.propensity for record in self.records]),
        )
        return rows.part(np.flatnonzero(self.is_holdout == holdout).tolist())

    def feature_names(self) -> list[str]:
        """Return every feature that any row has, in alphabetical order."""
        return sorted({name for row in self.features for name in row})

    def since(self, moment: datetime | None) -> "LabelledRows":
        """Return the rows whose events happened from a moment on; all of them for None."""
        if moment is None:
            return self
        kept = [i for i, record in enumerate(self.records) if record.occurred_at >= moment]
        return LabelledRows(
            records=[self.records[i] for i in kept],
            features=[self.features[i] for i in kept],
            is_holdout=self.is_holdout[kept],
        )


def is_holdout(prediction_id: UUID) -> bool:
    """Return whether an event belongs to the quarter that no model is trained on."""
    digest = hashlib.sha256(b"holdout" + prediction_id.bytes).digest()
    return int.from_bytes(digest[:8], "big") < HOLDOUT_SHARE * 2**64


def labelled_rows(
    *,
    features: Mapping[UUID, Mapping[str, Any]],
    records: Sequence[OutcomeRecord],
) -> LabelledRows:
    """Return the labelled events whose features were served."""
    kept = [record for record in records if features.get(record.prediction_id)]
    return LabelledRows(
        records=kept,
        features=[features[record.prediction_id] for record in kept],
        is_holdout=np.array([is_holdout(record.prediction_id) for record in kept], dtype=np.bool_),
    )


def known_records(
    *, tenant: Tenant, log: str, model_type: str, days: int, now: datetime
) -> list[OutcomeRecord]:
    """Return the current outcomes of the last `days` days that were known by `now`."""
    return outcomes.known_outcomes(
        tenant=tenant,
        log=log,
        model_type=model_type,
        since=now - timedelta(days=days),
        known_by=now,
    )


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """
    How many outcomes are known, without reading them.

    Args:
        n_held_out: kept from training, of events since a change; counted up to what is needed.
    """

    n: int
    n_positive: int
    n_held_out: int


def count_known(
    *,
    tenant: Tenant,
    log: str,
    model_type: str,
    days: int,
    changed_at: datetime | None,
    enough_held_out: int,
    now: datetime,
) -> LabelCounts:
    """Count what `known_records` would return."""
    rows = OutcomeRecord.objects.for_tenant(tenant).filter(
        log=log,
        model_type=model_type,
        is_current=True,
        occurred_at__gte=now - timedelta(days=days),
        known_at__lte=now,
    )
    since = rows if changed_at is None else rows.filter(occurred_at__gte=changed_at)
    held_out = (
        prediction_id
        for prediction_id in since.values_list("prediction_id", flat=True).iterator()
        if is_holdout(prediction_id)
    )
    return LabelCounts(
        n=rows.count(),
        n_positive=rows.filter(value__gte=0.5).count(),
        n_held_out=sum(1 for _ in islice(held_out, enough_held_out)),
    )


def best_window(
    rows: LabelledRows, *, changed_at: datetime | None, feature_names: Sequence[str], seed: int
) -> LabelledRows:
    """
    Return the rows to train on: all, or those since a change in the world.

    After a change old rows may teach what is no longer true, or most of what is known. Both
    windows are tried on the newest training rows since the change; the holdout, which judges
    the promotion, takes no part.
    """
    if changed_at is None:
        return rows
    recent = rows.since(changed_at)
    trainable = recent.part(holdout=False)
    cut = int(len(trainable.labels) * TRIED_SHARE)
    judged = trainable.part(range(cut, len(trainable.labels)))
    starts_at = changed_at
    if cut:
        starts_at = recent.records[int(np.flatnonzero(~recent.is_holdout)[cut])].occurred_at
    losses = {}
    for name, window in (("all", rows), ("since", recent)):
        earlier = [i for i, record in enumerate(window.records) if record.occurred_at < starts_at]
        train_on = LabelledRows(
            [window.records[i] for i in earlier],
            [window.features[i] for i in earlier],
            window.is_holdout[earlier],
        )
        losses[name] = _loss_of(train_on.part(holdout=False), judged, feature_names, seed)
    since, everything = losses["since"], losses["all"]
    if since is None or (everything is not None and everything <= since):
        return rows
    return recent


def _loss_of(
    train_on: TrainingRows, judged: TrainingRows, feature_names: Sequence[str], seed: int
) -> float | None:
    if len(judged.labels) == 0:
        return None
    try:
        content = trainers.train(train_on, feature_names=feature_names, seed=seed)
    except NotReady:
        return None
    scores = artifacts.from_bytes(content, sha256="").score(judged.features)
    return float(np.mean((scores - judged.labels) ** 2))


def snapshot(
    *, tenant: Tenant, model_type: str, rows: LabelledRows, now: datetime
) -> TrainingDataset:
    """Store which rows a model is trained on: counts, window and a hash over ids and values."""
    content: Any = [
        [str(record.prediction_id), float(record.value).hex(), dict(features)]
        for record, features in zip(rows.records, rows.features, strict=True)
    ]
    digest = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    labels = rows.labels
    return TrainingDataset.objects.create(
        tenant=tenant,
        model_type=model_type,
        sha256=digest,
        n=len(labels),
        n_positive=int(labels.sum()),
        labels_known_until=now,
        manifest={
            "first_event": rows.records[0].occurred_at.isoformat() if rows.records else None,
            "last_event": rows.records[-1].occurred_at.isoformat() if rows.records else None,
            "holdout_share": HOLDOUT_SHARE,
            "n_holdout": int(rows.is_holdout.sum()),
        },
        created_at=now,
    )
