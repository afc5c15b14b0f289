"""The numbers of the wall count decisions: what estimates a number leaves nothing to decide."""

from dataclasses import replace
from datetime import timedelta

import pytest
from certified import CRITICAL, LOW, MEDIUM, post, request, serve, switch_on

from watchfloor.ml.models import ModelPerformanceMetrics
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.noc.queries.wall_numbers import wall_numbers
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import model_health

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def acme(tenant, now):
    """Acme with a certified model that opens tickets and clears."""
    serve(tenant, now=now - DAY)
    switch_on(tenant, Flag.AUTO_TICKET, Flag.AUTO_CLEAR, now=now - DAY)
    return tenant


def estimate(n, *, at, **others):
    """Return an estimate of hours to close, by a model of its own unless one is named."""
    asked = {"model_type": "time_to_close", "model_version": "eta-1"} | others
    return replace(request(n, at=at), score=None, number=Number(12.5, "h"), **asked)


def automation_of(tenant, now):
    return wall_numbers(tenant=tenant, site_ids=None, now=now).automation


class TestAutomation:
    def test_is_what_was_done_without_a_person_of_all_that_was_decided(self, acme, now):
        post(acme, *(request(n, at=now, score=s) for n, s in enumerate([CRITICAL, MEDIUM, LOW], 1)))

        found = automation_of(acme, now)

        assert (found.automated, found.n) == (2, 3)

    def test_leaves_out_estimates_of_numbers(self, acme, now):
        post(acme, request(1, at=now, score=CRITICAL), request(2, at=now, score=MEDIUM))
        post(acme, *(estimate(10 + n, at=now) for n in range(5)))

        found = automation_of(acme, now)

        assert (found.automated, found.n, found.share) == (1, 2, 0.5)

    def test_is_unknown_where_numbers_alone_were_estimated(self, tenant, now):
        post(tenant, estimate(1, at=now))

        assert automation_of(tenant, now).share is None

    def test_leaves_them_out_of_the_days_before_too(self, acme, now):
        same = request(0, at=now)
        post(acme, request(1, at=now, score=CRITICAL), request(2, at=now, score=MEDIUM))
        post(
            acme,
            estimate(3, at=now, model_type=same.model_type, model_version=same.model_version),
        )
        model_health.backfill_metrics(tenant=acme, last_day=now.date(), days=1, now=now + DAY)

        day = ModelPerformanceMetrics.objects.get(metric_date=now.date())

        assert (day.automated_decisions, day.total_decisions) == (1, 2)
        assert automation_of(acme, now + DAY).by_day[-1] == 0.5
