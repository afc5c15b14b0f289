"""The calibration sets of a model over HTTP: whence, what they promise, what they risked."""

import pytest
from doors import post

from watchfloor.ml.calibration import calibration_sets
from watchfloor.ml.inference import serving
from watchfloor.ml.models import Blob
from watchfloor.workflows import calibration_load
from watchfloor.workflows.calibration_load import FileRow

PATH = "/api/v2/models/sla_breach/calibrations"


@pytest.fixture
def loaded(acme_service, tenant, event, still):
    """Two sets of the version that serves, the second with other rows."""
    post(acme_service, "/api/v2/predictions", event)
    rows = []
    for extra in (0, 1):
        loading = calibration_load.from_file(
            tenant=tenant,
            model_type="sla_breach",
            version=event["model_version"],
            lines=[
                FileRow(line=n, prediction=n % 10 / 10, actual=float(n % 10 > 5))
                for n in range(60 + extra)
            ],
            stated_not_trained_on=True,
        )
        rows.append(
            calibration_load.load(
                tenant=tenant, loading=loading, min_samples=30, actor="user:mia", now=still
            )
        )
    return rows


class TestCalibrations:
    def test_are_told_newest_first_with_all_that_is_kept(self, loaded, acme_admin):
        told = acme_admin.get(PATH).json()

        assert [one["id"] for one in told["items"]] == [loaded[1].pk, loaded[0].pk]
        assert [one["is_serving"] for one in told["items"]] == [True, False]
        newest = told["items"][0]
        assert (newest["n"], newest["reason"], newest["source"]) == (61, "load", "csv")
        assert newest["sha256"] == loaded[1].sha256
        assert newest["rows_sha256"] == loaded[1].rows_sha256
        assert newest["levels"] == {"bins": 1, "promised": {"90": 1, "95": 1, "99": 0}}
        # Sixty-one outcomes promise nothing at 99 %.
        assert list(newest["outcome_widths"]) == ["90", "95", "99"]
        assert newest["outcome_widths"]["90"] <= newest["outcome_widths"]["95"] < 1
        assert newest["outcome_widths"]["99"] is None
        assert newest["outcome_widths_pac"]["90"] >= newest["outcome_widths"]["90"]
        assert newest["provenance"]["loaded_by"] == "user:mia"
        assert newest["self_test_passed"] is None

    def test_whose_bytes_are_gone_certify_nothing(self, loaded, acme_admin):
        Blob.objects.filter(sha256=loaded[1].sha256).delete()
        serving.forget_calibrations()

        newest, older = acme_admin.get(PATH).json()["items"]

        assert [newest["is_readable"], older["is_readable"]] == [False, True]
        assert (newest["certified_from"], newest["clear_below"], newest["n"]) == (None, None, 61)

    def test_come_page_by_page(self, loaded, acme_admin):
        first = acme_admin.get(f"{PATH}?limit=1").json()

        rest = acme_admin.get(f"{PATH}?limit=1&after={first['next']}").json()

        assert [one["id"] for one in first["items"] + rest["items"]] == [
            loaded[1].pk,
            loaded[0].pk,
        ]
        assert rest["next"] is None

    def test_tell_what_the_quarter_risked(self, loaded, tenant, still, acme_admin):
        told = acme_admin.get(PATH).json()["delta_spent"]

        spent = calibration_sets.delta_spent(tenant=tenant, model_type="sla_breach", now=still)
        assert told == {"since": spent.since.isoformat(), "n_sets": 2, "spent": 0.2}

    def test_of_a_model_type_nobody_knows_are_not_found(self, loaded, acme_admin):
        assert acme_admin.get("/api/v2/models/lifts/calibrations").status_code == 404

    def test_refuse_a_parameter_they_do_not_know(self, loaded, acme_admin):
        answer = acme_admin.get(f"{PATH}?page=2")

        assert (answer.status_code, answer.json()["field"]) == (400, "page")

    def test_of_another_tenant_are_not_found(self, loaded, borealis_admin):
        assert borealis_admin.get(PATH).status_code == 404
