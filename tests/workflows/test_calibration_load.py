"""The specification's command loads a calibration set for good, for one tenant, or says why not."""

from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from watchfloor.ml import registry
from watchfloor.ml.models import CalibrationSet, Deployment
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture
def labelled(tenant, now):
    """Sixty posted scores whose outcomes are known."""
    rng = np.random.default_rng(5)
    scores = rng.uniform(size=60)
    results = handle_predictions(
        tenant=tenant,
        requests=[
            PredictionRequest(
                event_id=f"e{i}",
                source="crm",
                model_type="churn",
                entity_type="client",
                entity_id=f"c{i}",
                occurred_at=now,
                score=float(score),
                model_version="crm-1",
            )
            for i, score in enumerate(scores)
        ],
        now=now,
    )
    record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                prediction_id=result.id,
                value=float(rng.uniform() < score),
                known_at=now,
                source="crm",
                labeller="crm",
                dedupe_key=f"o{i}",
            )
            for i, (result, score) in enumerate(zip(results, scores, strict=True))
        ],
        now=now,
    )
    return tenant


def _load(**options):
    out = StringIO()
    call_command("load_calibration_data", stdout=out, **options)
    return out.getvalue()


class TestFromALog:
    def test_the_serving_version_decides_with_it_from_then_on(self, labelled, time_is_now):
        said = _load(
            tenant="acme", model_type="churn", model_version="crm-1", source="prediction_log"
        )

        assert "n=60" in said
        deployment = Deployment.objects.select_related("stack").get()
        assert deployment.stack.calibration_sha256 == CalibrationSet.objects.get().sha256

    def test_is_listed_by_what_is_stored(self, labelled, time_is_now):
        _load(tenant="acme", model_type="churn", model_version="crm-1", source="prediction_log")

        assert "churn crm-1: n=60" in _load(tenant="acme", list=True)

    def test_never_sees_another_tenants_rows(self, labelled, other_tenant, time_is_now):
        with pytest.raises(CommandError, match="0 pairs"):
            _load(
                tenant="borealis",
                model_type="churn",
                model_version="crm-1",
                source="prediction_log",
            )


class TestFromAFile:
    def test_loads_pairs(self, labelled, tmp_path, time_is_now):
        path = tmp_path / "pairs.csv"
        lines = [f"{i / 40},{int(i > 20)}" for i in range(40)]
        path.write_text("prediction,actual\n" + "\n".join(lines))

        said = _load(
            tenant="acme", model_type="churn", model_version="crm-1", source="csv", file=path
        )

        assert "n=40" in said

    def test_names_the_line_that_does_not_fit(self, labelled, tmp_path, time_is_now):
        path = tmp_path / "pairs.csv"
        path.write_text("prediction,actual\n0.5,1\nhigh,1\n")

        with pytest.raises(CommandError, match=":3:"):
            _load(tenant="acme", model_type="churn", model_version="crm-1", source="csv", file=path)

    def test_refuses_a_score_out_of_range_by_name(self, labelled, tmp_path, time_is_now):
        path = tmp_path / "pairs.csv"
        path.write_text("prediction,actual\n" + "1.5,1\n" * 40)

        with pytest.raises(CommandError, match="scores"):
            _load(tenant="acme", model_type="churn", model_version="crm-1", source="csv", file=path)


class TestRefusals:
    def test_too_few_pairs(self, labelled, time_is_now):
        with pytest.raises(CommandError, match="at least 100"):
            _load(
                tenant="acme",
                model_type="churn",
                model_version="crm-1",
                source="prediction_log",
                min_samples=100,
            )

    def test_an_unknown_version(self, labelled, tmp_path, time_is_now):
        path = tmp_path / "pairs.csv"
        path.write_text("prediction,actual\n" + "0.5,1\n" * 40)

        with pytest.raises(CommandError, match="crm-9"):
            _load(tenant="acme", model_type="churn", model_version="crm-9", source="csv", file=path)

    def test_a_missing_option(self, labelled, time_is_now):
        with pytest.raises(CommandError, match="--source"):
            _load(tenant="acme", model_type="churn", model_version="crm-1")


class TestBackfill:
    def test_computes_the_metrics_of_past_days(self, labelled, time_is_now):
        out = StringIO()

        call_command("backfill_performance_metrics", tenant="acme", days=3, stdout=out)

        assert "metric days computed" in out.getvalue()

    def test_refuses_an_unknown_tenant(self, time_is_now):
        with pytest.raises(CommandError, match="nobody"):
            call_command("backfill_performance_metrics", tenant="nobody")


class TestTheStack:
    def test_keeps_what_was_known_good(self, labelled, now, time_is_now):
        _load(tenant="acme", model_type="churn", model_version="crm-1", source="prediction_log")

        deployment = registry.deployment_of(tenant=labelled, model_type="churn", now=now)
        assert deployment.pointer_version == 2
