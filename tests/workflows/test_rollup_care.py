"""Days, weeks and months equal the log, whatever late outcomes did; what does not is mended."""

import importlib
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from watchfloor.core.errors import NotReady
from watchfloor.ml.models import PredictionLog, ScoreDay, ScoreDelta, ScoreSpan
from watchfloor.ml.predictions import rollup_rebuild, rollup_spans, rollups
from watchfloor.ml.predictions.histograms import pack
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions
from watchfloor.workflows.rollup_care import rebuild_score_rollup

pytestmark = pytest.mark.django_db
FIRST = date(2026, 1, 26)  # five days before a month ends, in a week that straddles it
DAYS = 40


@pytest.fixture
def logged(tenant):
    """Forty days of five predictions, two of them with an outcome, added up."""
    requests = [
        PredictionRequest(
            event_id=f"{day}-{k}",
            source="crm",
            model_type="churn",
            entity_type="client",
            entity_id=f"c-{k}",
            occurred_at=datetime(2026, 1, 26, 9, k, tzinfo=UTC) + timedelta(days=day),
            score=0.1 + 0.2 * k,
            model_version="crm-1",
            site="harbour-gate",
        )
        for day in range(DAYS)
        for k in range(5)
    ]
    until = requests[-1].occurred_at
    handle_predictions(tenant=tenant, requests=requests, now=until)
    tell(tenant, [request.event_id for request in requests if request.entity_id < "c-2"], at=until)
    rollups.compact_all(tenant=tenant)
    return requests


def tell(tenant, event_ids, *, at):
    record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                event=("crm", event_id),
                value=float(event_id.endswith("1")),
                known_at=at,
                source="api",
                labeller="desk",
                dedupe_key=event_id,
            )
            for event_id in event_ids
        ],
        now=at,
    )


def by_days(tenant, first, last):
    days = rollups.day_counts(tenant=tenant, model_type="churn", first=first, last=last)
    return rollups.total(days)


def window(tenant, first, last, **options):
    return rollup_spans.window_counts(
        tenant=tenant, model_type="churn", first=first, last=last, **options
    )


class TestAWindow:
    @pytest.mark.parametrize(
        ("first", "last"),
        [(0, 39), (6, 33), (0, 0), (5, 5 + 27), (10, 9), (-30, 80)],
        ids=["all", "a month in the middle", "one day", "a month", "none", "wider than the data"],
    )
    def test_is_the_sum_of_its_days(self, tenant, logged, first, last):
        edges = FIRST + timedelta(days=first), FIRST + timedelta(days=last)

        found, plain = window(tenant, *edges), by_days(tenant, *edges)

        for name in ("clean", "event", "unknown"):
            assert np.array_equal(getattr(found, name), getattr(plain, name)), name

    def test_of_a_year_reads_a_dozen_rows_in_two_queries(
        self, tenant, logged, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(2):
            found = window(tenant, date(2025, 6, 10), date(2026, 6, 9))

        assert found.n == DAYS * 5
        assert ScoreSpan.objects.filter(span="month").count() == 3 * 3

    def test_follows_an_outcome_that_came_late(self, tenant, logged):
        tell(tenant, ["3-3"], at=datetime(2026, 4, 1, tzinfo=UTC))
        rollups.compact_all(tenant=tenant)

        found = window(tenant, FIRST, FIRST + timedelta(days=39))

        assert found.clean.sum() == DAYS + 1
        assert rebuild_score_rollup(tenant=tenant, write=False).n_differing == 0

    def test_is_one_versions_where_it_is_named(self, tenant, logged):
        assert window(tenant, FIRST, FIRST + timedelta(days=39), version="crm-2").n == 0

    def test_holds_nothing_of_another_tenant(self, tenant, other_tenant, logged):
        assert window(other_tenant, FIRST, FIRST + timedelta(days=39)).n == 0


class TestARebuild:
    def test_finds_nothing_that_differs(self, tenant, logged):
        found = rebuild_score_rollup(tenant=tenant, write=False)

        assert found.n_differing == 0
        assert found.n_days == DAYS * 3
        assert "0 differ from the log" in found.sentence

    def test_names_a_day_that_was_changed_and_mends_it_with_its_spans(self, tenant, logged):
        day = ScoreDay.objects.filter(local_day=FIRST, outcome="unknown").get()
        ScoreDay.objects.filter(pk=day.pk).update(counts=pack({7: 9}), n=9)

        checked = rebuild_score_rollup(tenant=tenant, write=False)
        mended = rebuild_score_rollup(tenant=tenant, write=True)

        assert len(checked.days) == 1
        assert "2026, 1, 26" in checked.days[0]
        assert mended.n_differing >= 1
        assert rebuild_score_rollup(tenant=tenant, write=False).n_differing == 0

    def test_mends_a_span_that_is_gone_and_one_that_has_no_day(self, tenant, logged):
        ScoreSpan.objects.filter(span="month", local_day=date(2026, 2, 1)).delete()
        stray = ScoreSpan.objects.filter(span="week").first()
        ScoreSpan.objects.filter(pk=stray.pk).update(local_day=date(2020, 1, 6))

        found = rebuild_score_rollup(tenant=tenant, write=True)

        assert (len(found.days), len(found.spans)) == (0, 5)
        assert rebuild_score_rollup(tenant=tenant, write=False).n_differing == 0

    def test_leaves_days_whose_log_is_gone(self, tenant, logged):
        PredictionLog.objects.filter(local_day__lt=FIRST + timedelta(days=10)).delete()

        found = rebuild_score_rollup(tenant=tenant, write=True)

        assert found.n_differing == 0
        assert ScoreDay.objects.filter(local_day=FIRST).exists()

    def test_proves_nothing_while_predictions_come_in(self, tenant, logged):
        def meanwhile():
            ScoreDelta.objects.create(
                tenant=tenant,
                model_type="churn",
                model_version="crm-1",
                site_group="all",
                local_day=FIRST,
                outcome="unknown",
                counts={"3": 1},
            )
            return []

        with pytest.raises(NotReady, match="came in meanwhile"):
            rollup_rebuild.rebuild(tenant=tenant, logged=meanwhile, write=True)

    def test_touches_no_other_tenant(self, tenant, other_tenant, logged):
        ScoreSpan.objects.for_tenant(tenant).delete()

        assert rebuild_score_rollup(tenant=other_tenant, write=True).n_days == 0
        assert not ScoreSpan.objects.exists()


class TestTheCommand:
    def test_says_what_it_compared(self, tenant, logged, capsys):
        call_command("rebuild_score_rollup", "--tenant", "acme", "--check")

        assert capsys.readouterr().out.startswith("acme: 120 histograms of days, 0 differ")

    def test_fails_a_check_where_one_differs(self, tenant, logged):
        ScoreSpan.objects.filter(span="month").delete()

        with pytest.raises(CommandError, match="9 histograms differ"):
            call_command("rebuild_score_rollup", "--check")

    def test_refuses_a_tenant_that_nobody_has(self, db):
        with pytest.raises(CommandError, match="nobody"):
            call_command("rebuild_score_rollup", "--tenant", "nobody")


def test_the_migration_sums_the_days_that_were_there_before(tenant, logged):
    ScoreSpan.objects.all().delete()
    migration = importlib.import_module("watchfloor.ml.migrations.0012_score_spans")

    migration.sum_days(apps, None)

    assert rebuild_score_rollup(tenant=tenant, write=False).n_differing == 0
