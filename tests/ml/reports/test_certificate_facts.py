"""A certificate stands beside what came of it: tickets, false ones, and what was held back."""

from datetime import timedelta
from uuid import UUID

import pytest

from watchfloor.core.conformal.calibration import fit_calibration
from watchfloor.core.decision.policy import Outcome, Reason
from watchfloor.ml.calibration import calibration_sets
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.models import CutReason, PredictionLog
from watchfloor.ml.reports import certificate_facts
from watchfloor.ml.versions import registry

CERTIFIED, BELOW = 0.9, 0.3


@pytest.fixture
def certificate(tenant, now):
    """At most one false ticket in ten, from 0.9 on."""
    version = registry.add_version(
        tenant=tenant, model_type="late_order", version="v1", artifact=b"", manifest={}, now=now
    )
    calibration = fit_calibration(
        [CERTIFIED] * 60 + [BELOW] * 200,
        [1] * 60 + [0] * 200,
        eps_ticket=0.1,
        eps_clear=0.01,
        delta=0.1,
    )
    calibration_sets.add(
        tenant=tenant,
        version=version,
        calibration=calibration,
        self_test=None,
        provenance=Provenance(reason=CutReason.FIRST, source="holdout"),
        now=now,
    )
    return calibration


@pytest.fixture
def decided(tenant, now, certificate):
    """Write one decided prediction after another, a minute apart."""
    rows = []

    def write(decision, reason, outcome, *, score=CERTIFIED):
        at = now + timedelta(minutes=len(rows))
        rows.append(
            PredictionLog.objects.create(
                tenant=tenant,
                id=UUID(int=len(rows) + 1),
                occurred_at=at,
                predicted_at=at,
                source="replay",
                event_id=f"e{len(rows)}",
                entity_type="order",
                entity_id=f"R{len(rows)}",
                local_day=at.date(),
                model_type="late_order",
                model_version="v1",
                score=score,
                calibration_hash=certificate.digest,
                decision=decision,
                reason=reason,
                review_score=0.4,
                outcome=outcome,
            )
        )

    return write


def kept(tenant):
    (found,) = certificate_facts.kept(PredictionLog, tenant=tenant, model_type="late_order")
    return found


def test_counts_what_was_acted_on_and_what_of_it_was_false(tenant, decided):
    for outcome in (1.0, 1.0, 0.0, None):
        decided(Outcome.AUTO_TICKET, Reason.CERTIFIED, outcome)
    decided(Outcome.HUMAN_REVIEW, Reason.NOT_CERTIFIED, 0.0, score=BELOW)

    found = kept(tenant)

    assert (found.automatic.n, found.automatic.n_known, found.automatic.n_false) == (4, 3, 1)
    assert found.automatic.false_share == pytest.approx(1 / 3)
    # P(at least 1 of 3) at a share of 0.1 is 1 - 0.9 ** 3.
    assert found.chance == pytest.approx(0.271)
    assert not found.is_broken


def test_calls_a_promise_broken_that_chance_does_not_explain(tenant, decided):
    for outcome in (0.0, 0.0, 0.0, 1.0):
        decided(Outcome.AUTO_TICKET, Reason.CERTIFIED, outcome)

    # P(at least 3 of 4) at 0.1 is 0.0037.
    assert kept(tenant).is_broken


@pytest.mark.parametrize(
    "reason",
    [
        Reason.DRIFT_ALARM,
        Reason.EXCHANGEABILITY_LOST,
        Reason.CALIBRATION_STALE,
        Reason.CALIBRATION_TOO_SMALL,
        Reason.PROBABILITY_NOT_KNOWN_WELL,
    ],
)
def test_counts_every_state_of_the_model_that_holds_back(tenant, decided, reason):
    decided(Outcome.HUMAN_REVIEW, reason, 0.0)

    (held,) = kept(tenant).held_back

    assert (held.reason, held.found.n_false) == (reason, 1)


def test_counts_no_switch_and_no_cap_among_them(tenant, decided):
    for reason in (Reason.AUTOMATION_OFF, Reason.KILL_SWITCH, Reason.CAP_REACHED):
        decided(Outcome.HUMAN_REVIEW, reason, 0.0)

    assert kept(tenant).held_back == ()


def test_says_what_was_held_back_by_which_state_and_since_when(tenant, decided, now):
    decided(Outcome.AUTO_TICKET, Reason.CERTIFIED, 1.0)
    decided(Outcome.HUMAN_REVIEW, Reason.DRIFT_ALARM, 0.0)
    decided(Outcome.HUMAN_REVIEW, Reason.DRIFT_ALARM, 1.0)
    decided(Outcome.HUMAN_REVIEW, Reason.AUTOMATION_OFF, 0.0)

    (held,) = kept(tenant).held_back

    assert (held.reason, held.since) == (Reason.DRIFT_ALARM, now + timedelta(minutes=1))
    assert (held.found.n, held.found.n_false) == (2, 1)


def test_knows_nothing_where_no_outcome_is_known(tenant, decided):
    decided(Outcome.AUTO_TICKET, Reason.CERTIFIED, None)

    found = kept(tenant)

    assert (found.chance, found.automatic.false_share, found.is_broken) == (None, None, False)
