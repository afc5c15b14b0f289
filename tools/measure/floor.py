"""
The floor that throughput is measured on: the demo's world after its first weeks, with a model.

    python -m tools.measure.floor DAYS

Lives the first days of the demo's history through the workflows, with people who look at
everything, and lets the first model serve. The nightly checks are left out.
"""

import json
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tools.measure.django_process import start_django

SEED = 1
START = date(2026, 1, 5)


def midnight(day: int, *, zone: str = "Europe/Berlin") -> datetime:
    """Return the beginning of a day of the demo's world."""
    on = date.fromordinal(START.toordinal() + day)
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone))


def main() -> None:
    """Build the floor in the database of the environment, and tell what serves."""
    start_django()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    print(json.dumps(build(days=int(sys.argv[1]))))


def build(*, days: int) -> dict[str, object]:
    """Live `days` days, train, and return the figures of what serves now."""
    from watchfloor.entrypoints.simulator import config as worlds
    from watchfloor.entrypoints.simulator.demo import history, tenant
    from watchfloor.entrypoints.simulator.demo.desk import Desk
    from watchfloor.entrypoints.simulator.stream import days_of
    from watchfloor.entrypoints.simulator.truth import LatentTruth
    from watchfloor.entrypoints.simulator.world import build_world
    from watchfloor.ml.inference import serving
    from watchfloor.noc.intake.logs import FRAUD_DETECTOR
    from watchfloor.workflows import safe_retrain, threshold_change
    from watchfloor.workflows.security_anomaly import handle_signals

    world = build_world(worlds.demo(SEED), start=START)
    floor = tenant.create(world=world, now=midnight(0))
    desk = Desk(tenant=floor, truth=LatentTruth(world))
    for day in days_of(world):
        if day.index == days:
            break
        now = midnight(day.index + 1)
        batch = [history.incoming(e) for e in day.events if e.server_at <= now]
        handle_signals(tenant=floor, messages=batch, now=now)
        desk.work(now=now)
    now = midnight(days)
    safe_retrain.first_model(tenant=floor, model_type=FRAUD_DETECTOR, now=now, seed=SEED)
    # The demo has everything looked at; a real floor draws its small sample.
    threshold_change.apply(
        tenant=floor,
        model_type=FRAUD_DETECTOR,
        key="audit_share",
        value=0.02,
        expected_version=1,
        actor="system:measure",
        reason="the default is measured",
        now=now,
    )
    model = serving.serving_model(tenant=floor, model_type=FRAUD_DETECTOR)
    assert model is not None
    assert model.calibration is not None
    return {
        "version": model.version,
        "calibration_n": model.calibration.n,
        "calibration_n_positive": model.calibration.n_positive,
    }


if __name__ == "__main__":
    main()
