"""A day that moves most site groups is one alert, and no model is retrained for it."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from watchfloor.core.drift.performance import baseline_of, start
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.entrypoints.cli.replay.db_elevators import DbElevators
from watchfloor.ml.models import (
    Deployment,
    DriftReport,
    ModelStack,
    ModelVersion,
    OutcomeRecord,
    PerformanceMonitor,
    RetrainJob,
    ScoreDay,
)
from watchfloor.ml.predictions.histograms import pack
from watchfloor.noc.models import AlertEvent
from watchfloor.workflows import model_health

pytestmark = pytest.mark.django_db
FIRST, SHOCK = date(2025, 11, 3), date(2026, 3, 2)
GROUPS = ("north", "south", "east", "west", "centre")
MODELS = ("lift_outage", "sla_breach")


def fill(tenant, counts, *, first, names):
    """Store how many predictions each series had on each day."""
    ScoreDay.objects.bulk_create(
        ScoreDay(
            tenant=tenant,
            model_type=model_type,
            model_version="v1",
            site_group=group,
            local_day=first + timedelta(days=day),
            outcome="unknown",
            n=int(counts[day, column]),
            counts=pack({10: int(counts[day, column])}),
        )
        for day in range(len(counts))
        for column, (model_type, group) in enumerate(names)
        if np.isfinite(counts[day, column])
    )


@pytest.fixture
def series(tenant):
    """Ten series of a hundred predictions a day; on four days from SHOCK on they have sixty."""
    names = [(model, group) for model in MODELS for group in GROUPS]
    counts = np.random.default_rng(5).poisson(100.0, (140, len(names))).astype(float)
    at = (SHOCK - FIRST).days
    counts[at : at + 4] *= 0.6
    fill(tenant, counts, first=FIRST, names=names)


@pytest.fixture
def risen(tenant, now):
    """A model that errs in every second case since a day, with an alarm since the next one."""

    def alarmed(changed_on):
        identity = {"tenant": tenant, "model_type": "lift_outage"}
        version = ModelVersion.objects.create(
            **identity, version="v1", role="champion", created_at=now
        )
        stack = ModelStack.objects.create(**identity, model_version=version, created_at=now)
        Deployment.objects.create(**identity, stack=stack, changed_at=now)
        baseline = baseline_of(np.tile([1.0] + [0.0] * 9, 300), np.repeat(np.arange(30), 100))
        changed_at = datetime(changed_on.year, changed_on.month, changed_on.day, 1, tzinfo=UTC)
        PerformanceMonitor.objects.create(
            **identity,
            model_version="v1",
            state=start(baseline, labels_per_day=100).to_bytes(),
            alarmed_at=changed_at + timedelta(days=1),
            changed_at=changed_at,
            updated_at=now,
        )
        OutcomeRecord.objects.bulk_create(
            OutcomeRecord(
                **identity,
                log="prediction",
                prediction_id=uuid4(),
                occurred_at=changed_at + timedelta(minutes=k),
                model_version="v1",
                score=0.9,
                local_day=changed_on,
                value=float(k % 2),
                source="api",
                labeller="desk",
                known_at=changed_at + timedelta(minutes=k),
                recorded_at=changed_at + timedelta(minutes=k),
                dedupe_key=str(k),
            )
            for k in range(80)
        )

    return alarmed


def night_after(tenant, day, *kinds):
    night = day + timedelta(days=1)
    for kind in kinds or (model_health.STATISTICAL, model_health.PERFORMANCE):
        model_health.run_night(
            tenant=tenant,
            kind=kind,
            payload={"night": night.isoformat()},
            now=datetime(night.year, night.month, night.day, 4, tzinfo=UTC),
        )


def nights(tenant, *, first, last, kinds=()):
    for back in range((last - first).days + 1):
        night_after(tenant, first + timedelta(days=back), *kinds)


def alerts(tenant):
    return list(AlertEvent.objects.for_tenant(tenant).order_by("id"))


class TestADayThatMovesMostSiteGroups:
    def test_is_one_alert_that_ends_with_it(self, tenant, series):
        nights(tenant, first=SHOCK - timedelta(days=2), last=SHOCK + timedelta(days=7))

        [alert] = alerts(tenant)
        assert (alert.severity, alert.status) == ("MEDIUM", "resolved")
        assert alert.message.startswith("COMMON_CAUSE: ")
        assert "fewer predictions than usual at once since 02 Mar" in alert.message
        assert alert.metadata["drift_report"]["last"] == "2026-03-05"
        assert not RetrainJob.objects.exists()

    def test_leaves_a_report_of_every_night(self, tenant, series):
        nights(tenant, first=SHOCK - timedelta(days=1), last=SHOCK)

        rows = DriftReport.objects.for_tenant(tenant).filter(kind="common_cause").order_by("day")
        assert [(row.drifted, row.severity) for row in rows] == [(False, "none"), (True, "medium")]

    def test_of_another_tenant_is_none_here(self, tenant, other_tenant, series):
        nights(other_tenant, first=SHOCK, last=SHOCK)

        assert alerts(other_tenant) == []
        report = DriftReport.objects.for_tenant(other_tenant).get(kind="common_cause")
        assert report.severity == "insufficient"


class TestErrorsOfMostSiteGroupsAtOnce:
    @pytest.fixture
    def outcomes(self, tenant, now):
        """Ten series of 80 known outcomes a day, 10 % wrong; on three days from SHOCK on 35 %."""
        for model in MODELS:
            version = ModelVersion.objects.create(
                tenant=tenant, model_type=model, version="v1", role="champion", created_at=now
            )
            stack = ModelStack.objects.create(
                tenant=tenant, model_type=model, model_version=version, created_at=now
            )
            Deployment.objects.create(tenant=tenant, model_type=model, stack=stack, changed_at=now)
        rates = np.full(130, 0.1)
        rates[(SHOCK - FIRST).days :][:3] = 0.35
        wrong = np.random.default_rng(6).binomial(80, rates[:, None], (130, 10))
        high, _ = PROBABILITY.quantise(np.array([0.9]))
        low, _ = PROBABILITY.quantise(np.array([0.1]))
        ScoreDay.objects.bulk_create(
            ScoreDay(
                tenant=tenant,
                model_type=model_type,
                model_version="v1",
                site_group=group,
                local_day=FIRST + timedelta(days=day),
                # Nothing happened: who was called is wrong.
                outcome="clean",
                n=80,
                counts=pack({int(low[0]): 80 - int(k), int(high[0]): int(k)}),
            )
            for day in range(130)
            for (model_type, group), k in zip(
                [(model, group) for model in MODELS for group in GROUPS], wrong[day], strict=True
            )
        )

    def test_are_one_alert_too(self, tenant, outcomes):
        nights(
            tenant,
            first=SHOCK,
            last=SHOCK + timedelta(days=6),
            kinds=(model_health.STATISTICAL,),
        )

        [alert] = [one for one in alerts(tenant) if one.entity_type == "tenant"]
        assert "site groups have more errors than usual at once since 02 Mar" in alert.message
        assert (alert.severity, alert.status) == ("MEDIUM", "resolved")

    def test_are_told_of_the_newest_day_that_is_known(self, tenant, outcomes):
        ScoreDay.objects.filter(local_day__gt=SHOCK + timedelta(days=1)).update(outcome="unknown")

        night_after(tenant, SHOCK + timedelta(days=5), model_health.STATISTICAL)

        [alert] = [one for one in alerts(tenant) if one.entity_type == "tenant"]
        assert alert.metadata["drift_report"]["of"] == "errors"
        assert alert.metadata["drift_report"]["last"] == "2026-03-03"


class TestErrorsThatRiseWithIt:
    def test_are_part_of_its_one_alert_and_ask_for_no_retrain(self, tenant, series, risen):
        risen(SHOCK)

        nights(tenant, first=SHOCK, last=SHOCK + timedelta(days=2))

        [alert] = alerts(tenant)
        assert alert.message.startswith("COMMON_CAUSE")
        assert not RetrainJob.objects.exists()
        report = DriftReport.objects.for_tenant(tenant).filter(kind="performance").latest("day")
        assert report.severity == "medium"
        assert report.evidence["label"] == "COMMON_CAUSE"
        assert "no retrain is asked for" in report.evidence["sentence"]

    def test_that_stay_longer_than_ten_days_are_the_models_own(self, tenant, series, risen):
        risen(SHOCK)

        nights(tenant, first=SHOCK, last=SHOCK + timedelta(days=10))

        own = [alert for alert in alerts(tenant) if alert.entity_type == "ml_model"]
        assert [alert.severity for alert in own] == ["CRITICAL"]
        assert RetrainJob.objects.for_tenant(tenant).count() == 1

    def test_are_the_models_own_where_they_began_before(self, tenant, series, risen):
        risen(SHOCK - timedelta(days=9))
        night_after(tenant, SHOCK - timedelta(days=5), model_health.PERFORMANCE)

        nights(tenant, first=SHOCK, last=SHOCK)

        assert {alert.entity_type for alert in alerts(tenant)} == {"ml_model", "tenant"}
        assert RetrainJob.objects.for_tenant(tenant).exists()


def lifts_by_region(data_dir):
    """Return working lifts by day and state, and the first day; NaN where nobody collected."""
    stream = DbElevators(data_dir)
    days, table = stream._days, stream._units_table
    region = dict(zip(map(int, table["unit_id"]), table["region"], strict=True))
    column = np.array([str(region[lift]) for lift in days.lifts])
    regions = sorted(set(column) - {"None"})
    first = days.dates[0]
    counts = np.full(((days.dates[-1] - first).days + 1, len(regions)), np.nan)
    for row, day in enumerate(days.dates):
        working = days.slots[row] == 0
        counts[(day - first).days] = [working[column == one].sum() for one in regions]
    return counts, first


@pytest.mark.slow
class TestTheHeatOfJune2019:
    def test_and_of_july_are_one_episode_each_and_no_retrain(self, tenant, data_dir):
        counts, first = lifts_by_region(data_dir)
        names = [("lift_outage", f"state-{column}") for column in range(counts.shape[1])]
        fill(tenant, counts, first=first, names=names)

        nights(
            tenant,
            first=date(2019, 5, 25),
            last=date(2019, 8, 5),
            kinds=(model_health.STATISTICAL,),
        )

        told = [alert.metadata["drift_report"] for alert in alerts(tenant)]
        assert [(one["label"], one["first"], one["last"]) for one in told] == [
            # The first hot days of the year; the two that were looked for follow.
            ("COMMON_CAUSE", "2019-06-02", "2019-06-03"),
            ("COMMON_CAUSE", "2019-06-24", "2019-06-30"),
            ("COMMON_CAUSE", "2019-07-24", "2019-07-26"),
        ]
        assert {alert.status for alert in alerts(tenant)} == {"resolved"}
        assert not RetrainJob.objects.exists()
