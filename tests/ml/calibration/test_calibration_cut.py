"""A set is cut from closed and complete predictions that the version never learned from."""

from datetime import timedelta
from uuid import uuid5

import numpy as np
import pytest
from ml.calibration_world import CHURN, NAMESPACE, make_world

from watchfloor.core.decision.policy import Outcome
from watchfloor.core.errors import NotReady
from watchfloor.ml.calibration.calibration_cut import WORLD_SINCE
from watchfloor.ml.calibration.training_overlap import TRAINED_UNTIL
from watchfloor.ml.models import CutReason, ExchangeabilityGuard
from watchfloor.ml.predictions import training_data
from watchfloor.ml.versions import artifacts
from watchfloor.ml.versions.trainers import TrainingRows, train

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def world(tenant, now):
    return make_world(tenant, now)


@pytest.fixture(scope="module")
def artifact():
    """A model of one feature."""
    rng = np.random.default_rng(3)
    visits = rng.uniform(size=300)
    return train(
        TrainingRows(
            features=[{"visits": float(v)} for v in visits],
            labels=(rng.uniform(size=300) < visits).astype(float),
            weights=np.ones(300),
        ),
        feature_names=["visits"],
        seed=1,
    )


class TestAClosedCohort:
    def test_leaves_out_what_is_younger_than_slow_outcomes_are_late(self, world):
        for day in range(30):
            world.log(days_ago=day + 0.1, outcome=0.0, known_after=DAY)
            world.log(days_ago=day + 0.1, outcome=1.0, known_after=10 * DAY)
            if day % 5 == 0:  # some are never found out, so no day is ever quite known
                world.log(days_ago=day + 0.1, outcome=None)

        found = world.cut()

        # Ten days: from then on events are as well known as the clean ones.
        assert found.cohort.label_delay == 10 * DAY
        assert found.cohort.end == world.now - 10 * DAY
        assert found.rows.outcomes.mean() == 0.5
        assert found.left_out["younger than closed"] == 10 - 1
        assert (
            "at least 10.00 days old"
            in found.provenance(
                reason=CutReason.WEEKLY, source="outcomes", version=world.version
            ).cohort_rule
        )

    def test_is_as_young_as_everything_is_known_where_that_is_so(self, world):
        # A year's outcomes told at once: each took as long as its prediction is old.
        for day in range(1, 40):
            world.log(days_ago=day, outcome=float(day % 2), known_after=day * DAY)

        found = world.cut()

        assert len(found.rows) == 39
        assert found.cohort.is_complete

    def test_takes_fewer_of_the_slow_ones_if_an_operator_says_so(self, world):
        for day in range(60):
            world.log(days_ago=day + 0.1, outcome=1.0, known_after=(1 + 4 * (day % 10 == 0)) * DAY)
            world.log(days_ago=day + 0.1, outcome=None)

        with pytest.raises(NotReady, match="50% of the closed predictions"):
            world.cut(closed_share=0.8)

    def test_reaches_back_no_further_than_it_needs(self, world):
        for n in range(240):
            world.log(days_ago=1 + n / 4, outcome=float(n % 2))

        # The newest 200 closed ones take fifty days; 28 would hold too few.
        assert len(world.cut(enough=200).rows) == 200
        # The newest is a day old: of 28 days 27 hold four a day.
        assert len(world.cut(enough=50).rows) == 4 * 27 + 1
        assert len(world.cut(enough=500).rows) == 240

    def test_is_oldest_first(self, world):
        for day in (3, 9, 5):
            world.log(days_ago=day)

        found = world.cut()

        assert list(found.rows.occurred_at) == sorted(found.rows.occurred_at)

    def test_is_not_there_without_outcomes(self, world):
        world.log(days_ago=3, outcome=None)

        with pytest.raises(NotReady, match="no outcome of churn"):
            world.cut()

    def test_takes_an_outcome_before_its_event_as_known_at_once(self, world):
        world.log(days_ago=3, known_after=-timedelta(minutes=5))

        assert world.cut().cohort.label_delay == timedelta(0)


class TestACompleteCohort:
    def test_knows_most_of_what_people_were_asked_about(self, world):
        for n in range(40):
            world.log(days_ago=5 + n / 10, outcome=0.0 if n % 4 else None)

        with pytest.raises(NotReady, match="75% of the closed predictions that people were asked"):
            world.cut()

    def test_counts_a_sampled_outcome_for_all_it_stands_for(self, world):
        for n in range(100):
            world.log(
                days_ago=5 + n / 100,
                outcome=0.0 if n % 5 == 0 else None,
                score=0.1,
                propensity=0.2,
                decision=Outcome.LOG_ONLY,
            )

        found = world.cut()

        assert found.cohort.quiet_known == 1.0
        assert found.rows.quiet_is_known
        assert found.rows.sampling.weights.tolist() == [5.0] * 20

    def test_takes_nothing_below_review_where_the_rest_is_not_sampled(self, world):
        for n in range(40):
            world.log(days_ago=5 + n / 40, score=0.8)
            world.log(days_ago=5 + n / 40, score=0.1, outcome=None, decision=Outcome.LOG_ONLY)
        somebody_knew = world.log(days_ago=5, score=0.1, outcome=1.0, decision=Outcome.LOG_ONLY)

        found = world.cut()

        assert somebody_knew not in found.rows.ids
        assert not found.rows.quiet_is_known
        assert found.left_out == {"not sampled": 1}

    def test_does_not_ask_for_what_was_added_to_a_ticket(self, world):
        for n in range(20):
            world.log(days_ago=5 + n / 20, outcome=1.0)
            world.log(days_ago=5 + n / 20, outcome=None, decision=Outcome.SUPPRESSED_DUPLICATE)

        assert len(world.cut().rows) == 20


class TestEntities:
    def test_have_so_many_rows_and_no_more(self, world):
        for n in range(40):
            world.log(days_ago=5 + n / 100, entity=f"c{n}")
            world.log(days_ago=6 + n / 100, entity="chatty")

        found = world.cut(entity_cap=10)

        assert len(found.rows) == 50
        assert (found.n_entities, found.left_out) == (41, {"beyond the entity cap": 30})


class TestVersions:
    def test_take_their_own_scores_alone_where_they_cannot_score_again(self, world):
        mine = world.log(days_ago=5)
        world.log(days_ago=5, version="v0")
        world.log(days_ago=5, score=None)

        found = world.cut()

        assert found.rows.ids == [mine]
        assert found.left_out == {"of another version, or trained on": 2}

    def test_score_the_held_out_events_of_others_again(self, tenant, now, artifact):
        world = make_world(
            tenant, now, artifact=artifact, manifest={TRAINED_UNTIL: now.isoformat()}
        )
        for n in range(120):
            world.log(days_ago=5 + n / 100, version="v0", features={"visits": n / 120})

        found = world.cut()

        assert all(map(training_data.is_holdout, found.rows.ids))
        assert len(found.rows) == sum(map(training_data.is_holdout, map(_id, range(1, 121))))
        again = artifacts.from_bytes(artifact, sha256="").score([{"visits": 1 / 3}])
        assert np.isclose(found.rows.scores, again[0]).any()

    def test_leave_out_what_they_cannot_read(self, tenant, now, artifact):
        world = make_world(tenant, now, artifact=artifact)
        for _ in range(60):
            world.log(days_ago=5, version="v0", features={"visits": "many"})
            world.log(days_ago=5, version="v0")

        found = world.cut()

        assert len(found.rows) == 0
        assert found.left_out["cannot be scored"] > 10

    def test_take_own_events_later_than_their_training(self, tenant, now, artifact):
        until = now - 10 * DAY
        world = make_world(
            tenant, now, artifact=artifact, manifest={TRAINED_UNTIL: until.isoformat()}
        )
        later = [world.log(days_ago=5) for _ in range(40)]
        earlier = [world.log(days_ago=15) for _ in range(40)]

        found = world.cut()

        assert set(later) <= set(found.rows.ids)
        kept = set(earlier) & set(found.rows.ids)
        assert kept == {one for one in earlier if training_data.is_holdout(one)}

    def test_that_were_trained_after_a_change_take_nothing_from_before(self, tenant, now):
        change = now - 8 * DAY
        world = make_world(tenant, now, manifest={WORLD_SINCE: change.isoformat()})
        since = [world.log(days_ago=5), world.log(days_ago=7)]
        world.log(days_ago=9)

        assert set(world.cut().rows.ids) == set(since)

    def test_whose_set_was_lost_take_nothing_from_before_the_turn(self, world):
        ExchangeabilityGuard.objects.create(
            tenant=world.tenant,
            model_type=CHURN,
            model_version="v1",
            calibration_sha256="a" * 64,
            state=b"",
            longest_delay_s=0,
            seen_until=world.now,
            last_outcome_id=0,
            started_at=world.now,
            alarmed_at=world.now,
            turned_at=world.now - 6 * DAY,
        )
        since = world.log(days_ago=5)
        world.log(days_ago=7)

        assert world.cut().rows.ids == [since]


def _id(n):
    return uuid5(NAMESPACE, str(n))
