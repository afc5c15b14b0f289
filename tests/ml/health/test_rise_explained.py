"""An open episode says what a changed share of events has to do with it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from watchfloor.ml.health.rise_explained import explain
from watchfloor.ml.models import OutcomeRecord


@pytest.fixture
def tell(tenant, now):
    """Record what became of predictions of one score, so many of them events."""

    def told(n, *, events, score, at, known_at=None, of=None):
        owner = of or tenant
        records = [
            OutcomeRecord(
                tenant=owner,
                log="prediction",
                prediction_id=uuid4(),
                occurred_at=at,
                model_type="sla_breach",
                model_version="v1",
                score=score,
                local_day=at.date(),
                value=float(k < events),
                source="api",
                labeller="desk",
                known_at=known_at or at,
                recorded_at=known_at or at,
                dedupe_key=str(uuid4()),
            )
            for k in range(n)
        ]
        return OutcomeRecord.objects.bulk_create(records)

    return told


def explained(since, tenant, now):
    return explain(
        since,
        tenant=tenant,
        model_type="sla_breach",
        changed_at=now,
        threshold=0.5,
        base_error=0.2,
    )


class TestARise:
    def test_by_rarer_events_is_called_a_prior_shift(self, tenant, tell, now):
        tell(100, events=80, score=0.8, at=now - timedelta(days=3))
        since = tell(40, events=4, score=0.8, at=now)

        found = explained(since, tenant, now)

        # Told of 10 % where it learned 80 %, a score of 0.8 says 0.1.
        assert found.words.startswith(" Prior shift: events have become rarer, 80% of known")
        assert "wrong in 10% of cases and not in 90%" in found.words
        assert found.evidence["is_prior_shift"]

    def test_with_as_many_events_as_before_is_not(self, tenant, tell, now):
        tell(100, events=50, score=0.8, at=now - timedelta(days=3))
        since = tell(40, events=20, score=0.8, at=now)

        found = explained(since, tenant, now)

        assert found.words == ""
        assert not found.evidence["is_prior_shift"]

    def test_is_not_explained_by_labels_that_were_not_known_then(self, tenant, tell, now):
        day_before = now - timedelta(days=1)
        tell(100, events=80, score=0.8, at=day_before, known_at=now + timedelta(days=1))

        found = explained(tell(40, events=4, score=0.8, at=now), tenant, now)

        assert (found.words, found.evidence) == ("", {})

    def test_is_not_explained_by_another_tenants_outcomes(self, tenant, other_tenant, tell, now):
        tell(100, events=80, score=0.8, at=now - timedelta(days=3), of=other_tenant)

        assert explained(tell(40, events=4, score=0.8, at=now), tenant, now).words == ""

    def test_is_not_explained_by_a_handful(self, tenant, tell, now):
        tell(100, events=80, score=0.8, at=now - timedelta(days=3))

        assert explained(tell(5, events=0, score=0.8, at=now), tenant, now).evidence == {}
