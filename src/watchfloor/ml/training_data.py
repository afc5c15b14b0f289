"""Labelled rows as of a moment: what was served, what is known, and which rows no model trains on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import rfc8785

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.ml import outcomes
from watchfloor.ml.models import OutcomeRecord, TrainingDataset
from watchfloor.ml.trainers import TrainingRows
from watchfloor.tenants.models import Tenant

# A quarter of the events, by a hash of their id, is never trained on: it judges and calibrates.
HOLDOUT_SHARE = 0.25


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
        return rows.part(np.flatnonzero(self.is_holdout == holdout))

    def feature_names(self) -> list[str]:
        """Return every feature that any row has, in alphabetical order."""
        return sorted({name for row in self.features for name in row})


def is_holdout(prediction_id: UUID) -> bool:
    """Return whether an event belongs to the quarter that no model is trained on."""
    digest = hashlib.sha256(b"holdout" + prediction_id.bytes).digest()
    return int.from_bytes(digest[:8], "big") < HOLDOUT_SHARE * 2**64


def labelled_rows(
    *,
    tenant: Tenant,
    log: str,
    model_type: str,
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


def snapshot(
    *, tenant: Tenant, model_type: str, rows: LabelledRows, now: datetime
) -> TrainingDataset:
    """Store which rows a model is trained on: counts, window and a hash over ids and values."""
    content = [
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
