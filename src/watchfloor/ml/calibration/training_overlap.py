"""Which events a model version was certainly not trained on: those may calibrate and judge it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from watchfloor.core.arrays import BoolArray
from watchfloor.core.errors import InvalidInput
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.models import ModelVersion
from watchfloor.ml.predictions.training_data import HOLDOUT_SHARE, LabelledRows, is_holdout

TRAINED_UNTIL = "trained_until"
ELSEWHERE = "trained elsewhere: which rows it saw is not known here"
HERE = (
    "trained here: events of the quarter that no model is trained on, or later than the newest "
    "event of its training set"
)


def manifest_of(rows: LabelledRows) -> Mapping[str, Any]:
    """
    Return what a version's manifest says, so that later it is known which events it never saw.

    Args:
        rows: what it was trained on, in the order of the events, the holdout among them.
    """
    trained = [
        record.occurred_at
        for record, held in zip(rows.records, rows.is_holdout, strict=True)
        if not held
    ]
    return {
        "holdout": f"sha256 of the id below {HOLDOUT_SHARE:g}",
        TRAINED_UNTIL: max(trained).isoformat() if trained else None,
    }


def rule_of(version: ModelVersion) -> str:
    """Return in words how it is known that rows were not trained on."""
    return HERE if version.artifact_sha256 else ELSEWHERE


def never_trained_on(
    version: ModelVersion, *, ids: Sequence[UUID], occurred_at: Sequence[datetime]
) -> BoolArray:
    """
    Return which events a version was certainly not trained on.

    A version that scores elsewhere was trained where nobody here can look: none of its rows is
    refused, and its sets say so. One without a watermark in its manifest is only sure of the
    holdout.
    """
    if not version.artifact_sha256:
        return np.ones(len(ids), dtype=np.bool_)
    until = version.manifest.get(TRAINED_UNTIL)
    watermark = datetime.fromisoformat(until) if until else None
    return np.array(
        [
            is_holdout(one) or (watermark is not None and at > watermark)
            for one, at in zip(ids, occurred_at, strict=True)
        ],
        dtype=np.bool_,
    )


def refuse_trained_on(version: ModelVersion, rows: CalibrationRows) -> None:
    """
    Raise InvalidInput naming the first row that the version may have been trained on.

    Rows without an id cannot be looked up; whoever brings them states where they come from.
    """
    if rows.ids is None or rows.occurred_at is None:
        return
    fits = never_trained_on(version, ids=rows.ids, occurred_at=rows.occurred_at)
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(
            field=f"rows[{first}]",
            value=str(rows.ids[first]),
            expected=f"an event that {version.version} was not trained on",
        )
