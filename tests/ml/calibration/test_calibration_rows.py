"""The rows of a set: the same draw on any process, the same hash in any order."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.ml.calibration.calibration_rows import CalibrationRows, chance, within_entity_cap

IDS = [UUID(int=n) for n in range(60)]


def rows_of(ids, outcomes):
    n = len(ids)
    return CalibrationRows(
        ids=ids, scores=np.zeros(n), outcomes=np.array(outcomes), propensities=np.ones(n)
    )


class TestSha256:
    def test_does_not_depend_on_the_order(self):
        ids, outcomes = IDS[:3], [0.0, 1.0, 1.0]

        assert rows_of(ids, outcomes).sha256 == rows_of(ids[::-1], outcomes[::-1]).sha256

    def test_changes_with_any_outcome(self):
        assert rows_of(IDS[:2], [0.0, 1.0]).sha256 != rows_of(IDS[:2], [0.0, 0.0]).sha256

    def test_goes_by_scores_where_there_are_no_ids(self):
        one = CalibrationRows.of_pairs([0.2, 0.8], [0, 1])

        assert one.sha256 == CalibrationRows.of_pairs([0.8, 0.2], [1, 0]).sha256
        assert one.sha256 != CalibrationRows.of_pairs([0.2, 0.9], [0, 1]).sha256


class TestSampling:
    def test_draws_alike_wherever_it_is_asked(self):
        draws = rows_of(IDS, [0.0] * 60).sampling.draws

        again = rows_of(IDS[::-1], [0.0] * 60).sampling.draws

        assert draws.tolist() == again[::-1].tolist()
        assert len(set(draws.tolist())) == 60

    @given(key=st.binary(max_size=20))
    def test_a_chance_lies_in_its_range(self, key):
        assert 0 <= chance(b"any", key) < 1


class TestWithinEntityCap:
    @pytest.mark.parametrize("cap", [1, 3, 7])
    def test_keeps_so_many_rows_of_each(self, cap):
        entities = [("guard", f"g{n % 30}") for n in range(60)]

        kept = within_entity_cap(entities, IDS, cap=cap)

        assert kept.sum() == 30 * min(cap, 2)

    def test_keeps_all_where_the_entities_are_the_world(self):
        assert within_entity_cap([("lift", "a")] * 60, IDS, cap=1).all()

    def test_chooses_by_the_id_and_not_by_the_place(self):
        entities = [("guard", "g")] * 31 + [("guard", f"g{n}") for n in range(29)]
        order = np.random.default_rng(1).permutation(60)

        kept = within_entity_cap(entities, IDS, cap=5)
        again = within_entity_cap([entities[i] for i in order], [IDS[i] for i in order], cap=5)

        assert kept[order].tolist() == again.tolist()
