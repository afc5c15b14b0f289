"""What a version learned from never calibrates it, as far as anybody can know."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from watchfloor.core.errors import InvalidInput
from watchfloor.ml.calibration import training_overlap
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.calibration.training_overlap import TRAINED_UNTIL
from watchfloor.ml.models import ModelVersion, OutcomeRecord
from watchfloor.ml.predictions.training_data import LabelledRows, is_holdout

IDS = [UUID(int=n) for n in range(200)]
HELD = np.array([is_holdout(one) for one in IDS])


def version_of(**manifest):
    return ModelVersion(version="v1", artifact_sha256="a" * 64, manifest=manifest)


class TestNeverTrainedOn:
    def test_are_the_held_out_events_at_any_time(self, now):
        found = training_overlap.never_trained_on(
            version_of(), ids=IDS, occurred_at=[now] * len(IDS)
        )

        assert (found == HELD).all()

    def test_are_all_events_later_than_the_newest_it_learned_from(self, now):
        version = version_of(**{TRAINED_UNTIL: now.isoformat()})
        later = [now + timedelta(seconds=1)] * 2

        at = training_overlap.never_trained_on(version, ids=IDS, occurred_at=[now] * len(IDS))
        after = training_overlap.never_trained_on(version, ids=IDS[:2], occurred_at=later)

        assert (at == HELD).all()
        assert after.all()

    def test_cannot_be_told_of_a_version_that_was_trained_elsewhere(self, now):
        version = ModelVersion(version="v1", artifact_sha256="")

        found = training_overlap.never_trained_on(version, ids=IDS[:3], occurred_at=[now] * 3)

        assert found.all()
        assert "not known here" in training_overlap.rule_of(version)


class TestManifestOf:
    def test_says_which_events_a_version_never_saw(self, now):
        moments = [now, now + timedelta(hours=1), now + timedelta(hours=2)]
        rows = LabelledRows(
            records=[OutcomeRecord(occurred_at=at) for at in moments],
            features=[{}] * 3,
            is_holdout=np.array([False, False, True]),
        )

        told = training_overlap.manifest_of(rows)

        assert told == {
            "holdout": "sha256 of the id below 0.25",
            TRAINED_UNTIL: moments[1].isoformat(),
        }

    def test_knows_no_newest_event_where_all_are_held_out(self, now):
        rows = LabelledRows(
            records=[OutcomeRecord(occurred_at=now)], features=[{}], is_holdout=np.array([True])
        )

        assert training_overlap.manifest_of(rows)[TRAINED_UNTIL] is None


class TestRefuseTrainedOn:
    def test_names_the_first_row(self, now):
        rows = CalibrationRows(
            ids=IDS,
            scores=np.zeros(200),
            outcomes=np.zeros(200),
            propensities=np.ones(200),
            occurred_at=[now] * 200,
        )
        first = int(np.argmin(HELD))

        with pytest.raises(InvalidInput, match=rf"rows\[{first}\]: got '{IDS[first]}'"):
            training_overlap.refuse_trained_on(version_of(), rows)

    def test_cannot_look_up_rows_without_an_id(self):
        rows = CalibrationRows.of_pairs([0.5], [1])

        training_overlap.refuse_trained_on(version_of(), rows)
