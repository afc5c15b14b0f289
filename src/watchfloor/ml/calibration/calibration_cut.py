"""Cut the rows of a calibration set out of a log, by rules that no outcome has a say in."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from watchfloor.core.arrays import BoolArray
from watchfloor.ml.calibration import training_overlap
from watchfloor.ml.calibration.calibration_cohort import (
    NOWHERE,
    ClosedCohort,
    CohortRules,
    Log,
    closed_cohort,
)
from watchfloor.ml.calibration.calibration_rows import CalibrationRows, within_entity_cap
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.inference import exchangeability_guard
from watchfloor.ml.models import CutReason, ModelVersion, OutcomeRecord
from watchfloor.ml.predictions.training_data import is_holdout
from watchfloor.ml.versions import artifacts
from watchfloor.tenants.models import Tenant

WORLD_SINCE = "world_since"

FeaturesOf = Callable[[Sequence[UUID]], Mapping[UUID, Mapping[str, Any]]]
"""The features that a log served for predictions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """
    Rows for a set, and how they were chosen.

    Args:
        left_out: known outcomes that were not taken, counted by why.
    """

    rows: CalibrationRows
    cohort: ClosedCohort
    rules: CohortRules
    left_out: Mapping[str, int]
    n_entities: int

    def provenance(self, *, reason: CutReason, source: str, version: ModelVersion) -> Provenance:
        """Return where these rows came from, for the set that is made of them."""
        return Provenance(
            reason=reason,
            source=source,
            window=(self.cohort.start, self.cohort.end),
            label_delay_s=self.cohort.label_delay.total_seconds(),
            cohort_rule=self._rule(),
            detail={
                "left_out": dict(self.left_out),
                "entities": self.n_entities,
                "asked_known": self.cohort.asked_known,
                "quiet_known": self.cohort.quiet_known,
                "training_overlap": training_overlap.rule_of(version),
            },
        )

    def _rule(self) -> str:
        share = f"{self.rules.closed_share:.1%} of"
        days = self.cohort.label_delay / timedelta(days=1)
        closed = (
            f"Predictions up to the day until which {share} them are known"
            if self.cohort.is_complete
            else f"Predictions at least {days:.2f} days old, by which {share} the outcomes of each "
            "kind are known"
        )
        return f"{closed}; at most {self.rules.entity_cap} of one entity."


def cut_from_log(
    *,
    tenant: Tenant,
    version: ModelVersion,
    log: Log,
    features_of: FeaturesOf,
    rules: CohortRules,
    now: datetime,
) -> Cut:
    """
    Return rows that a version may be calibrated on, oldest first.

    Its own predictions are taken with the score that was served; events of the holdout that
    another version scored are scored by this one, if it is here. None of them was trained on.

    Raises:
        NotReady: no closed and complete cohort is there yet.
    """
    cohort = closed_cohort(
        tenant=tenant,
        log=log,
        model_type=version.model_type,
        rules=rules,
        world_since=_world_since(version),
        usable=lambda record: _is_usable(version, record),
        now=now,
    )
    left_out = Counter(
        {
            "younger than closed": cohort.n_younger,
            "of another version, or trained on": cohort.n_known - len(cohort.records),
        }
    )
    records = _drop(cohort.records, _without_sample(cohort, version), left_out, "not sampled")
    entities = [cohort.logged.get(r.prediction_id, NOWHERE)[:2] for r in records]
    capped = within_entity_cap(
        entities, [record.prediction_id for record in records], cap=rules.entity_cap
    )
    records = _drop(records, ~capped, left_out, "beyond the entity cap")
    scores = _scores(tenant, version, records, features_of)
    unscored = np.array([scores.get(r.prediction_id) is None for r in records], dtype=np.bool_)
    records = _drop(records, unscored, left_out, "cannot be scored")
    return Cut(
        rows=_rows(records, scores, quiet_is_known=cohort.quiet_is_known),
        cohort=cohort,
        rules=rules,
        left_out={why: n for why, n in left_out.items() if n},
        n_entities=len(set(entities)),
    )


def _world_since(version: ModelVersion) -> datetime | None:
    """
    Return since when outcomes come as they come now, as far as anything says so.

    A version that was trained after a change was trained for what came then; and where a guard
    has lost its set, the rows before the turn would make the same set again.
    """
    stated = version.manifest.get(WORLD_SINCE)
    turned_at = exchangeability_guard.last_turn(version)
    moments = [datetime.fromisoformat(stated)] if stated else []
    return max([*moments, *([turned_at] if turned_at else [])], default=None)


def _is_usable(version: ModelVersion, record: OutcomeRecord) -> bool:
    if record.model_version == version.version:
        if record.score is None:
            return False
    elif not version.artifact_sha256 or not is_holdout(record.prediction_id):
        return False
    [never_seen] = training_overlap.never_trained_on(
        version, ids=[record.prediction_id], occurred_at=[record.occurred_at]
    )
    return bool(never_seen)


def _without_sample(cohort: ClosedCohort, version: ModelVersion) -> BoolArray:
    """
    Return which rows do not speak for all predictions at their score.

    Where the quiet rest is not sampled, only what this very version had asked about is known
    whatever became of it.
    """
    if cohort.quiet_is_known:
        return np.zeros(len(cohort.records), dtype=np.bool_)
    return np.array(
        [
            record.model_version != version.version or (record.score or 0.0) < cohort.asked_from
            for record in cohort.records
        ],
        dtype=np.bool_,
    )


def _drop(
    records: Sequence[OutcomeRecord], dropped: BoolArray, left_out: Counter[str], why: str
) -> list[OutcomeRecord]:
    left_out[why] += int(dropped.sum())
    return [record for record, is_out in zip(records, dropped, strict=True) if not is_out]


def _scores(
    tenant: Tenant,
    version: ModelVersion,
    records: Sequence[OutcomeRecord],
    features_of: FeaturesOf,
) -> dict[UUID, float | None]:
    """Return the score of each record by this version: the served one, or one made now."""
    scores = {r.prediction_id: r.score for r in records if r.model_version == version.version}
    others = [r.prediction_id for r in records if r.model_version != version.version]
    if others:
        features = features_of(others)
        known = [one for one in others if features.get(one)]
        artifact = artifacts.load(tenant=tenant, sha256=version.artifact_sha256)
        made = artifact.score_each([features[one] for one in known])
        scores |= dict(zip(known, made, strict=True))
    return scores


def _rows(
    records: Sequence[OutcomeRecord],
    scores: Mapping[UUID, float | None],
    *,
    quiet_is_known: bool,
) -> CalibrationRows:
    return CalibrationRows(
        ids=[record.prediction_id for record in records],
        scores=np.array([scores[r.prediction_id] for r in records], dtype=np.float64),
        outcomes=np.array([record.value for record in records], dtype=np.float64),
        propensities=np.array([record.propensity for record in records], dtype=np.float64),
        occurred_at=[record.occurred_at for record in records],
        quiet_is_known=quiet_is_known,
    )
