"""What a retrain does when something speaks against it."""

from datetime import timedelta

import numpy as np
import pytest

from watchfloor.core.errors import NotReady
from watchfloor.core.lifecycle import rollback
from watchfloor.core.lifecycle.rollback import PairedWatch
from watchfloor.ledger import due
from watchfloor.ml.models import ModelVersion, RetrainJob, RollbackWatch, TrainingDataset
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.retraining import auto_retrain
from watchfloor.ml.versions import registry
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import policy_switch, safe_retrain
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db
CHURN = "churn"


def _live(tenant, at, *, n=320, turned=False, name="a"):
    """Events whose outcome follows from one feature, all known an hour later."""
    rng = np.random.default_rng([3, n, turned])
    values = rng.uniform(size=n)
    requests = [
        PredictionRequest(
            event_id=f"{name}{i}",
            source="crm",
            model_type=CHURN,
            entity_type="client",
            entity_id=f"{name}{i}",
            occurred_at=at + timedelta(seconds=i),
            features={"visits": float(value)},
        )
        for i, value in enumerate(values)
    ]
    later = at + timedelta(hours=1)
    results = handle_predictions(tenant=tenant, requests=requests, now=later)
    record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                prediction_id=result.id,
                value=float((value > 0.6) != turned),
                known_at=later,
                source="crm",
                labeller="crm",
                dedupe_key=f"{name}{i}",
            )
            for i, (result, value) in enumerate(zip(results, values, strict=True))
        ],
        now=later,
    )
    return later


@pytest.fixture
def served(tenant, now):
    """Acme with a first churn model that has served an hour."""
    later = _live(tenant, now)
    safe_retrain.first_model(tenant=tenant, model_type=CHURN, now=later)
    return tenant


def _queued(tenant, now):
    return auto_retrain.open_job(
        tenant=tenant,
        model_type=CHURN,
        requested_by="user:mia",
        severity="HIGH",
        verdicts=(),
        needs_approval=False,
        now=now,
    )


class TestFirstModel:
    def test_serves_at_once(self, served, now):
        champion = ModelVersion.objects.get(role="champion")

        assert champion.model_type == CHURN
        assert registry.deployment_of(tenant=served, model_type=CHURN, now=now).stack is not None

    def test_is_the_first_alone(self, served, now):
        with pytest.raises(NotReady, match="has a model already"):
            safe_retrain.first_model(tenant=served, model_type=CHURN, now=now)

    def test_needs_known_outcomes(self, tenant, now):
        with pytest.raises(NotReady, match="cannot be trained"):
            safe_retrain.first_model(tenant=tenant, model_type=CHURN, now=now)


class TestRunJob:
    def test_rejects_a_challenger_that_the_holdout_cannot_tell_from_worse(self, served, now):
        # The newest holdout events are older than the window that may judge.
        later = now + timedelta(days=60)
        job = _queued(served, later)

        ended = safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)

        assert ended.state == RetrainState.REJECTED
        assert ModelVersion.objects.get(role="rejected")
        assert ended.validation["passed"] is False

    def test_rejects_when_there_is_nothing_to_train_on(self, served, now):
        later = now + timedelta(days=400)
        job = _queued(served, later)

        ended = safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)

        assert (ended.state, "cannot be trained" in ended.note) == (RetrainState.REJECTED, True)

    def test_leaves_a_job_alone_that_has_ended(self, served, now):
        later = now + timedelta(days=400)
        job = _queued(served, later)
        safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)

        again = safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)

        assert again.state == RetrainState.REJECTED

    def test_promotes_an_equal_challenger_and_plans_its_watch(self, served, now):
        later = _live(served, now + timedelta(days=1), n=400, name="b")
        job = _queued(served, later)

        ended = safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)

        assert ended.state == RetrainState.WATCHING
        kinds = [auto_retrain.ROLLBACK_WATCH]
        assert due.next_due_at(kinds=kinds) == later + safe_retrain.WATCH_EVERY

    def test_goes_on_hours_after_it_died_with_what_it_had_trained(self, served, now, monkeypatch):
        later = _live(served, now + timedelta(days=1), n=400, name="b")
        job = _queued(served, later)
        with monkeypatch.context() as death:
            death.setattr(safe_retrain, "_promote", _die)
            with pytest.raises(_Died):
                safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)
        _live(served, now + timedelta(days=1, hours=1), n=50, turned=True, name="c")

        ended = safe_retrain.run_job(tenant=served, job_id=job.pk, now=later + timedelta(hours=5))

        assert ended.state == RetrainState.WATCHING
        assert ModelVersion.objects.count() == 2  # the first model and one challenger
        assert TrainingDataset.objects.filter(labels_known_until=later).count() == 1
        # What came to be known meanwhile had no part in it; the watch begins with the promotion.
        assert ended.challenger.trained_at == later
        assert ended.watch.started_at == later + timedelta(hours=5)

    def test_has_no_champion_to_compare_with_when_scores_are_posted(self, tenant, now):
        later = _live(tenant, now)
        handle_predictions(
            tenant=tenant,
            requests=[
                PredictionRequest(
                    event_id="p1",
                    source="crm",
                    model_type=CHURN,
                    entity_type="client",
                    entity_id="p1",
                    occurred_at=now,
                    score=0.5,
                    model_version="crm-1",
                )
            ],
            now=later,
        )
        job = _queued(tenant, later)

        with pytest.raises(NotReady, match="no champion"):
            safe_retrain.run_job(tenant=tenant, job_id=job.pk, now=later)


class _Died(BaseException):
    """The process is gone, without a word to anybody."""


def _die(*_args, **_kwargs):
    raise _Died


@pytest.fixture
def watched(served, now):
    """The first model was replaced by an equal one, which is watched."""
    later = _live(served, now + timedelta(days=1), n=400, name="b")
    job = _queued(served, later)
    safe_retrain.run_job(tenant=served, job_id=job.pk, now=later)
    return RollbackWatch.objects.get()


def _found_worse(watch):
    evidence = PairedWatch.from_bytes(bytes(watch.evidence))
    for _ in range(60):
        evidence = rollback.observe(evidence, error_new=1.0, error_old=0.0)
    auto_retrain.save_evidence(watch, evidence=evidence.to_bytes(), n_pairs=60, last_outcome_id=0)


class TestCheckWatch:
    def test_looks_again_while_there_is_too_little_to_say(self, watched):
        at = watched.started_at + timedelta(hours=6)

        again_at = safe_retrain.check_watch(tenant=watched.tenant, watch_id=watched.pk, now=at)

        assert again_at == at + safe_retrain.WATCH_EVERY

    def test_is_never_passed_for_want_of_labels(self, watched):
        at = watched.started_at + timedelta(days=8)

        safe_retrain.check_watch(tenant=watched.tenant, watch_id=watched.pk, now=at)

        assert RetrainJob.objects.get().state == RetrainState.INCONCLUSIVE

    def test_pages_a_person_where_automatic_rollback_is_off(self, watched):
        _found_worse(watched)
        at = watched.started_at + timedelta(hours=6)

        safe_retrain.check_watch(tenant=watched.tenant, watch_id=watched.pk, now=at)

        assert AlertEvent.objects.get(alert_type="ML_ROLLBACK_NEEDED").severity == "CRITICAL"
        champion = ModelVersion.objects.get(role="champion")
        assert champion == watched.new_stack.model_version

    def test_pages_a_person_while_the_kill_switch_is_engaged(self, watched):
        _switch_on(watched.tenant, watched.started_at)
        policy_switch.set_kill_switch(
            engaged=True, actor="user:lea", reason="stop", now=watched.started_at
        )
        _found_worse(watched)
        at = watched.started_at + timedelta(hours=6)

        safe_retrain.check_watch(tenant=watched.tenant, watch_id=watched.pk, now=at)

        assert AlertEvent.objects.filter(alert_type="ML_ROLLBACK_NEEDED").exists()

    def test_rolls_back_where_that_is_switched_on_and_then_ends(self, watched):
        _switch_on(watched.tenant, watched.started_at)
        _found_worse(watched)
        at = watched.started_at + timedelta(hours=6)

        first = safe_retrain.check_watch(tenant=watched.tenant, watch_id=watched.pk, now=at)
        again = safe_retrain.check_watch(tenant=watched.tenant, watch_id=watched.pk, now=at)

        assert (first, again) == (None, None)
        champion = ModelVersion.objects.get(role="champion")
        assert champion == watched.old_stack.model_version
        assert RetrainJob.objects.get().state == RetrainState.ROLLED_BACK


def _switch_on(tenant, now):
    policy_switch.switch_flag(
        tenant=tenant,
        flag=Flag.AUTO_ROLLBACK,
        is_on=True,
        actor="user:lea",
        reason="we trust it",
        now=now,
    )


class TestRollBack:
    def test_by_hand_brings_back_what_was_known_good(self, watched):
        safe_retrain.roll_back(
            tenant=watched.tenant,
            model_type=CHURN,
            actor="user:lea",
            reason="complaints",
            now=watched.started_at,
        )

        assert ModelVersion.objects.get(role="champion") == watched.old_stack.model_version
        assert RollbackWatch.objects.get().state == "roll_back"

    def test_has_nothing_to_go_back_to_at_first(self, served, now):
        with pytest.raises(NotReady, match="nothing to go back to"):
            safe_retrain.roll_back(
                tenant=served, model_type=CHURN, actor="user:lea", reason="x", now=now
            )
