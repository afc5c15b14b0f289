"""Events that cross a network: what Watchfloor connects with speaks TLS, where it trusts alone."""

import shutil
import subprocess
import threading
from datetime import UTC, date, datetime
from itertools import islice

import pytest
from cast import ALICES_SECRET
from entrypoints.mqtt.malformed import PHONE
from entrypoints.mqtt.mosquitto_server import ACCOUNTS, BINARY, MosquittoServer
from entrypoints.mqtt.phones import Ingest, Phone, event, eventually

from watchfloor.entrypoints.broker_address import broker_of_url
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.mqtt_stream import PublishOptions, publish
from watchfloor.entrypoints.simulator.stream import stream_days
from watchfloor.entrypoints.simulator.world import build_world
from watchfloor.noc.models import ActivitySignal

pytestmark = pytest.mark.services


MONDAY = date(2026, 1, 5)
FAR_FUTURE = datetime(2030, 1, 1, tzinfo=UTC)


def simulated_accounts():
    """Return the password of each device of the demonstration."""
    world = build_world(worlds.demo(3), start=MONDAY)
    return {device.code: world.device_secret(device.code) for device in world.devices}


def simulate(server, *, stop, drain_s):
    """Publish fifty events of the demonstration as `up --demo` does at an mqtts address."""
    [day] = islice(stream_days(worlds.demo(3), MONDAY, 2), 1)
    return publish(
        day.events[:50],
        broker=broker_of_url(f"mqtts://ingest:unused@127.0.0.1:{server.port}"),
        credentials=simulated_accounts(),
        clock=lambda: FAR_FUTURE,
        stop=stop,
        options=PublishOptions(poll_s=0.01, drain_s=drain_s),
    )


@pytest.fixture
def certified(tmp_path):
    """A certificate for this machine that nobody but its holder vouches for, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None or not BINARY.exists():
        pytest.skip("openssl or Mosquitto is not installed")
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def trusted(certified, monkeypatch):
    """The certificate, named as an operator names one of his own authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certified[0]))
    return certified[0]


@pytest.fixture
def server(certified, cleanup, tmp_path):
    """A Mosquitto that speaks TLS and nothing else."""
    certificate, key = certified
    simulated = {f"harbour/{code}": word for code, word in simulated_accounts().items()}
    server = MosquittoServer(
        tmp_path,
        devices={"acme/phone-alice": ALICES_SECRET, **simulated},
        certificate=certificate,
        key=key,
    )
    server.start()
    cleanup.callback(server.stop)
    return server


@pytest.fixture
def ingest(server, cleanup):
    """An ingest that was given an mqtts address of that broker."""
    account = ("ingest", ACCOUNTS["ingest"])
    ingest = Ingest(port=server.port, account=account, is_embedded=False, tls=True)
    cleanup.callback(ingest.stop)
    return ingest


def test_takes_events_from_a_broker_whose_certificate_it_trusts(trusted, server, ingest, cleanup):
    ingest.start().wait_until_connected()
    phone = Phone(
        port=server.port,
        username="acme/phone-alice",
        password=ALICES_SECRET,
        trusted=trusted,
    )
    cleanup.callback(phone.close)

    phone.connect().say(PHONE, event("over-tls"))
    ingest.wait_for(1)

    assert ActivitySignal.objects.get().event_id == "over-tls"


def test_tells_its_password_to_no_broker_that_it_cannot_trust(server, ingest):
    ingest.start()

    assert eventually(lambda: "unknown ca" in server.log())
    assert not ingest.subscriber.is_connected


def test_simulated_devices_speak_it_too(trusted, server):
    report = simulate(server, stop=threading.Event(), drain_s=15.0)

    assert (report.events, report.unacknowledged) == (50, 0)
    assert "protocol error" not in server.log()


def test_simulated_devices_tell_their_passwords_to_no_broker_that_they_cannot_trust(server, caplog):
    stop = threading.Event()
    stream = threading.Thread(
        target=simulate, args=(server,), kwargs={"stop": stop, "drain_s": 0.1}
    )
    stream.start()

    refused = eventually(lambda: "unknown ca" in server.log())
    stop.set()
    stream.join()

    assert refused
    assert "cannot reach the broker" in caplog.text
