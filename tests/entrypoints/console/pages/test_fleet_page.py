"""The fleet on a page: a row a model, its way to the model, and nothing of other customers."""

import pytest
from django.test import Client
from doors import member
from entrypoints.console.pages.world import DESK, LIFTS

from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints.console.views.fleet import _stands
from watchfloor.ml.health.fleet import FleetModel
from watchfloor.ml.models import DriftReport
from watchfloor.tenants import directory
from watchfloor.tenants.roles import Role


@pytest.fixture
def mara(sign_in):
    return sign_in(Role.ML_ENGINEER)


@pytest.fixture
def pat(world):
    """Manages the platform, and belongs to no customer."""
    platform = directory.create_tenant(code=directory.PLATFORM, name="Platform", now=world.now)
    client = Client()
    client.force_login(member("pat", tenant=platform, role=Role.PLATFORM_ADMIN))
    return client


def shown(page):
    return [(each["row"].tenant.code, each["row"].model_type) for each in page.context["models"]]


class TestTheFleetPage:
    def test_has_a_row_for_each_model_that_leads_to_it(self, mara):
        page = mara.get("/t/acme/fleet/")

        assert sorted(shown(page)) == [("acme", LIFTS), ("acme", DESK)]
        assert f'href="/t/acme/models/{DESK}/"' in page.content.decode()

    def test_draws_the_accuracy_of_each_model_beside_its_number(self, mara):
        page = mara.get("/t/acme/fleet/")

        [desk] = [each for each in page.context["models"] if each["row"].model_type == DESK]
        assert desk["spark"].startswith("<svg")
        assert desk["accuracy"].endswith("%")

    def test_says_so_where_no_model_serves(self, world, sign_in):
        page = sign_in(Role.ML_ENGINEER, tenant=world.borealis, sites=()).get("/t/borealis/fleet/")

        assert page.context["empty"].title == "No model serves yet"
        assert "No model serves yet" in page.content.decode()

    def test_shows_every_customers_models_to_the_platform_without_a_way_in(self, pat):
        page = pat.get("/t/platform/fleet/")

        assert sorted(shown(page)) == [("acme", LIFTS), ("acme", DESK)]
        assert "Acme Guarding" in page.content.decode()
        assert "/t/acme/" not in page.content.decode()

    def test_shows_a_customer_its_own_models_alone(self, world, sign_in):
        eve = sign_in(Role.PLATFORM_ADMIN, tenant=world.borealis, sites=())

        assert shown(eve.get("/t/borealis/fleet/")) == []

    def test_tells_of_a_day_that_moved_most_site_groups(self, world, mara):
        DriftReport.objects.create(
            tenant=world.acme,
            model_type="*",
            model_version="",
            kind="common_cause",
            day=world.now.date(),
            checked_at=world.now,
            drifted=True,
            severity="medium",
            evidence={"sentence": "COMMON_CAUSE: 9 of 10 site groups at once."},
        )

        page = mara.get("/t/acme/fleet/").content.decode()

        assert "COMMON_CAUSE: 9 of 10 site groups at once." in page

    def test_is_not_for_the_supervisor_of_a_site(self, sign_in):
        susi = sign_in(Role.SITE_SUPERVISOR, sites=("north-campus",))

        assert susi.get("/t/acme/fleet/").status_code == 403

    def test_is_reached_from_the_models(self, mara):
        assert 'href="/t/acme/fleet/"' in mara.get("/t/acme/models/").content.decode()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"alarmed_at": "now"}, "errors have risen: nothing is automatic"),
        ({"episodes": (("feature", Severity.LOW),)}, "something moved"),
        ({"stands_out": True}, "stands out among all, no alarm yet"),
        ({"e_value": None}, "too few outcomes to say"),
        ({}, "as usual"),
    ],
    ids=["alarm", "episode", "stands out", "too few", "usual"],
)
def test_a_models_stand_in_words(told, words):
    usual = {
        "tenant": None,
        "model_type": DESK,
        "version": "v1",
        "alarmed_at": None,
        "e_value": 1.0,
        "stands_out": False,
        "baseline_accuracy": 0.9,
        "days_to_see_10_points": 1.0,
        "accuracy": (),
        "episodes": (),
        "checked_on": None,
    }

    assert _stands(FleetModel(**usual | told)) == words
