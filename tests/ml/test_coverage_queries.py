"""The coverage report, read from day histograms, is what a walk over the log would count."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cast import acme, borealis
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from oracle import naive

from watchfloor.core.local_time import local_day
from watchfloor.ml import interval_widths, rollups, serving
from watchfloor.ml.coverage_queries import coverage_report, read_window
from watchfloor.ml.interval_widths import WidthKind
from watchfloor.ml.models import PredictionLog, ScoreDay
from watchfloor.tenants.models import Site
from watchfloor.workflows import calibration_load, outcome_feedback
from watchfloor.workflows.outcome_feedback import OutcomeRequest
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DESK = "sla_breach"
DAYS, A_DAY, WEEKS = 30, 24, 5
SITES = ("harbour-gate", "north-campus", None)


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Acme once for all tests, as one transaction that is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield _history(acme(now=NOON))
        transaction.set_rollback(True)


@pytest.fixture
def history(filled, db):
    """Thirty days of a posted model at two sites and none; two calibrations on the way."""
    return filled


@pytest.fixture
def other_tenant(filled, db):
    """Borealis beside the history."""
    return borealis(now=NOON)


def _history(tenant):
    now = NOON
    Site.objects.filter(code="harbour-gate").update(site_group="harbour")
    Site.objects.filter(code="north-campus").update(site_group="north")
    rng = np.random.default_rng(20260302)
    for day in range(DAYS, -1, -1):
        at = now - timedelta(days=day)
        scores = np.round(rng.beta(0.7, 1.4, A_DAY), 3)
        requests = [
            PredictionRequest(
                event_id=f"INC{day:02d}{i:02d}",
                source="itsm",
                model_type=DESK,
                entity_type="incident",
                entity_id=f"INC{day:02d}{i:02d}",
                occurred_at=at - timedelta(minutes=i),
                score=None if i == 0 else float(score),
                model_version=None if i == 0 else "v1",
                site=SITES[i % 3],
            )
            for i, score in enumerate(scores)
        ]
        handle_predictions(tenant=tenant, requests=requests, now=at)
        _tell(tenant, requests, rng, at)
        if day in {20, 10}:
            _calibrate(tenant, at)
    rollups.compact_all(tenant=tenant)
    return tenant


def _tell(tenant, requests, rng, at):
    told = [
        OutcomeRequest(
            event=("itsm", request.event_id),
            value=float(rng.random() < (request.score or 0.5)),
            known_at=at,
            source="api",
            labeller="desk",
            dedupe_key=request.event_id,
        )
        for request in requests
        if rng.random() < 0.7
    ]
    outcome_feedback.record_outcomes(tenant=tenant, log="prediction", requests=told, now=at)


def _calibrate(tenant, at):
    scores, known = calibration_load.pairs_from_log(
        tenant=tenant, source="prediction_log", model_type=DESK, version="v1", days=30, now=at
    )
    calibration_load.load(
        tenant=tenant,
        model_type=DESK,
        version="v1",
        scores=scores,
        outcomes=known,
        source="prediction_log",
        min_samples=30,
        actor="cli:test",
        now=at,
    )


def window_of(tenant, now, *, weeks=WEEKS, model_type=DESK):
    last = local_day(now, tenant.zone)
    return read_window(tenant=tenant, model_type=model_type, last=last, weeks=weeks)


def report_of(tenant, now, *, level=95, review_score=0.4, **asked):
    return coverage_report(
        window_of(tenant, now), model_type=DESK, level=level, review_score=review_score, **asked
    )


def walked(tenant, level, group_of):
    """What a walk over the log counts, group by group; None is in no group."""
    rows = PredictionLog.objects.for_tenant(tenant).select_related("site")
    return naive.coverage_by_group(
        [
            (group, _calibration(tenant, row), row.score, row.outcome)
            for row in rows
            if row.score is not None and (group := group_of(row)) is not None
        ],
        level,
    )


def _calibration(tenant, row):
    if not row.calibration_hash:
        return None
    return serving.calibration_of(tenant=tenant, sha256=row.calibration_hash)


def counts_of(found):
    return {"n": found.n, "covered": found.covered, "n_unlabelled": found.n_unlabelled}


class TestCoverageReport:
    def test_of_all_levels_equals_a_walk_over_the_log(self, history, now):
        report = report_of(history, now)

        assert [counts_of(found) for found in report.overall] == [
            walked(history, level, lambda _: "all")["all"] for level in (90, 95, 99)
        ]

    @pytest.mark.parametrize("level", [90, 95, 99])
    def test_among_high_scores_equals_a_walk(self, history, now, level):
        report = report_of(history, now, level=level, review_score=0.35)

        by_review = walked(history, level, lambda row: row.score >= 0.35)
        by_risk = walked(history, level, lambda row: row.score >= 0.6)
        assert counts_of(report.from_review) == by_review[True]
        assert counts_of(report.from_high) == by_risk[True]

    def test_by_site_group_equals_a_walk(self, history, now):
        report = report_of(history, now)

        by_group = walked(history, 95, lambda row: row.site.site_group if row.site else "all")
        assert {each.name: counts_of(each.found) for each in report.sites} == by_group
        assert [each.name for each in report.sites] == ["all", "harbour", "north"]

    def test_by_week_equals_a_walk(self, history, now):
        report = report_of(history, now)

        by_week = walked(history, 95, lambda row: (row.local_day - report.first).days // 7)
        found = {k: counts_of(week.found) for k, week in enumerate(report.weeks)}
        assert found == {k: by_week.get(k) for k in found}
        assert [week.begins for week in report.weeks] == [
            report.first + timedelta(days=7 * k) for k in range(WEEKS)
        ]

    def test_by_calibration_equals_a_walk_and_holds_the_rest_apart(self, history, now):
        report = report_of(history, now)

        by_set = walked(history, 95, lambda row: row.calibration_hash)
        without = by_set.pop("")
        assert {known.sha256: counts_of(found) for known, found in report.sets} == by_set
        assert without["n"] == 0
        rows = PredictionLog.objects.filter(calibration_hash="", score__isnull=False)
        assert report.without_interval == rows.count()
        assert report.known_without == rows.filter(outcome__isnull=False).count()
        assert report.n == PredictionLog.objects.filter(score__isnull=False).count()

    def test_by_score_bin_is_of_one_calibration(self, history, now):
        scored = PredictionLog.objects.filter(score__isnull=False)
        chosen = scored.latest("occurred_at").calibration_hash

        report = report_of(history, now, band_set=chosen)

        calibration = serving.calibration_of(tenant=history, sha256=chosen)
        by_bin = walked(
            history,
            95,
            lambda row: (
                bisect_right(calibration.edges, row.score)
                if row.calibration_hash == chosen
                else None
            ),
        )
        assert report.band_set.sha256 == chosen
        assert len(report.bands) == len(calibration.bins) > 1
        assert [counts_of(band.found) for band in report.bands] == [
            by_bin[k] for k in range(len(report.bands))
        ]
        assert [(band.set_n, band.set_events) for band in report.bands] == [
            (bin_.n, bin_.k) for bin_ in calibration.bins
        ]

    def test_says_the_event_rate_and_the_mean_score_of_each_bin(self, history, now):
        report = report_of(history, now)

        chosen = report.band_set.sha256
        for band in report.bands:
            rows = [
                row
                for row in PredictionLog.objects.filter(calibration_hash=chosen)
                if row.outcome is not None
                and band.lower <= row.score < (band.upper if band.upper < 1 else 2)
            ]
            assert band.events == sum(row.outcome == 1 for row in rows)
            assert band.mean_score == pytest.approx(np.mean([row.score for row in rows]))

    def test_of_an_unknown_calibration_falls_back_to_the_one_with_most_outcomes(self, history, now):
        report = report_of(history, now, band_set="no such digest")

        most = max(report.sets, key=lambda each: each[1].n)[0]
        assert report.band_set == most

    def test_of_a_tenant_without_predictions_is_empty(self, other_tenant, now):
        report = report_of(other_tenant, now)

        assert (report.n, report.band_set, report.bands, report.sites) == (0, None, (), ())
        assert [found.coverage for found in report.overall] == [None] * 3
        assert len(report.weeks) == WEEKS

    def test_has_nothing_of_another_tenant(self, history, other_tenant, now):
        assert report_of(other_tenant, now).n == 0

    def test_has_nothing_of_another_model_type(self, history, now):
        assert window_of(history, now, model_type="lift_outage").site_groups == ()

    def test_leaves_days_before_the_window_out(self, history, now):
        window = window_of(history, now, weeks=1)

        rows = PredictionLog.objects.filter(local_day__gte=window.first, score__isnull=False)
        assert (window.counts.known + window.counts.unknown).sum() == rows.count()

    def test_asks_as_often_for_many_predictions_as_for_few(self, history, now):
        window_of(history, now)  # the calibrations are read once for good

        with CaptureQueriesContext(
            connection,
        ) as asked:
            window_of(history, now)

        assert len(asked) == 2

    def test_reads_a_histogram_and_not_the_log(self, history, now):
        before = report_of(history, now)

        PredictionLog.objects.all().delete()

        assert report_of(history, now) == before
        ScoreDay.objects.all().delete()
        assert report_of(history, now).n == 0


class TestWidthReport:
    def test_counts_what_the_log_has_in_three_categories(self, history, now):
        window = window_of(history, now)
        n_unscored = interval_widths.count_unscored(
            PredictionLog, tenant=history, model_type=DESK, window=window
        )

        found = interval_widths.width_report(window, n_unscored=n_unscored)

        by_kind = {kind: [] for kind in WidthKind}
        for row in PredictionLog.objects.for_tenant(history):
            width = row.confidence_interval_width
            narrow = WidthKind.NARROW if row.is_narrow_interval else WidthKind.WIDE
            by_kind[WidthKind.NOT_KNOWN if width is None else narrow].append(row.score)
        assert [each.kind for each in found] == list(WidthKind)
        for each in found:
            scored = [score for score in by_kind[each.kind] if score is not None]
            assert each.n == len(by_kind[each.kind]) > 0
            assert each.n_unscored == len(by_kind[each.kind]) - len(scored)
            assert each.high_risk == sum(score >= 0.6 for score in scored)
            assert each.mean_score == pytest.approx(np.mean(scored))

    def test_of_nothing_has_no_mean(self, other_tenant, now):
        found = interval_widths.width_report(window_of(other_tenant, now), n_unscored=0)

        assert [(each.n, each.mean_score) for each in found] == [(0, None)] * 3

    def test_counts_no_unscored_event_of_another_tenant(self, history, other_tenant, now):
        window = window_of(other_tenant, now)

        found = interval_widths.count_unscored(
            PredictionLog, tenant=other_tenant, model_type=DESK, window=window
        )

        assert found == 0
