"""What nobody was asked about is looked at by chance, and the chance is written down."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest
from certified import CRITICAL, HIGH, LOW, MEDIUM, MODEL_TYPE, WHO, post, request, serve, switch_on

from watchfloor.ml.models import OutcomeRecord, PredictionLog
from watchfloor.noc.desk import review_queue
from watchfloor.noc.models import ReviewItem
from watchfloor.noc.models.work import Disposition
from watchfloor.noc.queries import floor_queries
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import outcome_feedback, threshold_change

pytestmark = pytest.mark.django_db

QUIET = {"log_only", "auto_clear"}


@pytest.fixture
def acme(tenant, now):
    """Acme with a certified model that opens tickets and clears."""
    before = now - timedelta(days=1)
    serve(tenant, now=before)
    switch_on(tenant, Flag.AUTO_TICKET, Flag.AUTO_CLEAR, now=before)
    return tenant


def look_at(tenant, share, now, version=0):
    threshold_change.apply(
        tenant=tenant,
        model_type=MODEL_TYPE,
        key="audit_share",
        value=share,
        expected_version=version,
        actor=WHO,
        reason="test",
        now=now,
    )


def post_scores(tenant, scores, now, start=1):
    events = [request(start + i, at=now, score=score) for i, score in enumerate(scores)]
    # No site: the cap of a site would send some of them to people.
    return post(tenant, *(replace(event, site=None) for event in events))


def audited():
    return ReviewItem.objects.filter(kind=review_queue.AUDIT_SAMPLE)


class TestTheSample:
    def test_is_drawn_from_what_was_logged_or_cleared_alone(self, acme, now):
        look_at(acme, 1.0, now)

        results = post_scores(acme, [LOW, 0.3, MEDIUM, HIGH, CRITICAL], now)

        drawn = set(audited().values_list("prediction_id", flat=True))
        assert drawn == {each.id for each in results if each.decision in QUIET}
        assert [each.decision for each in results] == [
            "auto_clear",
            "log_only",
            "human_review",
            "auto_ticket",
            "auto_ticket",
        ]

    def test_depends_on_the_id_and_on_nothing_that_was_scored(self, acme, now):
        look_at(acme, 0.25, now)
        scores = np.random.default_rng(4).uniform(0, 0.39, size=300).round(4).tolist()

        results = post_scores(acme, scores, now)

        drawn = set(audited().values_list("prediction_id", flat=True))
        assert drawn == {e.id for e in results if review_queue.is_drawn(e.id, share=0.25)}
        # 300 draws at 0.25: standard error 7.5, so 75 +- 30 lies four of them away.
        assert 45 <= len(drawn) <= 105

    def test_carries_the_chance_it_was_drawn_with(self, acme, now):
        look_at(acme, 0.5, now)
        post_scores(acme, [LOW] * 40, now)
        look_at(acme, 0.2, now, version=1)
        post_scores(acme, [LOW] * 40, now, start=100)

        shares = {int(item.metadata["event_id"][1:]) >= 100: item.propensity for item in audited()}
        assert shares == {False: 0.5, True: 0.2}

    def test_of_nothing_draws_nothing(self, acme, now):
        look_at(acme, 0.0, now)

        post_scores(acme, [LOW] * 40, now)

        assert not ReviewItem.objects.filter(metadata__score=LOW).exists()

    def test_leaves_its_chance_with_the_outcome(self, acme, now):
        look_at(acme, 0.5, now)
        post_scores(acme, [LOW] * 20, now)
        item = audited().first()

        outcome_feedback.record_disposition(
            tenant=acme,
            item_id=item.pk,
            disposition=Disposition.TRUE_POSITIVE,
            actor=WHO,
            now=now,
        )

        told = OutcomeRecord.objects.get(prediction_id=item.prediction_id)
        assert (told.source, told.propensity) == ("audit_sample", 0.5)
        assert PredictionLog.objects.get(id=item.prediction_id).outcome == 1.0

    def test_waits_its_turn_whatever_its_score(self, acme, now):
        look_at(acme, 1.0, now)
        scores = [0.3, LOW, 0.39, 0.2]
        results = post_scores(acme, scores, now)

        waiting = floor_queries.waiting_reviews(tenant=acme, site_ids=None, limit=10)

        ours = [item.prediction_id for item in waiting if item.kind == review_queue.AUDIT_SAMPLE]
        assert ours == [each.id for each in results]

    def test_is_the_same_when_the_stream_comes_again(self, acme, now):
        look_at(acme, 0.5, now)
        events = [request(n, at=now, score=LOW) for n in range(1, 41)]
        post(acme, *events)
        drawn = set(audited().values_list("prediction_id", flat=True))

        post(acme, *events)

        assert set(audited().values_list("prediction_id", flat=True)) == drawn


class TestIsDrawn:
    IDS = tuple(uuid5(UUID(int=1), str(n)) for n in range(20_000))

    @pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.9])
    def test_draws_the_share_it_says(self, share):
        drawn = sum(review_queue.is_drawn(each, share=share) for each in self.IDS)

        # Four standard errors of a binomial share over 20,000 ids.
        error = 4 * (share * (1 - share) / len(self.IDS)) ** 0.5
        assert abs(drawn / len(self.IDS) - share) < error

    def test_draws_more_of_the_same_when_the_share_grows(self):
        small = {each for each in self.IDS[:2000] if review_queue.is_drawn(each, share=0.1)}
        large = {each for each in self.IDS[:2000] if review_queue.is_drawn(each, share=0.2)}

        assert small < large
