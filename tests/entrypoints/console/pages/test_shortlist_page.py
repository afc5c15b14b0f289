"""The shortlist page: yesterday's reviews that stand out, what they are worth, and for whom."""

from datetime import timedelta

import pytest

from watchfloor.ml.models import PerformanceMonitor
from watchfloor.noc.models import ReviewItem
from watchfloor.noc.models.work import ReviewState
from watchfloor.tenants.models import Site
from watchfloor.tenants.roles import Role
from watchfloor.workflows import review_shortlist

PATH = "/t/acme/review/shortlist/"


@pytest.fixture
def olga(sign_in):
    """An operator of Acme."""
    return sign_in(Role.NOC_OPERATOR)


@pytest.fixture
def found(world):
    """What the page has to show of the desk."""
    return review_shortlist.shortlist_of_day(
        tenant=world.acme, model_type="sla_breach", now=world.now
    )


class TestShortlistPage:
    def test_shows_the_entries_by_rank_with_a_way_to_each(self, olga, found):
        response = olga.get(PATH, {"model_type": "sla_breach"})

        html = response.content.decode()
        assert [entry["title"] for entry in response.context["entries"]] == [
            entry.item.entity_id for entry in found.entries
        ]
        assert found.entries
        for entry in found.entries:
            assert f"/t/acme/review/{entry.item.pk}/" in html

    def test_says_what_it_promises_and_from_how_many(self, olga, found):
        told = olga.get(PATH, {"model_type": "sla_breach"}).context["promise"]

        assert "Averaged over days, at most 20.0\u00a0%" in told
        assert f"{found.n_batch} reviews, against {found.n_known} earlier" in told

    def test_says_that_the_promise_does_not_hold_under_a_drift_alarm(self, world, olga, found):
        PerformanceMonitor.objects.filter(
            tenant=world.acme, model_type="sla_breach", model_version=found.model_version
        ).update(alarmed_at=world.now)

        html = olga.get(PATH, {"model_type": "sla_breach"}).content.decode()

        assert "A drift alarm is open" in html

    def test_shows_a_supervisor_their_site_alone(self, world, sign_in, found):
        harbour = Site.objects.get(tenant=world.acme, code="harbour-gate")
        nora = sign_in(Role.SITE_SUPERVISOR, sites=[harbour])

        entries = nora.get(PATH, {"model_type": "sla_breach"}).context["entries"]

        assert [entry["title"] for entry in entries] == [
            entry.item.entity_id for entry in found.entries if entry.item.site_id == harbour.pk
        ]

    def test_of_a_customer_without_reviews_says_so(self, world, sign_in):
        lea = sign_in(Role.NOC_LEAD, tenant=world.borealis, sites=())

        response = lea.get("/t/borealis/review/shortlist/")

        assert response.context["empty"].title == "No shortlist"

    def test_marks_a_review_of_the_shortlist_on_its_own_page(self, olga, found):
        best = found.entries[0].item

        html = olga.get(f"/t/acme/review/{best.pk}/").content.decode()

        assert "On the shortlist of its day, place 1." in html

    def test_marks_no_review_of_today(self, world, olga):
        today = ReviewItem.objects.filter(
            tenant=world.acme,
            state=ReviewState.WAITING,
            created_at__gte=world.now - timedelta(hours=2),
        ).latest("score")

        html = olga.get(f"/t/acme/review/{today.pk}/").content.decode()

        assert "On the shortlist" not in html
