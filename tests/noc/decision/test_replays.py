"""The replay of a log under the policy that was in force decides as the live loop did."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from certified import HIGH, LOW, MEDIUM, MODEL_TYPE, post, request, serve, switch_on

from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.simulation.replay import replay
from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import local_day
from watchfloor.ml.models import PredictionLog
from watchfloor.noc.decision import replays, thresholds
from watchfloor.noc.models import Ticket
from watchfloor.noc.models.work import Disposition
from watchfloor.noc.queries.threshold_simulation import policy_as_if_on
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import outcome_feedback, threshold_change

pytestmark = pytest.mark.django_db
LIMITS = {"ticket_cap": 9, "site_ticket_cap": 2, "breaker_cap": 5, "dedup_hours": 12}


@pytest.fixture
def lived(tenant, now):
    """Two days of Acme with small limits: floods, repeats, tickets closed either way."""
    began = now - timedelta(days=2)
    serve(tenant, now=began)
    switch_on(tenant, Flag.AUTO_TICKET, now=began)
    for key, value in LIMITS.items():
        threshold_change.apply(
            tenant=tenant,
            model_type=MODEL_TYPE,
            key=key,
            value=value,
            expected_version=0,
            actor="system:test",
            reason="small limits",
            now=began,
        )
    rng = np.random.default_rng(20260302)
    at = began
    for n in range(1, 91):
        at += timedelta(minutes=float(rng.exponential(25)))
        entity = f"lift-{rng.integers(0, 12)}"
        score = float(rng.choice([HIGH, HIGH, MEDIUM, LOW]))
        one = request(n, at=at - timedelta(minutes=2), entity=entity, score=score)
        place = rng.choice(["harbour-gate", "north-campus", None])
        post(tenant, replace(one, site=place), after=timedelta(minutes=2))
        if n % 4 == 0:
            _close_the_oldest(tenant, confirmed=n % 8 == 0, now=at + timedelta(seconds=30))
    return tenant, began, at


def _close_the_oldest(tenant, *, confirmed, now):
    ticket = Ticket.objects.filter(status="open").order_by("opened_at").first()
    if ticket is not None:
        outcome_feedback.resolve_ticket(
            tenant=tenant,
            ticket_id=ticket.pk,
            disposition=Disposition.TRUE_POSITIVE if confirmed else Disposition.FALSE_POSITIVE,
            actor="user:lea",
            note="",
            now=now,
        )


def read(lived, version=""):
    tenant, began, ended = lived
    return replays.read_stream(
        tenant=tenant,
        model_type=MODEL_TYPE,
        version=version,
        first=local_day(began, tenant.zone),
        last=local_day(ended, tenant.zone),
    )


def in_force(tenant):
    values = thresholds.values_in_force(tenant=tenant, model_type=MODEL_TYPE)
    policy = policy_as_if_on(tenant=tenant, model_type=MODEL_TYPE, values=values)
    return policy, replays.limits_of(values)


class TestReplay:
    def test_of_the_policy_in_force_is_what_was_logged(self, lived):
        tenant, *_ = lived
        found = replay(read(lived).stream, *in_force(tenant))

        logged = PredictionLog.objects.order_by("predicted_at", "occurred_at", "id")
        told = [(each.decision, each.reason, each.failing_clause) for each in logged]
        decisions = [found.decision(k) for k in range(len(told))]
        assert [
            (each.outcome.value, each.reason.value, each.failing.value if each.failing else "")
            for each in decisions
        ] == told
        # The two days were worth their name.
        assert {each.reason.value for each in decisions} >= {
            *("certified", "duplicate", "duplicate_of_closed"),
            *("cap_reached_site", "below_review_score"),
        }

    def test_counts_the_tickets_that_were_opened(self, lived):
        tenant, *_ = lived

        found = read(lived).decided(*in_force(tenant))

        assert found.by_outcome[Outcome.AUTO_TICKET].n == Ticket.objects.count()
        assert sum(found.by_reason.values()) == PredictionLog.objects.count()

    def test_of_a_higher_threshold_opens_none_of_the_lower_ones(self, lived):
        tenant, *_ = lived
        policy, limits = in_force(tenant)

        found = read(lived).decided(replace(policy, ticket_score=0.95), limits)

        assert found.by_outcome[Outcome.AUTO_TICKET].n == 0

    def test_knows_no_other_tenant_and_no_other_version(self, lived, other_tenant):
        tenant, began, ended = lived

        theirs = replays.read_stream(
            tenant=other_tenant,
            model_type=MODEL_TYPE,
            version="",
            first=local_day(began, tenant.zone),
            last=local_day(ended, tenant.zone),
        )

        assert len(theirs.stream.evidence) == 0
        assert len(read(lived, version="another").stream.evidence) == 0

    def test_asks_for_fewer_weeks_where_there_is_too_much(self, lived, monkeypatch):
        monkeypatch.setattr(replays, "MOST_ROWS", 50)

        with pytest.raises(NotReady, match="choose fewer weeks"):
            read(lived)
