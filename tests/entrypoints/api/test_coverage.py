"""The coverage report over HTTP: the same numbers as the page, refused by field, of one tenant."""

import pytest
from cast import acme
from desk import DESK, NOON, fill
from django.test import Client
from doors import caller, token
from jsonschema import Draft202012Validator
from standing import standing

from watchfloor.entrypoints import clock
from watchfloor.ledger.clock import set_clock
from watchfloor.ml.inference import model_queries
from watchfloor.ml.models import PredictionLog
from watchfloor.noc.queries.model_coverage import model_coverage
from watchfloor.tenants.roles import Role

PATH = f"/api/v2/models/{DESK}/coverage"


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Acme with a month behind it, as one transaction that is taken back."""
    with standing(django_db_blocker):
        set_clock(virtual_now=NOON, speed=0, real_now=clock.real_now())
        yield fill(acme(now=NOON))
    clock.forget()


@pytest.fixture
def mila(filled, db):
    """An engineer's token."""
    clock.forget()
    return caller(token(filled, role=Role.ML_ENGINEER, now=NOON))


def report_of(tenant, *, level=95, weeks=13, **asked):
    card = model_queries.get_card(tenant=tenant, model_type=DESK, is_predicted=True)
    found = model_coverage(tenant=tenant, card=card, level=level, weeks=weeks, now=NOON, **asked)
    return found.report


def same(told, found):
    return (told["n"], told["covered"], told["n_unlabelled"], told["coverage"]) == (
        *(found.n, found.covered, found.n_unlabelled, found.coverage),
    )


class TestModelCoverage:
    def test_tells_what_the_report_has(self, mila, filled):
        told = mila.get(PATH).json()

        report = report_of(filled)
        assert [one["level"] for one in told["overall"]] == [90, 95, 99]
        assert all(map(same, told["overall"], report.overall))
        assert same(told["from_review"], report.from_review)
        assert all(same(a["coverage"], b.found) for a, b in zip(told["by_week"], report.weeks))
        assert all(same(a["coverage"], b.found) for a, b in zip(told["by_score"], report.bands))
        assert [one["site_group"] for one in told["by_site_group"]] == ["all", "harbour", "north"]
        assert told["bins_of"] == report.shown_set.sha256
        assert told["bins"][0]["set_n"] == report.bins[0].then.n
        assert told["without_interval"] == report.without_interval > 0

    def test_writes_the_band_and_the_verdict_of_each_group(self, mila, filled):
        told = mila.get(PATH).json()["overall"][1]

        found = report_of(filled).overall[1]
        assert (told["band"]["lower"], told["band"]["upper"]) == found.band
        assert (told["set_range"]["lower"], told["set_range"]["upper"]) == found.set_range
        assert told["verdict"] == found.verdict.value

    def test_answers_the_level_span_and_calibration_it_is_asked_for(self, mila, filled):
        other = report_of(filled).sets[0].known.sha256

        told = mila.get(PATH, {"level": 99, "weeks": 5, "calibration": other[:10]}).json()

        assert told["from_review"]["level"] == 99
        assert len(told["by_week"]) == 5
        assert told["bins_of"] == other

    def test_counts_certificates_beside_what_they_opened(self, mila, filled):
        rows = PredictionLog.objects.exclude(calibration_hash="").filter(outcome__isnull=False)
        ids = list(rows.values_list("id", flat=True)[:30])
        rows.filter(id__in=ids).update(decision="auto_ticket")

        told = mila.get(PATH).json()["certificates"]

        assert sum(one["n_automatic"] for one in told) == 30
        assert {one["eps"] for one in told} == {0.1}

    def test_fits_its_description(self, mila):
        document = Client().get("/api/v2/openapi.json").json()
        schema = {
            "components": document["components"],
            "$ref": "#/components/schemas/CoverageOut",
        }

        told = mila.get(PATH).json()

        assert list(Draft202012Validator(schema).iter_errors(told)) == []

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"level": "80"}, "level"),
            ({"level": "x"}, "level"),
            ({"weeks": "0"}, "weeks"),
            ({"weeks": "105"}, "weeks"),
            ({"calibration": "../x"}, "calibration"),
            ({"lvl": "95"}, "lvl"),
        ],
        ids=["level", "no number", "no week", "too long", "no digest", "misspelled"],
    )
    def test_refuses_what_does_not_fit_by_its_field(self, mila, asked, field):
        response = mila.get(PATH, asked)

        assert (response.status_code, response.json()["field"]) == (400, field)

    def test_of_an_unknown_model_type_is_not_found(self, mila):
        assert mila.get("/api/v2/models/nonsense/coverage").status_code == 404

    def test_is_for_those_who_may_see_models(self, filled, db):
        clock.forget()
        guard = caller(token(filled, role=Role.SERVICE_ACCOUNT, now=NOON))

        assert guard.get(PATH).status_code == 403
