"""Which labelled rows a challenger learns from after the world has changed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchfloor.ml.models import OutcomeRecord
from watchfloor.ml.predictions.training_data import LabelledRows, best_window

OPENED = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
N_BEFORE = 450


def turned_world(n_since: int) -> tuple[LabelledRows, datetime]:
    """Return rows whose one feature means the opposite after the 450th, and when it turned."""
    rng = np.random.default_rng(20260115)
    load = rng.uniform(size=N_BEFORE + n_since)
    turned = np.arange(len(load)) >= N_BEFORE
    records = [
        OutcomeRecord(
            occurred_at=OPENED + timedelta(minutes=place), value=float(is_late), propensity=1.0
        )
        for place, is_late in enumerate((load > 0.5) != turned)
    ]
    rows = LabelledRows(
        records=records,
        features=[{"load": float(each)} for each in load],
        is_holdout=np.arange(len(load)) % 4 == 0,
    )
    return rows, records[N_BEFORE].occurred_at


class TestBestWindow:
    @pytest.mark.parametrize("n_since", [115, 160], ids=["just enough to try", "enough"])
    def test_forgets_what_is_no_longer_true(self, n_since):
        rows, turned_at = turned_world(n_since)

        window = best_window(rows, changed_at=turned_at, feature_names=["load"], seed=1)

        # 60 % of three quarters of 115 are 51 rows, and 50 are the fewest that can be trained.
        assert len(window.records) == n_since

    def test_keeps_everything_while_too_little_is_known_of_the_new_world(self):
        rows, turned_at = turned_world(100)

        window = best_window(rows, changed_at=turned_at, feature_names=["load"], seed=1)

        assert window is rows

    def test_keeps_everything_where_nothing_changed(self):
        rows, _ = turned_world(160)

        assert best_window(rows, changed_at=None, feature_names=["load"], seed=1) is rows
