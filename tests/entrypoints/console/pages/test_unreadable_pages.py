"""Every page opens though no calibration can be read, and says so where one is missed."""

import pytest
from entrypoints.console.pages.world import DESK

from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.inference import serving
from watchfloor.ml.models import Blob, PredictionLog
from watchfloor.noc.models import ReviewItem, Ticket
from watchfloor.tenants.roles import Role


@pytest.fixture
def decided(world):
    """A prediction that was decided with a calibration; since then all of them are gone."""
    row = PredictionLog.objects.for_tenant(world.acme).exclude(calibration_hash="").first()
    Blob.objects.filter(format="calibration-json").delete()
    serving.forget_calibrations()
    numeric_calibration.forget_calibrations()
    return row


@pytest.fixture
def mara(sign_in):
    """Acme's ML engineer."""
    return sign_in(Role.ML_ENGINEER)


def words(response) -> str:
    return response.content.decode().replace("\u00a0", " ")


def test_a_prediction_says_that_its_calibration_cannot_be_read(decided, sign_in):
    olga = sign_in(Role.NOC_OPERATOR)

    page = words(olga.get(f"/t/acme/predictions/{decided.pk}/"))

    assert "Its calibration cannot be read" in page
    assert f"{decided.calibration_hash[:12]}, cannot be read" in page


def test_a_model_says_that_everything_goes_to_people(decided, mara):
    page = words(mara.get(f"/t/acme/models/{DESK}/"))

    assert "goes to a person" in page
    assert "its bytes cannot be read: it certifies nothing" in page


def test_the_list_of_models_says_so_too(decided, mara):
    assert "calibration cannot be read: nothing is automatic" in words(mara.get("/t/acme/models/"))


def test_the_floor_opens(decided, sign_in):
    lea = sign_in(Role.NOC_LEAD, sites=())
    item, ticket = ReviewItem.objects.first(), Ticket.objects.first()
    paths = ["", "tickets/", "review/", f"review/{item.pk}/", f"tickets/{ticket.pk}/"]

    statuses = {path: lea.get(f"/t/acme/{path}", follow=True).status_code for path in paths}

    assert set(statuses.values()) == {200}, statuses
