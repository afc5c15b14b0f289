"""The specification's three SQL reports run word for word on PostgreSQL; so do the guide's."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from watchfloor.ml.health import performance
from watchfloor.ml.models import PredictionLog
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions
from watchfloor.workflows.security_anomaly import Incoming, handle_signals

pytestmark = [pytest.mark.django_db, pytest.mark.services]
GUIDE = Path(__file__).resolve().parents[2] / "docs/how-to/reading-and-trusting-intervals.md"
IN_GUIDE = re.findall(r"^```sql\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
DRIFT_GUIDE = GUIDE.with_name("model-drift-monitoring.md")
IN_DRIFT_GUIDE = re.findall(
    r"^```sql\n(.*?)^```$", DRIFT_GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
)

BY_INTERVAL = """
SELECT CASE WHEN confidence_interval_width < 0.2 THEN 'Narrow (Auto-Ticketed)' ELSE 'Wide (Manual Review)' END AS interval_category,
       COUNT(*) AS predictions, COUNT(*) FILTER (WHERE risk_level IN ('HIGH', 'CRITICAL')) AS high_risk,
       ROUND(AVG(fraud_probability), 3) AS avg_fraud_prob
FROM noc_fraud_prediction_log
WHERE predicted_at >= NOW() - INTERVAL '30 days' AND confidence_interval_width IS NOT NULL
GROUP BY interval_category;
"""  # noqa: E501
BY_MODEL = """
SELECT model_type, ROUND(AVG(accuracy)::numeric, 3) AS avg_accuracy, ROUND(AVG(precision)::numeric, 3) AS avg_precision,
       COUNT(*) FILTER (WHERE is_degraded) AS degraded_days, COUNT(*) AS total_days, MAX(metric_date) AS latest_metric
FROM ml_model_performance_metrics WHERE metric_date >= CURRENT_DATE - INTERVAL '30 days' GROUP BY model_type;
"""  # noqa: E501
BY_ALERT_DAY = """
SELECT DATE(created_at) AS alert_date, COUNT(*) AS drift_alerts,
       COUNT(*) FILTER (WHERE severity = 'CRITICAL') AS critical, COUNT(*) FILTER (WHERE severity = 'HIGH') AS high
FROM noc_alert_event WHERE alert_type = 'ML_DRIFT_DETECTED' AND created_at >= NOW() - INTERVAL '30 days'
GROUP BY DATE(created_at) ORDER BY alert_date DESC;
"""  # noqa: E501


@pytest.fixture(autouse=True)
def _on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("the reports are written for PostgreSQL: run make test-stories")


def _rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_automation_by_width_of_the_interval(tenant):
    from watchfloor.noc.models import FraudPredictionLog

    now = timezone.now()
    payload = (
        b'{"event_id":"c1","event_type":"check_in","guard_id":"alice",'
        b'"site_id":"harbour-gate","device_at":"%s"}' % now.isoformat().encode()
    )
    topic = "wf/acme/phone-alice/checkin"
    message = Incoming("http", topic, "phone-alice", "checkin", payload)
    [result] = handle_signals(tenant=tenant, messages=[message], now=now)
    assert result.status == "stored", result.error
    FraudPredictionLog.objects.update(
        fraud_probability="0.8125", risk_level="CRITICAL", confidence_interval_width=0.1
    )

    [(category, predictions, high_risk, average)] = _rows(BY_INTERVAL)

    assert (category, predictions, high_risk) == ("Narrow (Auto-Ticketed)", 1, 1)
    assert float(average) == 0.813


def test_the_guides_have_the_reports_word_for_word():
    assert IN_GUIDE[0].strip() == BY_INTERVAL.strip()
    assert [sql.strip() for sql in IN_DRIFT_GUIDE[:2]] == [BY_MODEL.strip(), BY_ALERT_DAY.strip()]


def test_every_report_of_the_drift_guide_runs(tenant):
    assert [_rows(sql) for sql in IN_DRIFT_GUIDE] == [[]] * len(IN_DRIFT_GUIDE)


def test_the_guides_own_report_counts_what_has_no_width(tenant):
    from watchfloor.noc.models import FraudPredictionLog

    now = timezone.now()
    payload = (
        b'{"event_id":"c%d","event_type":"check_in","guard_id":"alice",'
        b'"site_id":"harbour-gate","device_at":"%s"}'
    )
    topic = "wf/acme/phone-alice/checkin"
    messages = [
        Incoming("http", topic, "phone-alice", "checkin", payload % (n, now.isoformat().encode()))
        for n in range(3)
    ]
    handle_signals(tenant=tenant, messages=messages, now=now)
    ids = list(FraudPredictionLog.objects.values_list("id", flat=True))
    FraudPredictionLog.objects.filter(id=ids[0]).update(score=0.75, confidence_interval_width=0.1)

    rows = _rows(IN_GUIDE[1].replace("'north'", "'acme'"))

    narrow, unknown = sorted(rows)
    assert narrow[:5] == ("Narrow (below 0.2)", 1, 0, 1, 0)
    assert unknown[:5] == ("Not known (no calibration)", 2, 2, 0, 0)
    assert (float(narrow[5]), unknown[5]) == (0.75, None)


def test_model_health_of_thirty_days(tenant):
    now = timezone.now()
    request = PredictionRequest(
        event_id="e1",
        source="crm",
        model_type="churn",
        entity_type="client",
        entity_id="c1",
        occurred_at=now,
        score=0.9,
        model_version="crm-1",
    )
    handle_predictions(tenant=tenant, requests=[request, replace(request, event_id="e2")], now=now)
    performance.compute_daily_metrics(
        tenant=tenant,
        model_type="churn",
        table=PredictionLog,
        last_day=now.date(),
        threshold=0.4,
        now=now,
    )

    [(model_type, accuracy, _, degraded, days, latest)] = _rows(BY_MODEL)

    assert (model_type, accuracy, degraded, days) == ("churn", None, 0, 1)
    assert latest == PredictionLog.objects.get(event_id="e1").local_day


def test_drift_alerts_by_day(tenant):
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="ML_DRIFT_DETECTED",
            severity="HIGH",
            fingerprint="drift:1",
            message="errs more often",
            entity_type="ml_model",
            entity_id="churn crm-1",
        ),
        now=timezone.now(),
    )

    [(_, alerts, critical, high)] = _rows(BY_ALERT_DAY)

    assert (alerts, critical, high) == (1, 0, 1)
