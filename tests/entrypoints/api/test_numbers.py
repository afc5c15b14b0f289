"""Estimates of numbers over HTTP: posted, read again with intervals, and told the truth about."""

import pytest
from doors import post

from watchfloor.core.conformal.numeric_fit import fit_numeric_calibration
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.calibration.numeric_calibration import NumericCut

PREDICTIONS, OUTCOMES = "/api/v2/predictions", "/api/v2/outcomes"


@pytest.fixture
def estimate(event):
    """One estimate of hours to close, by a model that runs elsewhere."""
    without_score = {name: value for name, value in event.items() if name != "score"}
    return without_score | {
        "model_type": "time_to_close",
        "estimate": 12.5,
        "sigma": 3.0,
        "unit": "h",
    }


@pytest.fixture
def calibrated(tenant, still):
    """A calibration of forty known closings: enough for 90 and 95 %, not for 99."""
    numeric_calibration.store(
        tenant=tenant,
        model_type="time_to_close",
        version="v1",
        cut=NumericCut(fit_numeric_calibration(range(40), [20.0] * 40, unit="h"), "csv"),
        now=still,
    )


class TestPredictions:
    def test_answers_an_estimate_with_its_intervals_and_promises(
        self, acme_service, calibrated, estimate
    ):
        response = post(acme_service, PREDICTIONS, estimate)

        told = response.json()
        assert response.status_code == 201
        assert (told["decision"], told["reason"]) == ("log_only", "numeric_estimate")
        assert (told["score"], told["intervals"], told["width"]) == (None, [], None)
        number = told["number"]
        assert (number["estimate"], number["sigma"], number["unit"]) == (12.5, 3.0, "h")
        by_kind = {(one["kind"], one["level"]): one for one in number["intervals"]}
        # The 37th of 40 distances is 18; 99 % wants 99 rows.
        assert by_kind["absolute", 90]["lower"] == 12.5 - 18
        assert by_kind["absolute", 90]["upper"] == 12.5 + 18
        assert (by_kind["absolute", 99]["lower"], by_kind["absolute", 99]["upper"]) == (None, None)
        assert "at least this share" in by_kind["absolute", 90]["promise"]
        assert ("pac", 90) in by_kind

    def test_says_so_where_nothing_is_known_yet(self, acme_service, estimate):
        told = post(acme_service, PREDICTIONS, estimate).json()

        assert told["number"]["intervals"] == []

    def test_is_read_again_as_it_was_answered(self, acme_service, acme_admin, calibrated, estimate):
        told = post(acme_service, PREDICTIONS, estimate).json()

        again = acme_admin.get(f"{PREDICTIONS}/{told['id']}").json()
        repeated = post(acme_service, PREDICTIONS, estimate)

        assert again == told
        assert (repeated.status_code, repeated.json()) == (200, told)

    def test_has_no_number_where_a_score_was_posted(self, acme_service, event):
        assert post(acme_service, PREDICTIONS, event).json()["number"] is None

    def test_takes_a_batch_of_both_kinds(self, acme_service, event, estimate):
        items = [event, estimate | {"event_id": "INC2"}]

        results = post(acme_service, PREDICTIONS, {"items": items}).json()["results"]

        assert [one["prediction"]["reason"] for one in results] == [
            "no_calibration",
            "numeric_estimate",
        ]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"score": 0.5}, "estimate"),
            ({"estimate": "12.5"}, "estimate"),
            ({"estimate": 1e16}, "estimate"),
            ({"estimate": None}, "estimate"),
            ({"sigma": -1}, "sigma"),
            ({"unit": ""}, "unit"),
            ({"unit": "h" * 21}, "unit"),
            ({"unit": None}, "unit"),
            ({"model_version": None}, "model_version"),
        ],
    )
    def test_refuses_what_does_not_fit_by_name(self, acme_service, estimate, change, field):
        response = post(acme_service, PREDICTIONS, estimate | change)

        assert (response.status_code, response.json()["field"]) == (400, field)

    @pytest.mark.parametrize("missing", ["estimate", "unit"])
    def test_names_what_is_missing_beside_the_others(self, acme_service, estimate, missing):
        body = {name: value for name, value in estimate.items() if name != missing}

        response = post(acme_service, PREDICTIONS, body)

        assert (response.status_code, response.json()["field"]) == (400, missing)

    def test_hides_an_estimate_from_another_tenant(
        self, acme_service, borealis_admin, calibrated, estimate
    ):
        told = post(acme_service, PREDICTIONS, estimate).json()

        assert borealis_admin.get(f"{PREDICTIONS}/{told['id']}").status_code == 404


class TestOutcomes:
    def test_takes_the_number_and_shows_it(self, acme_service, acme_admin, estimate):
        told = post(acme_service, PREDICTIONS, estimate).json()

        taken = post(acme_service, OUTCOMES, {"source": "itsm", "event_id": "INC1", "value": 14.25})

        assert (taken.status_code, taken.json()["value"]) == (201, 14.25)
        again = acme_admin.get(f"{PREDICTIONS}/{told['id']}").json()
        assert (again["number"]["outcome"], again["outcome"]) == (14.25, None)

    def test_refuses_a_number_about_an_event(self, acme_service, event):
        post(acme_service, PREDICTIONS, event)

        response = post(
            acme_service, OUTCOMES, {"source": "itsm", "event_id": "INC1", "value": 14.25}
        )

        assert (response.status_code, response.json()["field"]) == (400, "value")
