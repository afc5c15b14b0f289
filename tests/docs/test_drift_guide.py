"""The SQL of the drift guide runs, and answers what its sentence says."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection

from watchfloor.ml.models import DriftReport, ModelPerformanceMetrics
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition

GUIDE = Path(__file__).resolve().parents[2] / "docs/how-to/model-drift-monitoring.md"
SQL = re.findall(r"^```sql\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
OPEN, SILENT, EPISODES, OUTCOMES = SQL[2:]
FIRST = date(2026, 2, 1)

pytestmark = pytest.mark.django_db


def rows(sql, *, tenant="acme"):
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("'north'", f"'{tenant}'"))
        return cursor.fetchall()


def check(tenant, *, day, drifted=False, severity="none", kind="score", now):
    DriftReport.objects.create(
        tenant=tenant,
        model_type="sla_breach",
        model_version="v1",
        kind=kind,
        day=FIRST + timedelta(days=day),
        checked_at=now,
        drifted=drifted,
        severity=severity,
        evidence={"sentence": f"night {day}"},
    )


def raise_drift(tenant, now, *, kind="score"):
    alert, _ = alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="ML_DRIFT_DETECTED",
            severity="HIGH",
            fingerprint=f"drift:{kind}:sla_breach:v1",
            message="Scores of sla_breach v1 moved.",
            entity_type="ml_model",
            entity_id="sla_breach v1",
        ),
        now=now,
    )
    return alert


def metrics(tenant, *, day, known, now):
    ModelPerformanceMetrics.objects.create(
        tenant=tenant,
        model_type="sla_breach",
        model_version="v1",
        metric_date=FIRST + timedelta(days=day),
        window_start=now,
        window_end=now,
        total_predictions=10,
        predictions_with_outcomes=known,
        true_positives=0,
        false_positives=0,
        true_negatives=known,
        false_negatives=0,
        created_at=now,
        computed_at=now,
    )


def text(value):
    return value if isinstance(value, str) else value.isoformat()


class TestOpenAlerts:
    def test_are_listed_and_resolved_ones_are_not(self, tenant, now):
        raise_drift(tenant, now)
        over = raise_drift(tenant, now, kind="feature")
        alert_correlation.resolve(tenant=tenant, alert_id=over.pk, actor="user:1", now=now)

        [row] = rows(OPEN)

        assert row[:3] == ("HIGH", "sla_breach v1", "drift:score:sla_breach:v1")

    def test_of_another_tenant_are_none(self, tenant, other_tenant, now):
        raise_drift(tenant, now)

        assert rows(OPEN, tenant="borealis") == []


class TestChecksThatCouldSayNothing:
    def test_are_those_of_the_last_night(self, tenant, now):
        check(tenant, day=1, severity="insufficient", now=now)
        check(tenant, day=2, now=now)
        check(tenant, day=2, severity="insufficient", kind="performance", now=now)

        [row] = rows(SILENT)

        assert (row[2], row[4]) == ("performance", "night 2")


class TestEpisodes:
    def test_are_counted_by_their_first_nights(self, tenant, now):
        for day, drifted in enumerate([False, True, True, False, True, True, True]):
            check(tenant, day=day, drifted=drifted, severity="low" if drifted else "none", now=now)

        [row] = rows(EPISODES)

        assert row[:4] == ("sla_breach", "score", 5, 2)
        assert text(row[4]) == "2026-02-07"


class TestOutcomes:
    def test_that_stopped_coming_show_by_their_last_day(self, tenant, now):
        for day, known in enumerate([9, 8, 0, 0]):
            metrics(tenant, day=day, known=known, now=now)

        [row] = rows(OUTCOMES)

        assert [text(value) for value in row[1:3]] == ["2026-02-04", "2026-02-02"]
        assert row[3:] == (40, 17)
