"""
The full mode as it is deployed: four processes, PostgreSQL, Redis, RabbitMQ and Mosquitto.

A phone speaks at Mosquitto; the ingest commits to PostgreSQL; beat wakes the worker through
RabbitMQ for a night that is due; the relay tells pages through Redis.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import paho.mqtt.publish
import psycopg
import pytest

pytestmark = [pytest.mark.services, pytest.mark.slow]

POSTGRES = os.environ.get("STORIES_SERVER_URL", "postgres://postgres@127.0.0.1:5432")
REDIS = os.environ.get("STORIES_REDIS_URL", "redis://127.0.0.1:6379/6")
RABBITMQ = os.environ.get("STORIES_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
WITHIN_S = 60.0

FURNISH = """
from datetime import UTC, datetime, timedelta
from watchfloor.tenants import directory
from watchfloor.tenants.models import Device, Person, Site
from watchfloor.workflows import model_health
now = datetime.now(UTC)
acme = directory.create_tenant(code="acme", name="Acme", now=now, stage="on")
directory.add_places(
    tenant=acme,
    sites=[Site(tenant=acme, code="harbour-gate", name="Harbour Gate", lat=52.0, lon=13.0)],
    people=[Person(tenant=acme, code="alice", name="Alice")],
    devices=[Device(tenant=acme, code="phone-alice")],
)
model_health.plan_first_nights(tenant=acme, now=now - timedelta(days=2))
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _reachable(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def database():
    missing = [
        n
        for n, p in (("PostgreSQL", 5432), ("Redis", 6379), ("RabbitMQ", 5672))
        if not _reachable(p)
    ]
    if missing or not shutil.which("mosquitto"):
        pytest.skip(f"not running here: {', '.join([*missing, 'Mosquitto'][: len(missing) or 1])}")
    name = f"watchfloor_full_{os.getpid()}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    yield f"{POSTGRES}/{name}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory):
    port = _free_port()
    file = tmp_path_factory.mktemp("mosquitto") / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([shutil.which("mosquitto"), "-c", str(file)])
    _wait(lambda: _reachable(port), "Mosquitto listens")
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def deployed(database, mosquitto, tmp_path_factory):
    """Web first, which migrates; then the ingest, the worker and beat."""
    web_port = _free_port()
    environment = {
        **os.environ,
        "WATCHFLOOR_HOME": str(tmp_path_factory.mktemp("home")),
        "WATCHFLOOR_DATABASE_URL": database,
        "WATCHFLOOR_REDIS_URL": REDIS,
        "WATCHFLOOR_BROKER_URL": RABBITMQ,
        "WATCHFLOOR_MQTT_URL": f"mqtt://127.0.0.1:{mosquitto}",
        "WATCHFLOOR_WEB_PORT": str(web_port),
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "watchfloor"]
    processes = {}

    def start(role):
        processes[role] = subprocess.Popen([*command, "up", "--only", role], env=environment)

    start("web")
    _wait(lambda: _answers(f"http://127.0.0.1:{web_port}/livez"), "the web process answers")
    subprocess.run([*command, "manage", "shell", "-c", FURNISH], env=environment, check=True)
    for role in ("ingest", "worker", "beat"):
        start(role)
    yield processes
    for process in processes.values():
        process.send_signal(signal.SIGTERM)
    codes = {role: process.wait(40) for role, process in processes.items()}
    assert codes == dict.fromkeys(codes, 0)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _wait(is_reached, what: str) -> None:
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        if is_reached():
            return
        time.sleep(0.3)
    pytest.fail(f"not within {WITHIN_S:.0f} s: {what}")


def _count(database: str, sql: str) -> int:
    with psycopg.connect(database) as connection:
        return connection.execute(sql).fetchone()[0]


def test_a_check_in_at_mosquitto_becomes_a_decision_in_postgresql(deployed, database, mosquitto):
    at = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
    payload = (
        '{"event_id":"c1","event_type":"check_in","guard_id":"alice",'
        f'"site_id":"harbour-gate","device_at":"{at}"}}'
    )
    decided = "SELECT count(*) FROM noc_fraud_prediction_log WHERE reason = 'no_model'"

    def arrives() -> bool:
        # The ingest may not listen yet, and a plain publisher has no session: it says it again.
        paho.mqtt.publish.single(
            "wf/acme/phone-alice/checkin", payload, qos=1, hostname="127.0.0.1", port=mosquitto
        )
        return _count(database, decided) == 1

    _wait(arrives, "the check-in is decided")
    assert _count(database, "SELECT count(*) FROM noc_activity_signal") == 1


def test_beat_wakes_the_worker_for_what_is_due(deployed, database):
    done = "SELECT count(*) FROM ledger_due WHERE state = 'done'"

    _wait(lambda: _count(database, done) >= 3, "three nights are done")


def test_the_relay_numbers_what_pages_are_told(deployed, database):
    told = "SELECT count(*) FROM noc_event_log"

    _wait(lambda: _count(database, told) >= 1, "a broadcast is logged")
