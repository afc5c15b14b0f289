"""The specification's command loads a calibration set for good, for one tenant, or says why not."""

import uuid
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from watchfloor.ledger.models import AuditEntry
from watchfloor.ml.models import (
    CalibrationSet,
    Deployment,
    ModelVersion,
    OutcomeRecord,
    PredictionLog,
)
from watchfloor.ml.versions import registry
from watchfloor.workflows import safe_retrain
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db
OF_CRM = {"tenant": "acme", "model_type": "churn", "model_version": "crm-1"}


def _live(tenant, now, *, n=60, scored=True, name="e"):
    """Clients whose outcomes are known; scores are posted, or nobody has made one yet."""
    rng = np.random.default_rng(5)
    scores = rng.uniform(size=n)
    results = handle_predictions(
        tenant=tenant,
        requests=[
            PredictionRequest(
                event_id=f"{name}{i}",
                source="crm",
                model_type="churn",
                entity_type="client",
                entity_id=f"c{i}",
                occurred_at=now - timedelta(minutes=n - i),
                features={"visits": float(score)},
                score=float(score) if scored else None,
                model_version="crm-1" if scored else None,
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
                dedupe_key=f"{name}{i}",
            )
            for i, (result, score) in enumerate(zip(results, scores, strict=True))
        ],
        now=now,
    )
    return tenant


@pytest.fixture
def labelled(tenant, now):
    """Sixty posted scores whose outcomes are known, each after an hour at most."""
    return _live(tenant, now - timedelta(hours=1))


@pytest.fixture
def trained(tenant, now):
    """A churn model that was trained here on three of four of 400 clients."""
    later = now - timedelta(days=2)
    _live(tenant, later, n=400, scored=False)
    return safe_retrain.first_model(tenant=tenant, model_type="churn", now=later)


@pytest.fixture
def pairs(tmp_path):
    """Write lines below the given header and return the path."""

    def write(*lines, header="prediction,actual"):
        path = tmp_path / "pairs.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def _load(**options):
    out, err = StringIO(), StringIO()
    call_command("load_calibration_data", stdout=out, stderr=err, **options)
    return out.getvalue()


def _refused(**options):
    """Return what was refused: the sentence, and what was told line by line."""
    err = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("load_calibration_data", stdout=StringIO(), stderr=err, **options)
    return str(refusal.value), err.getvalue()


class TestFromALog:
    def test_the_serving_version_decides_with_it_from_then_on(self, labelled, time_is_now):
        said = _load(**OF_CRM, source="prediction_log")

        assert "n=60" in said
        deployment = Deployment.objects.select_related("stack").get()
        assert deployment.stack.calibration_sha256 == CalibrationSet.objects.get().sha256

    def test_says_where_its_rows_came_from(self, labelled, now, time_is_now):
        _load(**OF_CRM, source="prediction_log")

        row = CalibrationSet.objects.get()
        assert (row.reason, row.source, row.outcome_definition) == (
            "load",
            "prediction_log",
            "recorded",
        )
        assert row.window_start < row.window_end == now
        # The slowest outcome came an hour after its event.
        assert row.label_delay_s == 3600
        assert "until which 99.0% of them are known; at most 50 of one entity" in row.cohort_rule
        assert "trained elsewhere" in row.provenance["training_overlap"]
        assert len(row.rows_sha256) == 64
        assert row.self_test["n_older"] == row.self_test["n_newer"] == 30

    def test_is_in_the_audit_with_who_did_it(self, labelled, time_is_now):
        _load(**OF_CRM, source="prediction_log")

        deed = AuditEntry.objects.get(action="calibration.loaded")
        assert (deed.actor, deed.detail["n"]) == ("cli:load_calibration_data", 60)

    def test_is_listed_by_what_is_stored(self, labelled, time_is_now):
        _load(**OF_CRM, source="prediction_log")

        listed = _load(tenant="acme", list=True)

        assert "churn crm-1: n=60" in listed
        assert "reason=load" in listed
        assert listed.strip().endswith("serves")

    def test_a_list_of_nothing_says_so(self, labelled, time_is_now):
        assert _load(tenant="acme", list=True) == "no calibration set is stored\n"

    def test_never_sees_another_tenants_rows(self, labelled, other_tenant, time_is_now):
        said, _ = _refused(**OF_CRM | {"tenant": "borealis"}, source="prediction_log")

        assert "crm-1 of borealis does not exist" in said

    def test_refuses_a_log_that_does_not_hold_the_model_type(self, labelled, time_is_now):
        said, _ = _refused(**OF_CRM, source="fraud_log")

        assert said == "source: got 'fraud_log', expected prediction_log for churn"

    def test_reaches_back_as_many_days_as_it_is_told(self, labelled, time_is_now, now):
        _live(labelled, now - timedelta(days=10), name="old")

        assert "n=60" in _load(**OF_CRM, source="prediction_log", days=3)
        assert "n=120" in _load(**OF_CRM, source="prediction_log", days=20)

    def test_refuses_while_most_of_what_was_asked_is_unknown(self, labelled, time_is_now):
        # People were asked about scores from 0.4 on; of half of them nothing was heard.
        PredictionLog.objects.filter(score__gte=0.7).update(outcome=None)
        OutcomeRecord.objects.filter(score__gte=0.7).delete()

        said, _ = _refused(**OF_CRM, source="prediction_log", min_samples=1)

        assert "below 80% the rest is not missing by chance" in said


class TestFromAFile:
    def test_loads_pairs(self, labelled, pairs, time_is_now):
        path = pairs(*(f"{i / 40},{int(i > 20)}" for i in range(40)))

        said = _load(**OF_CRM, source="csv", file=path, not_trained_on=True)

        assert "n=40" in said

    def test_asks_for_the_statement_where_no_id_can_be_looked_up(
        self, labelled, pairs, time_is_now
    ):
        path = pairs(*["0.5,1"] * 40)

        said, _ = _refused(**OF_CRM, source="csv", file=path)

        assert "the statement that the model was not trained on its rows" in said

    def test_keeps_the_statement_with_the_set(self, labelled, pairs, time_is_now):
        path = pairs(*(f"{i / 40},{int(i > 20)}" for i in range(40)))

        _load(**OF_CRM, source="csv", file=path, not_trained_on=True)

        told = CalibrationSet.objects.get().provenance
        assert told == {
            "training_overlap": "stated by who loaded it: not trained on these rows",
            "identified_by": "scores",
            "loaded_by": "cli:load_calibration_data",
        }

    def test_has_the_same_hash_in_another_order(self, labelled, pairs, time_is_now):
        lines = [f"{i / 40},{int(i > 20)}" for i in range(40)]
        _load(**OF_CRM, source="csv", file=pairs(*lines), not_trained_on=True)

        _load(**OF_CRM, source="csv", file=pairs(*reversed(lines)), not_trained_on=True)

        assert CalibrationSet.objects.count() == 1

    def test_of_another_outcome_definition_is_kept_and_never_decides(
        self, labelled, pairs, time_is_now
    ):
        path = pairs(*(f"{i / 40},{int(i > 20)}" for i in range(40)))

        _load(
            **OF_CRM, source="csv", file=path, not_trained_on=True, outcome_definition="complaint"
        )

        assert CalibrationSet.objects.get().outcome_definition == "complaint"
        assert Deployment.objects.select_related("stack").get().stack.calibration_sha256 == ""
        assert not _load(tenant="acme", list=True).strip().endswith("serves")

    def test_weighs_rows_by_their_propensity(self, labelled, pairs, time_is_now):
        lines = [f"{i / 40},{int(i > 20)},{0.5 if i < 20 else 1}" for i in range(40)]
        path = pairs(*lines, header="prediction,actual,propensity")

        _load(**OF_CRM, source="csv", file=path, not_trained_on=True)

        # 20 rows that stand for two, 20 for one: (40 + 20)^2 / (20 * 4 + 20) = 36.
        assert CalibrationSet.objects.get().n_effective == pytest.approx(36)

    def test_reads_a_file_that_a_spreadsheet_wrote(self, labelled, tmp_path, time_is_now):
        path = tmp_path / "pairs.csv"
        lines = [f"{i / 40} , {int(i > 20)}" for i in range(40)]
        path.write_bytes(b"\xef\xbb\xbfprediction, actual\r\n" + "\r\n".join(lines).encode())

        assert "n=40" in _load(**OF_CRM, source="csv", file=path, not_trained_on=True)


class TestADryRun:
    def test_tells_what_would_come_of_it_and_stores_nothing(self, labelled, time_is_now):
        said = _load(**OF_CRM, source="prediction_log", dry_run=True)

        assert "n=60" in said
        assert "self-test" in said
        assert "nothing was stored" in said
        assert not CalibrationSet.objects.exists()
        assert not AuditEntry.objects.filter(action="calibration.loaded").exists()

    def test_refuses_what_a_load_would_refuse(self, labelled, pairs, time_is_now):
        said, _ = _refused(
            **OF_CRM, source="csv", file=pairs("1.5,1"), not_trained_on=True, dry_run=True
        )

        assert "do not fit" in said


class TestBadInput:
    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("high,1", ":3: prediction: got 'high', expected a number in [0, 1]"),
            ("1.5,1", ":3: prediction: got '1.5', expected a number in [0, 1]"),
            ("nan,1", ":3: prediction: got 'nan', expected a number in [0, 1]"),
            ("inf,1", ":3: prediction: got 'inf', expected a number in [0, 1]"),
            (",1", ":3: prediction: got '', expected a number in [0, 1]"),
            ("0.5,2", ":3: actual: got '2', expected 0 or 1"),
            ("0.5", ":3: actual: got '', expected 0 or 1"),
            ("0.5,1,7", ":3: (too many): got '7', expected no more values"),
        ],
        ids=["word", "above one", "nan", "infinite", "empty", "two", "short", "long"],
    )
    def test_is_named_by_line_column_value_and_expectation(
        self, labelled, pairs, line, told, time_is_now
    ):
        path = pairs("0.5,1", line, *["0.5,0"] * 40)

        said, lines = _refused(**OF_CRM, source="csv", file=path, not_trained_on=True)

        assert f"{path}{told}" in lines
        assert "nothing was loaded" in said
        assert not CalibrationSet.objects.exists()

    @pytest.mark.parametrize(
        ("column", "value", "expected"),
        [
            ("propensity", "0", "a number in (0, 1]"),
            ("propensity", "1.1", "a number in (0, 1]"),
            ("prediction_id", "INC7", "the id of a prediction, a UUID"),
        ],
    )
    def test_in_an_optional_column_is_named_too(
        self, labelled, pairs, column, value, expected, time_is_now
    ):
        path = pairs(f"0.5,1,{value}", header=f"prediction,actual,{column}")

        _, lines = _refused(**OF_CRM, source="csv", file=path, not_trained_on=True)

        assert lines.strip() == f"{path}:2: {column}: got {value!r}, expected {expected}"

    def test_is_told_for_every_line(self, labelled, pairs, time_is_now):
        path = pairs("x,1", "0.5,1", "0.5,maybe", "y,z")

        said, lines = _refused(**OF_CRM, source="csv", file=path, not_trained_on=True)

        assert said.startswith(f"4 values of {path} do not fit")
        assert [line.split(":")[1] for line in lines.splitlines()] == ["2", "4", "5", "5"]

    @pytest.mark.parametrize(
        "header", ["score,outcome", "prediction", "prediction,actual,weight", "actual,actual"]
    )
    def test_refuses_columns_it_does_not_know(self, labelled, pairs, header, time_is_now):
        said, _ = _refused(
            **OF_CRM, source="csv", file=pairs("0.5,1", header=header), not_trained_on=True
        )

        assert "expected prediction, actual and, if they are there" in said

    @pytest.mark.parametrize(
        ("content", "expected"),
        [(b"prediction,actual\n0.5,\xff\n", "text in UTF-8"), (b"", "prediction, actual")],
        ids=["bytes", "empty"],
    )
    def test_refuses_what_is_no_table(self, labelled, tmp_path, content, expected, time_is_now):
        path = tmp_path / "pairs.csv"
        path.write_bytes(content)

        said, _ = _refused(**OF_CRM, source="csv", file=path, not_trained_on=True)

        assert expected in said

    def test_refuses_a_file_that_is_not_there(self, labelled, tmp_path, time_is_now):
        said, _ = _refused(**OF_CRM, source="csv", file=tmp_path / "none.csv")

        assert "expected a readable file" in said


class TestTrainingRows:
    def test_never_calibrate_the_version_that_learned_them(self, trained, pairs, time_is_now):
        records = OutcomeRecord.objects.order_by("occurred_at")
        path = pairs(
            *(f"0.5,{record.value:g},{record.prediction_id}" for record in records),
            header="prediction,actual,prediction_id",
        )

        said, lines = _refused(
            tenant="acme",
            model_type="churn",
            model_version=trained.version,
            source="csv",
            file=path,
        )

        # A quarter of the 400 was held out: the others, about 300, are each named.
        refused = lines.splitlines()
        assert 250 <= len(refused) <= 350
        assert all(f"expected an event that {trained.version} was not" in line for line in refused)
        assert "nothing was loaded" in said

    def test_are_left_out_of_a_log_and_counted(self, trained, time_is_now):
        said = _load(
            tenant="acme",
            model_type="churn",
            model_version=trained.version,
            source="prediction_log",
        )

        row = CalibrationSet.objects.get()
        left_out = row.provenance["left_out"]["of another version, or trained on"]
        assert f"n={row.n}" in said
        assert row.n + left_out == 400
        # A quarter is held out: 100 of 400, give or take five standard deviations of 8.7.
        assert row.n < 144
        # They are the rows the first model was calibrated on, so there is no second set of them.
        assert row.reason == "first"

    def test_ids_that_are_nobodys_or_told_twice_are_refused(self, labelled, pairs, time_is_now):
        known = OutcomeRecord.objects.first().prediction_id
        path = pairs(
            f"0.5,1,{known}",
            f"0.5,1,{known}",
            f"0.5,1,{uuid.UUID(int=7)}",
            "0.5,1,",
            header="prediction,actual,prediction_id",
        )

        _, lines = _refused(**OF_CRM, source="csv", file=path)

        told = [line.split("expected ")[1] for line in lines.splitlines()]
        assert told == [
            "a prediction that line 2 does not name already",
            "a churn prediction of this tenant",
            "an id, as on other lines of this file",
        ]

    def test_rows_with_ids_are_taken_in_the_order_of_their_events(
        self, labelled, pairs, time_is_now
    ):
        records = OutcomeRecord.objects.order_by("-occurred_at")
        path = pairs(
            *(f"{r.score},{r.value:g},{r.prediction_id}" for r in records),
            header="prediction,actual,prediction_id",
        )

        _load(**OF_CRM, source="csv", file=path)
        _load(**OF_CRM, source="prediction_log")

        # The same rows from either source are the same set.
        assert CalibrationSet.objects.count() == 1
        assert CalibrationSet.objects.get().provenance["identified_by"] == "prediction ids"


class TestRefusals:
    def test_too_few_pairs(self, labelled, time_is_now):
        said, _ = _refused(**OF_CRM, source="prediction_log", min_samples=100)

        assert said == "60 pairs in prediction_log; at least 100 are needed"

    def test_an_unknown_version(self, labelled, pairs, time_is_now):
        said, _ = _refused(
            **OF_CRM | {"model_version": "crm-9"},
            source="csv",
            file=pairs("0.5,1"),
            not_trained_on=True,
        )

        assert "crm-9" in said

    def test_an_unknown_tenant(self, labelled, time_is_now):
        said, _ = _refused(**OF_CRM | {"tenant": "nobody"}, source="prediction_log")

        assert "nobody" in said

    @pytest.mark.parametrize("missing", ["source", "model_type", "model_version"])
    def test_a_missing_option(self, labelled, missing, time_is_now):
        options = OF_CRM | {"source": "prediction_log"}

        said, _ = _refused(**{name: v for name, v in options.items() if name != missing})

        assert said == f"--{missing.replace('_', '-')} is needed"

    def test_a_file_that_is_not_named(self, labelled, time_is_now):
        said, _ = _refused(**OF_CRM, source="csv")

        assert said == "--file is needed with --source csv"

    @pytest.mark.parametrize("option", ["days", "min_samples"])
    def test_a_number_below_one(self, labelled, option, time_is_now):
        said, _ = _refused(**OF_CRM, source="prediction_log", **{option: 0})

        assert "whole numbers from 1 on" in said


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
        _load(**OF_CRM, source="prediction_log")

        deployment = registry.deployment_of(tenant=labelled, model_type="churn", now=now)
        assert deployment.pointer_version == 2

    def test_of_a_version_that_does_not_serve_stays_as_it_is(
        self, labelled, now, pairs, time_is_now
    ):
        ModelVersion.objects.create(
            tenant=labelled, model_type="churn", version="crm-2", role="challenger", created_at=now
        )
        path = pairs(*(f"{i / 40},{int(i > 20)}" for i in range(40)))

        _load(**OF_CRM | {"model_version": "crm-2"}, source="csv", file=path, not_trained_on=True)

        deployment = Deployment.objects.select_related("stack__model_version").get()
        assert deployment.stack.model_version.version == "crm-1"
        assert deployment.stack.calibration_sha256 == ""
