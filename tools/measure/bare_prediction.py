"""
Microseconds a row of bare `executemany` into the log of check-in predictions, on SQLite.

    python -m tools.measure.bare_prediction ROWS ROWS_A_TRANSACTION
"""

import json
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.measure.bare import parts
from tools.measure.django_process import start_django

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def main() -> None:
    """Create the tables, write, and print the figure."""
    n, batch = int(sys.argv[1]), int(sys.argv[2])
    start_django()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", interactive=False, verbosity=0)
    tenant = _tenant()
    statement, rows = _rows(tenant, n)
    connection.ensure_connection()
    raw = connection.connection
    began = time.perf_counter()
    for part in parts(rows, max(1, n // batch)):
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(statement, part)
        raw.execute("COMMIT")
    print(json.dumps(1e6 * (time.perf_counter() - began) / n))


def _tenant() -> Any:
    from watchfloor.tenants import directory

    return directory.create_tenant(code="measure", name="Measured", now=AT)


def _rows(tenant: Any, n: int) -> tuple[str, list[tuple[Any, ...]]]:
    from django.db import connection

    from watchfloor.core.features.guard_checkin import FEATURES
    from watchfloor.noc.models import FraudPredictionLog

    fields = FraudPredictionLog._meta.concrete_fields
    row = FraudPredictionLog(
        tenant=tenant,
        occurred_at=AT,
        predicted_at=AT,
        source="device:phone-0001",
        event_id="e" * 32,
        entity_type="guard",
        entity_id="guard-0001",
        local_day=AT.date(),
        model_type="fraud_detector",
        model_version="v1",
        raw_score=0.123456789,
        score=0.1235,
        score_bin=1135,
        features_json=dict.fromkeys(FEATURES, 0.123456),
        calibration_hash="c" * 64,
        prediction_lower_bound=0.05,
        prediction_upper_bound=0.2,
        confidence_interval_width=0.15,
        calibration_score=0.98,
        risk_level="LOW",
        decision="LOG_ONLY",
        reason="below_review_score",
        review_score=0.4,
        ticket_score=0.0,
    )
    rows = []
    for i in range(n):
        row.id = uuid.uuid5(uuid.NAMESPACE_URL, str(i))
        row.occurred_at = row.predicted_at = AT + timedelta(seconds=i)
        rows.append(tuple(f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields))
    names = ", ".join(f'"{f.column}"' for f in fields)
    marks = ", ".join("?" * len(fields))
    return f'INSERT INTO "{FraudPredictionLog._meta.db_table}" ({names}) VALUES ({marks})', rows


if __name__ == "__main__":
    main()
