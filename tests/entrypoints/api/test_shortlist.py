"""The shortlist of a day over HTTP: what it holds, what it may be held to, and for whom."""

from datetime import timedelta

import pytest
from doors import browser, member, post

from watchfloor.ml.models import OutcomeRecord
from watchfloor.noc.models import ReviewItem
from watchfloor.tenants.models import Site
from watchfloor.tenants.roles import Role

PATH = "/api/v2/review/shortlist?model_type=sla_breach"


@pytest.fixture
def days(acme_service, event, still):
    """Forty real reviews of last week, and two of yesterday at two sites."""
    items = [event | {"event_id": f"old{i}", "entity_id": f"old{i}"} for i in range(40)]
    post(acme_service, "/api/v2/predictions", {"items": items})
    told = [{"source": "itsm", "event_id": f"old{i}", "value": 1} for i in range(40)]
    post(acme_service, "/api/v2/outcomes", {"items": told})
    fresh = [
        event | {"event_id": name, "entity_id": name, "score": score, "site": site}
        for name, score, site in (("a", 0.95, "harbour-gate"), ("b", 0.9, "north-campus"))
    ]
    post(acme_service, "/api/v2/predictions", {"items": fresh})
    _move(still)


def _move(still):
    """Put what was stored at this moment where its days were."""
    last_week, yesterday = still - timedelta(days=7), still - timedelta(days=1)
    ReviewItem.objects.filter(entity_id__startswith="old").update(created_at=last_week)
    ReviewItem.objects.filter(entity_id__in=["a", "b"]).update(created_at=yesterday)
    OutcomeRecord.objects.update(known_at=last_week, recorded_at=last_week)


class TestReviewShortlist:
    def test_ranks_yesterday_and_says_what_it_promises(self, acme_admin, days):
        told = acme_admin.get(PATH).json()

        assert [entry["review"]["entity_id"] for entry in told["items"]] == ["a", "b"]
        assert [entry["rank"] for entry in told["items"]] == [1, 2]
        assert (told["day"], told["eps"], told["objection"]) == ("2026-03-01", 0.1, None)
        assert (told["n_batch"], told["n_known"], told["fewest_known"]) == (2, 40, 19)
        assert "Averaged over days" in told["promise"]

    def test_shows_a_supervisor_the_sites_that_are_theirs(self, tenant, days):
        site = Site.objects.for_tenant(tenant).get(code="north-campus")
        person = member("Nora", tenant=tenant, role=Role.SITE_SUPERVISOR, sites=[site])

        told = browser(person).get(PATH).json()

        assert [(entry["rank"], entry["review"]["site"]) for entry in told["items"]] == [
            (2, "north-campus")
        ]

    def test_shows_another_tenant_nothing(self, borealis_admin, days):
        told = borealis_admin.get(PATH).json()

        assert (told["items"], told["n_batch"], told["n_known"]) == ([], 0, 0)
        assert told["objection"] == "no_model"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "model_type"),
            ("model_type=../etc", "model_type"),
            ("model_type=sla_breach&day=2026-02-30", "day"),
            ("model_type=sla_breach&day=2026-03-03", "day"),
            ("model_type=sla_breach&eps=0.5", "eps"),
        ],
    )
    def test_asked_for_wrongly_is_refused_by_name(self, acme_admin, query, field):
        response = acme_admin.get(f"/api/v2/review/shortlist?{query}")

        assert (response.status_code, response.json()["field"]) == (400, field)

    def test_is_closed_to_who_may_not_see_the_floor(self, acme_service, days):
        assert acme_service.get(PATH).status_code == 403
