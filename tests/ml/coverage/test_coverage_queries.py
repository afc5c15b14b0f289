"""The coverage report, read from day histograms, is what a walk over the log would count."""

from bisect import bisect_right
from datetime import timedelta

import numpy as np
import pytest
from cast import acme, borealis
from desk import DESK, NOON, fill
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oracle import naive
from standing import standing

from watchfloor.core.local_time import local_day
from watchfloor.ml.coverage import interval_widths
from watchfloor.ml.coverage.coverage_queries import coverage_report
from watchfloor.ml.coverage.coverage_window import read_window
from watchfloor.ml.coverage.interval_widths import WidthKind
from watchfloor.ml.inference import serving
from watchfloor.ml.models import PredictionLog, ScoreDay

pytestmark = pytest.mark.django_db

WEEKS = 5


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Acme once for all tests, as one transaction that is taken back."""
    with standing(django_db_blocker):
        yield fill(acme(now=NOON))


@pytest.fixture
def history(filled, db):
    """Thirty days of a posted model at two sites and none; two calibrations on the way."""
    return filled


@pytest.fixture
def other_tenant(filled, db):
    """Borealis beside the history."""
    return borealis(now=NOON)


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
        assert {
            known.sha256: counts_of(found)
            for known, found in ((s.known, s.found) for s in report.sets)
        } == by_set
        assert without["n"] == 0
        rows = PredictionLog.objects.filter(calibration_hash="", score__isnull=False)
        assert report.without_interval == rows.count()
        assert report.known_without == rows.filter(outcome__isnull=False).count()
        assert report.n == PredictionLog.objects.filter(score__isnull=False).count()

    def test_by_score_band_counts_the_calibrations_that_keep_their_promise_there(
        self, history, now
    ):
        report = report_of(history, now)

        most = max(report.sets, key=lambda each: each.found.n).known.calibration
        fine = {
            k.sha256
            for k in (s.known for s in report.sets)
            if set(most.edges) <= set(k.calibration.edges)
        }
        by_band = walked(
            history,
            95,
            lambda row: (
                bisect_right(most.edges, row.score) if row.calibration_hash in fine else None
            ),
        )
        assert len(report.bands) == len(most.bins) > 1
        assert [counts_of(band.found) for band in report.bands] == [
            by_band[k] for k in range(len(report.bands))
        ]
        assert report.outside_bands == sum(
            found.n
            for known, found in ((s.known, s.found) for s in report.sets)
            if known.sha256 not in fine
        )

    def test_by_score_bin_is_of_one_calibration(self, history, now):
        scored = PredictionLog.objects.filter(score__isnull=False)
        chosen = scored.latest("occurred_at").calibration_hash

        report = report_of(history, now, shown_set=chosen[:12])

        calibration = serving.calibration_of(tenant=history, sha256=chosen)
        assert report.shown_set.sha256 == chosen
        assert [bin_.then for bin_ in report.bins] == list(calibration.bins)
        for bin_ in report.bins:
            rows = [
                row
                for row in scored.filter(calibration_hash=chosen, outcome__isnull=False)
                if bin_.lower <= row.score < (bin_.upper if bin_.upper < 1 else 2)
            ]
            assert (bin_.n, bin_.events) == (len(rows), sum(row.outcome == 1 for row in rows))
            assert bin_.mean_score == pytest.approx(np.mean([row.score for row in rows]))

    def test_of_an_unknown_calibration_falls_back_to_the_one_with_most_outcomes(self, history, now):
        report = report_of(history, now, shown_set="no such digest")

        assert report.shown_set == max(report.sets, key=lambda each: each.found.n).known

    def test_of_a_tenant_without_predictions_is_empty(self, other_tenant, now):
        report = report_of(other_tenant, now)

        assert (report.n, report.shown_set, report.bands, report.bins) == (0, None, (), ())
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
