"""A calibration set is a row nobody can change; what serves is found again without any cache."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from django.db import DatabaseError, transaction

from watchfloor.core.errors import InvalidInput, NotFound, NotReady
from watchfloor.ml.calibration import calibration_sets, conformal_predictor
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.calibration.conformal_predictor import Promises
from watchfloor.ml.inference import serving
from watchfloor.ml.models import CalibrationSet, CutReason
from watchfloor.ml.versions import registry

PROMISES = Promises(eps_ticket=0.1, eps_clear=0.05, delta=0.1)
BY_HAND = Provenance(reason=CutReason.LOAD, source="csv")


def make_rows(n=400, *, seed=1):
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.5, 0.5, size=n)
    return CalibrationRows.of_pairs(scores, rng.random(n) < scores)


@pytest.fixture
def version(tenant, now):
    return registry.add_version(
        tenant=tenant, model_type="churn", version="v1", artifact=b"", manifest={}, now=now
    )


@pytest.fixture
def cut(tenant, version, now):
    """Cut a set at a moment and return it."""

    def one(at=now, *, seed=1, provenance=BY_HAND):
        return conformal_predictor.calibrate(
            tenant=tenant,
            version=version,
            rows=make_rows(seed=seed),
            promises=PROMISES,
            provenance=provenance,
            now=at,
        )[1]

    return one


class TestARow:
    def test_says_what_it_promises(self, cut):
        row = cut()

        assert (row.eps_ticket, row.eps_clear, row.delta) == (0.1, 0.05, 0.1)
        assert row.levels["promised"]["90"] == row.levels["bins"]
        assert row.n_effective == 400

    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_can_be_neither_changed_nor_deleted(self, cut, change):
        rows = CalibrationSet.objects.filter(pk=cut().pk)

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(n=1) if change == "update" else rows.delete()

        assert rows.get().n == 400

    def test_is_there_once_for_the_same_numbers(self, cut, now):
        first = cut()

        again = cut(now + timedelta(days=7))

        assert again == first
        assert again.created_at == now

    def test_is_another_one_for_another_definition_of_the_outcome(self, cut):
        row = cut()

        other = cut(
            provenance=Provenance(
                reason=CutReason.LOAD, source="csv", outcome_definition="complaint"
            )
        )

        assert (other.sha256, other.pk) != (row.sha256, row.pk)
        assert other.sha256 == row.sha256

    def test_has_no_self_test_where_nothing_says_which_rows_are_older(self, cut):
        row = cut()

        assert (row.self_test, row.self_test_passed) == ({}, None)

    def test_needs_thirty_outcomes(self, tenant, version, now):
        with pytest.raises(NotReady, match="29 known outcomes"):
            conformal_predictor.calibrate(
                tenant=tenant,
                version=version,
                rows=make_rows(29),
                promises=PROMISES,
                provenance=BY_HAND,
                now=now,
            )

    def test_refuses_a_score_that_is_none(self, tenant, version, now):
        rows = CalibrationRows.of_pairs([0.5] * 29 + [np.nan], [1.0] * 30)

        with pytest.raises(InvalidInput, match="score"):
            conformal_predictor.fit(version=version, rows=rows, promises=PROMISES)


class TestTheCache:
    def test_is_lost_without_any_consequence(self, tenant, cut):
        row = cut()
        before = serving.calibration_of(tenant=tenant, sha256=row.sha256)

        serving._calibration_cached.cache_clear()

        after = serving.calibration_of(tenant=tenant, sha256=row.sha256)
        assert after is not before
        assert after == before
        assert after.digest == row.sha256

    def test_never_gives_one_tenants_calibration_to_another(self, tenant, other_tenant, cut):
        row = cut()
        serving.calibration_of(tenant=tenant, sha256=row.sha256)

        with pytest.raises(NotFound, match="borealis"):
            serving.calibration_of(tenant=other_tenant, sha256=row.sha256)


class TestSetsOf:
    def test_come_newest_first_page_by_page(self, tenant, cut, now):
        rows = [cut(now + timedelta(days=7 * i), seed=i) for i in range(3)]

        page = calibration_sets.sets_of(tenant=tenant, model_type="churn", limit=2)
        rest = calibration_sets.sets_of(
            tenant=tenant, model_type="churn", limit=2, after=page[-1].row.pk
        )

        assert [one.row for one in (*page, *rest)] == rows[::-1]

    def test_are_of_one_tenant_and_model_type(self, tenant, other_tenant, cut):
        cut()

        assert calibration_sets.sets_of(tenant=other_tenant, model_type="churn", limit=9) == []
        assert calibration_sets.sets_of(tenant=tenant, model_type="lifts", limit=9) == []

    def test_say_which_one_serves(self, tenant, version, cut, now):
        old, new = cut(), cut(now + timedelta(days=7), seed=2)
        deployment = registry.deployment_of(tenant=tenant, model_type="churn", now=now)
        stack = registry.new_stack(
            tenant=tenant,
            version=version,
            calibration_sha256=new.sha256,
            thresholds=b"{}",
            monitor=b"",
            now=now,
        )
        registry.point_to(deployment=deployment, stack=stack, last_known_good=None, now=now)

        listed = calibration_sets.list_all(tenant=tenant)

        assert [(one.row, one.is_serving) for one in listed] == [(new, True), (old, False)]


class TestDeltaSpent:
    def test_adds_up_the_quarter_of_the_tenants_calendar(self, tenant, cut, now):
        for at, seed in (
            (datetime.fromisoformat("2025-12-31T23:59:00+00:00"), 1),
            (datetime.fromisoformat("2026-01-01T00:00:00+00:00"), 2),
            (now, 3),
        ):
            cut(at, seed=seed)

        spent = calibration_sets.delta_spent(tenant=tenant, model_type="churn", now=now)

        assert (spent.since.isoformat(), spent.n_sets) == ("2026-01-01", 2)
        assert spent.spent == pytest.approx(0.2)

    def test_is_nothing_without_sets(self, tenant, now):
        spent = calibration_sets.delta_spent(tenant=tenant, model_type="churn", now=now)

        assert (spent.n_sets, spent.spent) == (0, 0.0)
