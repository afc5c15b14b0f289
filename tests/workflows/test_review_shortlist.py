"""The reviews of a day are ranked once, against what was known when the day began."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from watchfloor.core.conformal.selection import batch_select
from watchfloor.core.errors import InvalidInput
from watchfloor.ml.models import PerformanceMonitor
from watchfloor.noc.decision import thresholds
from watchfloor.noc.models import ReviewItem
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.models import Site
from watchfloor.workflows.outcome_feedback import (
    OutcomeRequest,
    record_disposition,
    record_outcomes,
)
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions
from watchfloor.workflows.review_shortlist import Objection, shortlist_of_day

pytestmark = pytest.mark.django_db

LAST_WEEK = datetime(2026, 2, 23, 9, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def post(tenant, scores, *, at, name, version="crm-1", site=None):
    requests = [
        PredictionRequest(
            event_id=f"{name}{i}",
            source="crm",
            model_type="churn",
            entity_type="client",
            entity_id=f"{name}{i}",
            occurred_at=at,
            score=float(score),
            model_version=version,
            site=site,
        )
        for i, score in enumerate(scores)
    ]
    return handle_predictions(tenant=tenant, requests=requests, now=at)


def tell(tenant, results, values, *, at, word="first"):
    record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                prediction_id=result.id,
                value=float(value),
                known_at=at,
                source="crm",
                labeller="crm",
                dedupe_key=f"{word} about {result.id}",
            )
            for result, value in zip(results, values, strict=True)
        ],
        now=at,
    )


@pytest.fixture
def known(tenant):
    """Two hundred reviewed predictions of last week: the high ones were mostly real."""
    rng = np.random.default_rng(7)
    scores = 0.4 + 0.6 * rng.random(200)
    values = rng.random(200) < (scores - 0.4) / 0.55
    tell(tenant, post(tenant, scores, at=LAST_WEEK, name="old"), values, at=LAST_WEEK)
    return tenant


class TestShortlistOfDay:
    def test_selects_what_conformal_selection_selects_from_the_same_rows(self, known, now):
        scores = np.linspace(0.42, 0.99, 15)
        post(known, scores, at=YESTERDAY, name="new")

        found = shortlist_of_day(tenant=known, model_type="churn", now=now)

        old = ReviewItem.objects.filter(created_at=LAST_WEEK).order_by("pk")
        expected = batch_select(
            [item.score for item in ReviewItem.objects.filter(created_at=YESTERDAY)],
            known_scores=[item.score for item in old],
            known_outcomes=[item.disposition == Disposition.TRUE_POSITIVE for item in old],
            eps=0.1,
        )
        assert len(found.entries) == len(expected.selected) > 0
        assert [entry.item.entity_id for entry in found.entries] == [
            f"new{i}" for i in expected.selected
        ]
        assert [entry.p_value for entry in found.entries] == [
            expected.p_values[i] for i in expected.selected
        ]
        assert (found.n_batch, found.n_known, found.fewest_known) == (15, 200, 149)
        assert (found.day, found.eps, found.objection) == (date(2026, 3, 1), 0.1, None)

    def test_keeps_its_batch_while_people_work_on_it(self, known, now):
        post(known, np.linspace(0.42, 0.99, 15), at=YESTERDAY, name="new")
        before = shortlist_of_day(tenant=known, model_type="churn", now=now)

        record_disposition(
            tenant=known,
            item_id=before.entries[0].item.pk,
            disposition=Disposition.FALSE_POSITIVE,
            actor="user:1",
            now=now,
        )
        after = shortlist_of_day(tenant=known, model_type="churn", now=now)

        assert [(e.item.pk, e.p_value) for e in after.entries] == [
            (e.item.pk, e.p_value) for e in before.entries
        ]
        assert after.entries[0].item.state == "done"

    def test_knows_only_what_was_known_when_the_day_began(self, known, now):
        results = post(known, [0.97] * 15, at=YESTERDAY, name="new")
        before = shortlist_of_day(tenant=known, model_type="churn", now=now)

        late = ReviewItem.objects.filter(created_at=LAST_WEEK).order_by("-score")[:50]
        changed = [type(results[0])(id=item.prediction_id, duplicate=False) for item in late]
        tell(known, changed, [0] * 50, at=now, word="second")

        assert shortlist_of_day(tenant=known, model_type="churn", now=now) == before

    def test_says_that_a_day_is_not_over(self, known, now):
        post(known, [0.97] * 3, at=now, name="new")

        found = shortlist_of_day(
            tenant=known, model_type="churn", day=date(2026, 3, 2), now=now + timedelta(hours=1)
        )

        assert (found.n_batch, found.objection) == (3, Objection.DAY_NOT_OVER)

    def test_says_that_too_few_are_known(self, tenant, now):
        post(tenant, [0.97] * 3, at=YESTERDAY, name="new")

        found = shortlist_of_day(tenant=tenant, model_type="churn", now=now)

        assert (found.n_known, found.fewest_known) == (0, 29)
        assert (found.entries, found.objection) == ((), Objection.TOO_FEW_KNOWN)

    def test_says_that_an_alarm_is_open(self, known, now):
        post(known, [0.97] * 3, at=YESTERDAY, name="new")
        PerformanceMonitor.objects.create(
            tenant=known,
            model_type="churn",
            model_version="crm-1",
            alarmed_at=now,
            state=b"",
            updated_at=now,
        )

        found = shortlist_of_day(tenant=known, model_type="churn", now=now)

        assert found.objection == Objection.DRIFT_ALARM

    def test_of_a_model_type_without_a_model_is_empty(self, tenant, now):
        found = shortlist_of_day(tenant=tenant, model_type="churn", now=now)

        assert (found.entries, found.objection) == ((), Objection.NO_MODEL)

    def test_compares_scores_of_one_version_alone(self, known, now):
        post(known, [0.97] * 3, at=YESTERDAY, name="new", version="crm-2")

        found = shortlist_of_day(tenant=known, model_type="churn", now=now)

        assert (found.model_version, found.n_batch) == ("crm-1", 0)

    def test_follows_the_tenants_eps(self, known, now):
        post(known, np.linspace(0.42, 0.99, 15), at=YESTERDAY, name="new")
        strict = shortlist_of_day(tenant=known, model_type="churn", now=now)
        thresholds.apply_threshold(
            tenant=known,
            model_type="churn",
            key="eps_ticket",
            value=0.4,
            expected_version=0,
            actor="user:1",
            reason="more at once",
            now=now,
        )

        loose = shortlist_of_day(tenant=known, model_type="churn", now=now)

        assert (loose.eps, loose.fewest_known) == (0.4, 37)
        assert len(loose.entries) > len(strict.entries)

    def test_ranks_all_sites_and_shows_those_that_are_seen(self, known, now):
        sites = {site.code: site.pk for site in Site.objects.for_tenant(known)}
        post(known, [0.99, 0.98], at=YESTERDAY, name="harbour", site="harbour-gate")
        post(known, [0.985], at=YESTERDAY, name="campus", site="north-campus")

        found = shortlist_of_day(
            tenant=known,
            model_type="churn",
            now=now,
            site_ids=frozenset({sites["harbour-gate"]}),
        )

        assert [(entry.rank, entry.item.score) for entry in found.entries] == [(1, 0.99), (3, 0.98)]
        assert found.n_batch == 3

    def test_never_ranks_another_tenants_reviews(self, known, other_tenant, now):
        post(other_tenant, [0.97] * 3, at=YESTERDAY, name="new")

        found = shortlist_of_day(tenant=other_tenant, model_type="churn", now=now)

        assert (found.n_batch, found.n_known) == (3, 0)
        assert shortlist_of_day(tenant=known, model_type="churn", now=now).n_batch == 0

    def test_refuses_a_day_that_has_not_begun(self, tenant, now):
        with pytest.raises(InvalidInput, match="day: got '2026-03-03'"):
            shortlist_of_day(tenant=tenant, model_type="churn", day=date(2026, 3, 3), now=now)
