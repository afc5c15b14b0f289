"""An ingest is killed in the middle of a stream, several times, and nothing is lost or doubled."""

import os
import socket
import subprocess
import sys

import pytest
from cast import ALICES_SECRET
from databases import url_of_this_test
from entrypoints.mqtt import child_ingest
from entrypoints.mqtt.conftest import INTERNAL
from entrypoints.mqtt.malformed import PHONE
from entrypoints.mqtt.phones import Phone, event, eventually

from watchfloor.noc.models import ActivitySignal, DeadLetter

N_EVENTS = 1500
KILLS = 3

pytestmark = pytest.mark.slow


@pytest.fixture
def child(cleanup):
    """Start an ingest process on the test's database, anew at each call."""

    def start(url: str, port: int = 0) -> subprocess.Popen:
        environment = {**os.environ, "WATCHFLOOR_DATABASE_URL": url_of_this_test()}
        process = subprocess.Popen(
            [sys.executable, child_ingest.__file__, url, str(port)], env=environment
        )
        cleanup.callback(process.kill)
        return process

    return start


def test_the_embedded_shape_loses_and_doubles_nothing(child, cleanup):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"mqtt://{INTERNAL[0].replace('/', '%2F')}:{INTERNAL[1]}@127.0.0.1:{port}"

    _stream_and_kill(lambda: child(url, port), port, cleanup)

    assert _stored() == N_EVENTS
    assert DeadLetter.objects.get().payload_size == len(b"not an event")


@pytest.mark.services
def test_an_ingest_at_mosquitto_loses_and_doubles_nothing(child, cleanup, mosquitto_stand):
    user, password = mosquitto_stand.ingest_account
    url = f"mqtt://{user}:{password}@127.0.0.1:{mosquitto_stand.port}"

    _stream_and_kill(lambda: child(url), mosquitto_stand.port, cleanup, subscribe_first=True)

    assert _stored() == N_EVENTS
    assert DeadLetter.objects.get().payload_size == len(b"not an event")


def _stream_and_kill(start, port, cleanup, *, subscribe_first=False) -> None:
    process = start()
    phone = Phone(port=port, username="acme/phone-alice", password=ALICES_SECRET, in_flight=100)
    cleanup.callback(phone.close)
    assert eventually(lambda: _listens(port))
    phone.connect()
    if subscribe_first:
        # Mosquitto keeps for a session only from its first subscription on.
        assert eventually(lambda: _heard(phone))
    for number in range(N_EVENTS):
        phone.publish(PHONE, event(f"e{number}"))
    phone.publish(PHONE, b"not an event")
    for kill in range(1, KILLS + 1):
        assert eventually(lambda at=kill: _stored() >= N_EVENTS * at // (KILLS + 2))
        process.kill()
        process.wait()
        process = start()
    assert eventually(lambda: _stored() == N_EVENTS and DeadLetter.objects.exists(), within_s=60)
    process.terminate()
    process.wait()


def _heard(phone: Phone) -> bool:
    phone.say(PHONE, event("e0"))
    return ActivitySignal.objects.exists()


def _stored() -> int:
    return ActivitySignal.objects.count()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
