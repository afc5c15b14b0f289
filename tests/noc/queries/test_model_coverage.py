"""How a model keeps its word: certificates against their tickets, decisions week by week."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cast import acme, borealis
from desk import DESK, NOON, fill
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standing import standing

from watchfloor.core.conformal.probability_bins import clopper_pearson
from watchfloor.core.conformal.quantile import level_of
from watchfloor.core.errors import InvalidInput
from watchfloor.core.local_time import local_day
from watchfloor.ml.coverage import automation_queries
from watchfloor.ml.inference import model_queries
from watchfloor.ml.models import ModelPerformanceMetrics, PredictionLog
from watchfloor.ml.reports import certificate_facts
from watchfloor.noc.queries.model_coverage import model_coverage
from watchfloor.workflows import model_health

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Acme once for all tests, as one transaction that is taken back."""
    with standing(django_db_blocker):
        yield fill(acme(now=NOON))


@pytest.fixture
def history(filled, db):
    """Thirty days of a desk's model."""
    return filled


@pytest.fixture
def other_tenant(filled, db):
    """Borealis beside the history."""
    return borealis(now=NOON)


def card_of(tenant):
    return model_queries.get_card(tenant=tenant, model_type=DESK, is_predicted=True)


def coverage_of(tenant, *, level=95, weeks=5, card=None, **asked):
    card = card or card_of(tenant)
    return model_coverage(
        tenant=tenant,
        card=card,
        level=level,
        weeks=weeks,
        now=NOON,
        **asked,
    )


def act_on(tenant, *, n, false):
    """Pretend that the newest known predictions of the newest calibration opened tickets."""
    rows = PredictionLog.objects.for_tenant(tenant).exclude(calibration_hash="")
    newest = rows.latest("occurred_at", "id").calibration_hash
    ids = list(rows.filter(calibration_hash=newest).values_list("id", flat=True)[:n])
    rows.filter(id__in=ids).update(decision="auto_ticket", outcome=1.0)
    rows.filter(id__in=ids[:false]).update(outcome=0.0)
    return newest


class TestCertificates:
    def test_are_silent_while_nothing_was_acted_on(self, history):
        assert coverage_of(history).certificates == ()

    def test_stand_beside_what_they_opened(self, history):
        newest = act_on(history, n=40, false=3)

        [kept] = coverage_of(history).certificates

        assert kept.calibration_hash == newest
        assert (kept.automatic.n, kept.automatic.n_known, kept.automatic.n_false) == (40, 40, 3)
        assert kept.automatic.band == clopper_pearson(3, 40, level=level_of(95))
        assert not kept.is_broken

    def test_are_broken_by_more_false_tickets_than_chance_allows(self, history):
        act_on(history, n=40, false=20)

        [kept] = coverage_of(history).certificates

        assert kept.is_broken
        assert kept.automatic.band[0] > kept.certificate.eps

    def test_count_unknown_outcomes_as_neither(self, history):
        act_on(history, n=40, false=0)
        PredictionLog.objects.filter(decision="auto_ticket").update(outcome=None)

        [kept] = coverage_of(history).certificates

        assert (kept.automatic.n, kept.automatic.n_known, kept.chance) == (40, 0, None)

    def test_agree_with_the_walk_that_a_replay_reports(self, history):
        act_on(history, n=40, false=3)

        [counted] = certificate_facts.kept_of_actions(
            PredictionLog, tenant=history, model_type=DESK
        )
        walked = certificate_facts.kept(PredictionLog, tenant=history, model_type=DESK)

        same = next(k for k in walked if k.calibration_hash == counted.calibration_hash)
        assert same.certificate == counted.certificate

    def test_are_counted_from_the_index_of_what_was_acted_on(self, history):
        with CaptureQueriesContext(connection) as asked:
            certificate_facts.kept_of_actions(PredictionLog, tenant=history, model_type=DESK)
        if connection.vendor != "sqlite":
            pytest.skip("the plan is SQLite's")

        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
            plan = " ".join(str(row) for row in cursor.fetchall())

        assert "ml_pred_log_acted_on" in plan

    def test_are_not_another_tenants(self, history, other_tenant):
        act_on(history, n=40, false=3)

        found = certificate_facts.kept_of_actions(
            PredictionLog, tenant=other_tenant, model_type=DESK
        )

        assert found == ()


class TestDecidedWeeks:
    @pytest.fixture
    def told(self, history):
        """The days before today have their metrics."""
        last_day = local_day(NOON, history.zone) - timedelta(days=1)
        model_health.backfill_metrics(tenant=history, last_day=last_day, days=40, now=NOON)
        return history

    def test_add_up_to_what_the_log_says(self, told):
        decided = coverage_of(told).decided

        log = PredictionLog.objects.filter(
            local_day__gte=decided[0].begins,
            local_day__lt=local_day(NOON, told.zone),
        )
        total = automation_queries.all_weeks(decided, begins=decided[0].begins)
        assert total.n == log.count()
        assert total.reviewed == log.filter(decision="human_review").count()
        assert total.logged == log.filter(decision="log_only").count()
        assert total.automated == 0

    def test_tell_tickets_additions_and_clearings_apart(self, history):
        rows = PredictionLog.objects.filter(score__isnull=False)
        for decision, n in (("auto_ticket", 7), ("auto_clear", 5), ("suppressed_duplicate", 3)):
            ids = rows.filter(decision__in=["log_only", "human_review"])
            ids = list(ids.order_by("occurred_at").values_list("id", flat=True)[:n])
            rows.filter(id__in=ids).update(decision=decision)
        last_day = local_day(NOON, history.zone) - timedelta(days=1)
        model_health.backfill_metrics(tenant=history, last_day=last_day, days=40, now=NOON)

        decided = coverage_of(history).decided

        total = automation_queries.all_weeks(decided, begins=decided[0].begins)
        assert (total.ticketed, total.cleared, total.added) == (7, 5, 3)
        assert total.automated == 15

    def test_leave_out_days_that_do_not_tell_the_kinds_apart(self, told):
        ModelPerformanceMetrics.objects.update(auto_ticket_decisions=None)

        assert {week.n for week in coverage_of(told).decided} == {0}

    def test_are_all_there_although_nothing_was_decided(self, history):
        decided = coverage_of(history, weeks=3).decided

        assert [week.n for week in decided] == [0, 0, 0]
        assert decided[2].begins - decided[0].begins == timedelta(days=14)


class TestModelCoverage:
    def test_has_the_curves_that_the_calibration_kept(self, history):
        found = coverage_of(history)

        serving = found.card.calibration
        assert (found.tickets, found.clearing) == (serving.tickets_at, serving.clearing_at)
        assert found.serving_set == serving.digest

    def test_makes_curves_of_what_is_known_where_none_were_kept(self, history):
        found = coverage_of(history, card=replace(card_of(history), calibration=None))

        known = PredictionLog.objects.filter(
            outcome__isnull=False, score__isnull=False, model_version="v1"
        )
        assert found.tickets.n == found.clearing.n == known.count()
        assert found.tickets.n_positive == known.filter(outcome=1).count()

    def test_has_the_promises_in_force_and_what_the_quarter_risked(self, history):
        found = coverage_of(history)

        assert (found.eps_ticket, found.eps_clear, found.delta) == (0.1, 0.01, 0.1)
        assert found.delta_spent.n_sets == 2
        assert found.delta_spent.spent == pytest.approx(0.2)

    def test_has_no_curve_while_nothing_serves(self, other_tenant):
        found = coverage_of(other_tenant)

        assert (found.tickets, found.clearing, found.serving_set) == (None, None, "")
        assert found.report.n == 0

    @pytest.mark.parametrize("weeks", [0, -1, 105])
    def test_refuses_a_span_that_is_none(self, history, weeks):
        with pytest.raises(InvalidInput, match="weeks"):
            coverage_of(history, weeks=weeks)

    @pytest.mark.parametrize("level", [0, 80, 100])
    def test_refuses_a_level_that_is_not_kept(self, history, level):
        with pytest.raises(InvalidInput, match="level"):
            coverage_of(history, level=level)
