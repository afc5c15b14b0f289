"""Features that move are found by days, named, told once an episode, and counted provably."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from watchfloor.core.drift.feature_bins import FeatureBins
from watchfloor.ledger.models import OutboxMessage
from watchfloor.ml.health import drift_detection, feature_days
from watchfloor.ml.models import DriftReport, FeatureDay, ModelVersion, PredictionLog
from watchfloor.ml.versions import blobs, registry
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants.models import Holiday
from watchfloor.workflows import model_health
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db
MODEL = "lift_outage"
FIRST = date(2026, 1, 5)  # a Monday
LAST = FIRST + timedelta(days=69)
A_DAY = 12


def post(tenant, *, days, changed_from=None, version="v1", seed=20260105):
    """Post a lift model's predictions: age and door are still, load moves from a day on."""
    requests = [
        request
        for offset in days
        for request in requests_of(FIRST + timedelta(days=offset), changed_from, version, seed)
    ]
    last = requests[-1].occurred_at
    handle_predictions(tenant=tenant, requests=requests, now=last + timedelta(hours=1))


def requests_of(day, changed_from, version, seed):
    # A day's draws do not depend on which other days were posted.
    rng = np.random.default_rng(seed + day.toordinal())
    moved = changed_from is not None and day >= changed_from
    return [
        PredictionRequest(
            event_id=f"{day}-{i}",
            source="lifts",
            model_type=MODEL,
            entity_type="lift",
            entity_id=str(i),
            occurred_at=datetime(day.year, day.month, day.day, 9, i, tzinfo=UTC),
            features={
                "age": float(rng.normal(20, 5)),
                "door": str(rng.choice(["glass", "steel"])),
                "load": None if moved and i % 2 else float(rng.normal(8 if moved else 5, 1)),
            },
            score=float(rng.beta(2, 5)),
            model_version=version,
        )
        for i in range(A_DAY)
    ]


def night_after(tenant, day):
    night = day + timedelta(days=1)
    model_health.run_night(
        tenant=tenant,
        kind=model_health.STATISTICAL,
        payload={"night": night.isoformat()},
        now=datetime(night.year, night.month, night.day, 3, tzinfo=UTC),
    )


def report_of(tenant, day, kind="feature"):
    return DriftReport.objects.for_tenant(tenant).get(kind=kind, day=day)


def alerts_of(tenant):
    rows = AlertEvent.objects.for_tenant(tenant).filter(alert_type="ML_DRIFT_DETECTED")
    return list(rows.order_by("id"))


class TestAQuietNight:
    def test_leaves_a_report_of_every_feature(self, tenant):
        post(tenant, days=range(70))

        night_after(tenant, LAST)

        report = report_of(tenant, LAST)
        assert (report.drifted, report.severity) == (False, "none")
        assert report.evidence["sentence"] == "All 3 features are as before."
        found = {one["name"]: one for one in report.evidence["features"]}
        assert sorted(found) == ["age", "door", "load"]
        assert found["age"]["n_reference"] == 28 * A_DAY
        assert found["age"]["n_current"] == 7 * A_DAY
        assert report.evidence["reference"] == ["2026-01-12", "2026-02-08"]
        assert alerts_of(tenant) == []

    def test_done_twice_is_the_same_night(self, tenant):
        post(tenant, days=range(70))
        night_after(tenant, LAST)
        before = report_of(tenant, LAST).evidence

        night_after(tenant, LAST)

        assert report_of(tenant, LAST).evidence == before
        assert FeatureDay.objects.count() == 63

    def test_leaves_holidays_out_of_both_windows(self, tenant):
        post(tenant, days=range(70))
        for day in (LAST, date(2026, 1, 14)):
            Holiday.objects.create(tenant=tenant, day=day, name="Founders' Day")

        night_after(tenant, LAST)

        # Without the Sunday the four Sundays of the reference have nothing to be compared with.
        found = report_of(tenant, LAST).evidence["features"][0]
        assert found["n_current"] == 6 * A_DAY
        assert found["n_reference"] == (28 - 1 - 4) * A_DAY

    def test_says_why_it_can_say_nothing(self, tenant):
        post(tenant, days=range(40))
        day = FIRST + timedelta(days=39)

        night_after(tenant, day)

        report = report_of(tenant, day)
        assert (report.drifted, report.severity) == (False, "insufficient")
        assert report.evidence["reason"].startswith("5 of 28 reference days")

    def test_says_so_where_no_feature_is_logged(self, tenant):
        request = PredictionRequest(
            event_id="1",
            source="lifts",
            model_type=MODEL,
            entity_type="lift",
            entity_id="1",
            occurred_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
            score=0.5,
            model_version="v1",
        )
        handle_predictions(
            tenant=tenant, requests=[request], now=datetime(2026, 3, 1, 10, tzinfo=UTC)
        )

        night_after(tenant, date(2026, 3, 1))

        assert "1 predictions are logged" in report_of(tenant, date(2026, 3, 1)).evidence["reason"]


class TestAnEpisode:
    def test_is_told_once_named_updated_and_closed(self, tenant):
        change = FIRST + timedelta(days=60)
        post(tenant, days=range(70), changed_from=change)

        for back in range(9, -1, -1):
            night_after(tenant, LAST - timedelta(days=back))

        [alert] = alerts_of(tenant)
        last = report_of(tenant, LAST)
        assert last.evidence["named"] == ["load"]
        assert (last.severity, alert.severity) == ("medium", "MEDIUM")
        assert alert.message == last.evidence["sentence"]
        assert alert.message.startswith("1 of 3 features of lift_outage v1 moved: load (")
        assert alert.metadata["drift_report"]["recommendation"].startswith(
            "Look at where load come from first. load is missing in 50% (before: 0%)."
        )
        # The first night alone is none; the report named is the one of the second.
        first = DriftReport.objects.filter(kind="feature", drifted=True).order_by("day").first()
        assert alert.metadata["report_id"] == first.pk
        assert alert.occurrences > 3
        assert OutboxMessage.objects.filter(tenant=tenant, kind="alert.updated").exists()
        before = report_of(tenant, first.day - timedelta(days=1))
        assert before.evidence["moved_names"] == ["load"]

        # As it was again: both windows of these nights are still.
        post(tenant, days=range(70, 80))
        for day in range(70, 80):
            night_after(tenant, FIRST + timedelta(days=day))

        assert report_of(tenant, FIRST + timedelta(days=79)).drifted is False
        [alert] = alerts_of(tenant)
        assert alert.status == "resolved"


class TestAPromotion:
    def test_does_not_blind_the_check(self, tenant, now):
        post(tenant, days=range(70), changed_from=FIRST + timedelta(days=60))
        night_after(tenant, LAST - timedelta(days=1))
        deployment = registry.deployment_of(tenant=tenant, model_type=MODEL, now=now)
        v2 = registry.add_version(
            tenant=tenant, model_type=MODEL, version="v2", artifact=b"", manifest={}, now=now
        )
        stack = registry.new_stack(
            tenant=tenant,
            version=v2,
            calibration_sha256="",
            thresholds=b"{}",
            monitor=b"",
            now=now,
        )
        registry.point_to(deployment=deployment, stack=stack, last_known_good=None, now=now)

        night_after(tenant, LAST)

        report = report_of(tenant, LAST)
        assert report.model_version == "v2"
        assert report.evidence["moved_names"] == ["load"]


class TestCountedDays:
    def filled(self, tenant):
        post(tenant, days=range(70))
        night_after(tenant, LAST)
        return ModelVersion.objects.for_tenant(tenant).get(model_type=MODEL)

    def test_are_what_the_log_says(self, tenant, capsys):
        version = self.filled(tenant)

        call_command("rebuild_feature_days", "--tenant", tenant.code, "--check")

        assert "63 days, 0 differ from the log" in capsys.readouterr().out
        digest = version.manifest["feature_bins"]
        bins = FeatureBins.from_bytes(blobs.get_blob(tenant=tenant, sha256=digest))
        by_day = feature_days.counted_days(tenant=tenant, version=version, days=[LAST])
        logged = PredictionLog.objects.for_tenant(tenant).filter(local_day=LAST)
        expected = bins.count(list(logged.values_list("features_json", flat=True)))
        assert by_day[LAST].tolist() == expected.tolist()
        assert sum(expected[bins.places["age"]]) == A_DAY

    def test_are_put_right(self, tenant, capsys):
        self.filled(tenant)
        FeatureDay.objects.filter(local_day=LAST).update(counts=b"")

        with pytest.raises(CommandError, match="1 days differ"):
            call_command("rebuild_feature_days", "--check")
        call_command("rebuild_feature_days")
        call_command("rebuild_feature_days", "--check")

        assert capsys.readouterr().out.splitlines()[-1].endswith("0 differ from the log")

    def test_are_counted_again_when_predictions_come_late(self, tenant):
        version = self.filled(tenant)
        early = FIRST + timedelta(days=66)
        request = PredictionRequest(
            event_id="late",
            source="lifts",
            model_type=MODEL,
            entity_type="lift",
            entity_id="late",
            occurred_at=datetime(early.year, early.month, early.day, 10, tzinfo=UTC),
            features={"age": 20.0, "door": "wood", "load": 5.0},
            score=0.2,
            model_version="v1",
        )
        handle_predictions(tenant=tenant, requests=[request], now=datetime(2026, 3, 16, tzinfo=UTC))

        night_after(tenant, LAST)

        row = FeatureDay.objects.get(local_day=early)
        assert row.n == A_DAY + 1
        assert version.version == row.model_version

    def test_of_a_day_without_predictions_are_nothing_but_counted(self, tenant):
        post(tenant, days=[*range(50), *range(51, 70)])

        night_after(tenant, LAST)

        empty = FeatureDay.objects.get(local_day=FIRST + timedelta(days=50))
        assert (bytes(empty.counts), empty.n) == (b"", 0)

    def test_belong_to_one_tenant(self, tenant, other_tenant):
        self.filled(tenant)

        assert feature_days.counted_versions(tenant=other_tenant) == []
        assert len(feature_days.counted_versions(tenant=tenant)) == 1


def test_the_score_and_its_features_are_one_family(tenant):
    post(tenant, days=range(70))

    night_after(tenant, LAST)

    score = report_of(tenant, LAST, kind="score")
    assert score.evidence["name"] == drift_detection.SCORE
    assert score.evidence["n_current"] == 7 * A_DAY
