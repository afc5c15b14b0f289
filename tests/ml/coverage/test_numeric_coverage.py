"""Coverage of estimated numbers is what a walk over the estimates and their intervals counts."""

from datetime import timedelta

import numpy as np
import pytest

from watchfloor.core.conformal.numeric import NumericKind
from watchfloor.core.conformal.numeric_fit import (
    Difficulty,
    fit_numeric_calibration,
    sigma_terciles,
)
from watchfloor.core.errors import InvalidInput
from watchfloor.core.local_time import local_day
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.calibration.numeric_calibration import NumericCut
from watchfloor.ml.coverage import numeric_coverage, numeric_window
from watchfloor.ml.models import NumericEstimate, PredictionLog
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.workflows import outcome_feedback
from watchfloor.workflows.outcome_feedback import OutcomeRequest
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db
ETA, WEEKS = "time_to_close", 4


@pytest.fixture
def desk(tenant, now):
    """Three weeks of estimates of hours to close; a calibration on the way, a larger one later."""
    rng = np.random.default_rng(20260302)
    for day in range(20, -1, -1):
        at = now - timedelta(days=day)
        if day in {14, 6}:
            _calibrate(tenant, rng, n=400 if day == 6 else 60, at=at)
        _estimate(tenant, rng, at)
    return tenant


def _estimate(tenant, rng, at):
    sigmas = rng.uniform(0.5, 8, 12)
    requests = [
        PredictionRequest(
            event_id=f"ETA{at:%d}-{i}",
            source="itsm",
            model_type=ETA,
            entity_type="incident",
            entity_id=f"INC{at:%d}-{i}",
            occurred_at=at - timedelta(minutes=i),
            model_version="eta-1",
            number=Number(20.0, "h", sigma=None if i == 0 else float(sigma)),
        )
        for i, sigma in enumerate(sigmas)
    ]
    handle_predictions(tenant=tenant, requests=requests, now=at)
    told = [
        OutcomeRequest(
            event=("itsm", request.event_id),
            value=float(20 + (request.number.sigma or 3.0) * rng.normal()),
            known_at=at,
            source="api",
            labeller="desk",
            dedupe_key=request.event_id,
        )
        for request in requests
        if rng.random() < 0.8
    ]
    outcome_feedback.record_outcomes(tenant=tenant, log="prediction", requests=told, now=at)


def _calibrate(tenant, rng, *, n, at):
    sigma = rng.uniform(0.5, 8, n)
    fitted = fit_numeric_calibration(
        20 + sigma * rng.normal(size=n),
        np.full(n, 20.0),
        unit="h",
        known_difficulty=Difficulty(sigma, floor=0.1, edges=sigma_terciles(sigma)),
    )
    numeric_calibration.store(
        tenant=tenant, model_type=ETA, version="eta-1", cut=NumericCut(fitted, "csv"), now=at
    )


def report_of(tenant, now, *, level=95):
    last = local_day(now, tenant.zone)
    return numeric_coverage.find_report(
        tenant=tenant,
        model_type=ETA,
        first=last - timedelta(days=7 * WEEKS - 1),
        last=last,
        level=level,
    )


def everyone(_row):
    return True


def walked(tenant, level, *, kind=None, chosen=everyone):
    """Outcomes known, inside and unknown, one estimate after the other."""
    n = covered = unknown = 0
    for row in NumericEstimate.objects.for_tenant(tenant).exclude(calibration_sha256=""):
        calibration = numeric_calibration.calibration_of(
            tenant=tenant, sha256=row.calibration_sha256
        )
        wanted = kind or calibration.shown_kind(row.sigma)
        if not chosen(row) or (row.sigma is None and wanted is not NumericKind.ABSOLUTE):
            continue
        if wanted is NumericKind.NORMALISED and wanted not in calibration.offered_kinds(row.sigma):
            continue
        if row.outcome is None:
            unknown += 1
            continue
        found = calibration.interval(row.estimate, level=level, sigma=row.sigma, kind=wanted)
        n += 1
        covered += found.lower <= row.outcome <= found.upper
    return n, covered, unknown


def counts_of(found):
    return found.n, found.covered, found.n_unlabelled


class TestNumberReport:
    def test_of_the_shown_intervals_equals_a_walk_at_every_level(self, desk, now):
        report = report_of(desk, now)

        assert [counts_of(found) for found in report.overall] == [
            walked(desk, level) for level in (90, 95, 99)
        ]
        assert report.overall[1].n > 100

    @pytest.mark.parametrize("level", [90, 95, 99])
    def test_of_each_kind_equals_a_walk(self, desk, now, level):
        report = report_of(desk, now, level=level)

        assert {each.kind: counts_of(each.found) for each in report.kinds} == {
            kind: walked(desk, level, kind=kind) for kind in numeric_coverage.KINDS
        }

    def test_by_difficulty_equals_a_walk(self, desk, now):
        report = report_of(desk, now)

        def place_of(row):
            calibration = numeric_calibration.calibration_of(
                tenant=desk, sha256=row.calibration_sha256
            )
            if row.sigma is None or len(calibration.bins) != report.difficulties[0].of:
                return None
            return 1 + sum(edge <= row.sigma for edge in calibration.sigma_edges)

        assert [(each.place, counts_of(each.found)) for each in report.difficulties] == [
            (k, walked(desk, 95, chosen=lambda row, k=k: place_of(row) == k)) for k in (1, 2, 3)
        ]

    def test_by_calibration_and_week_equals_a_walk(self, desk, now):
        report = report_of(desk, now)

        for calibration, found in report.sets:
            assert counts_of(found) == walked(
                desk, 95, chosen=lambda row, c=calibration: row.calibration_sha256 == c.digest
            )
        for week in report.weeks:
            ends = week.begins + timedelta(days=7)
            assert counts_of(week.found) == walked(
                desk,
                95,
                chosen=lambda row, w=week, e=ends: (
                    w.begins <= local_day(row.occurred_at, desk.zone) < e
                ),
            )
        assert [calibration.n for calibration, _ in report.sets] == [60, 400]

    def test_has_the_width_of_the_latest_numbers_beside_the_one_in_force(self, desk, now):
        report = report_of(desk, now)

        rows = NumericEstimate.objects.for_tenant(desk).filter(outcome__isnull=False)
        newest = report.sets[-1][0]
        assert [week.n for week in report.rolling][-1] == rows.count()
        assert [width.in_force for width in report.rolling[-1].widths] == list(newest.absolute)
        assert all(width.latest > 0 for width in report.rolling[-1].widths)

    def test_counts_estimates_without_a_calibration_apart(self, desk, now):
        report = report_of(desk, now)

        rows = NumericEstimate.objects.for_tenant(desk)
        assert report.n == rows.count()
        assert report.without_interval == rows.filter(calibration_sha256="").count() > 0
        assert (report.unit, report.is_cut) == ("h", False)

    def test_of_a_model_that_estimates_nothing_is_none(self, other_tenant, now):
        assert report_of(other_tenant, now) is None

    def test_reads_no_more_than_the_newest(self, desk, now, monkeypatch):
        monkeypatch.setattr(numeric_window, "MOST_ROWS", 50)

        report = report_of(desk, now)

        assert (report.n, report.is_cut) == (50, True)

    def test_refuses_a_level_that_is_not_kept(self, desk, now):
        with pytest.raises(InvalidInput, match="level"):
            report_of(desk, now, level=80)

    def test_is_no_event_that_could_not_be_scored(self, desk, now):
        from watchfloor.ml.coverage.coverage_window import read_window
        from watchfloor.ml.coverage.interval_widths import count_unscored

        last = local_day(now, desk.zone)
        window = read_window(tenant=desk, model_type=ETA, last=last, weeks=WEEKS)

        assert PredictionLog.objects.filter(score__isnull=True).exists()
        assert count_unscored(PredictionLog, tenant=desk, model_type=ETA, window=window) == 0
