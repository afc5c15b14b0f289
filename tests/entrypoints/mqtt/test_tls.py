"""Events that cross a network: the ingest speaks TLS, and to a broker it can trust alone."""

import shutil
import subprocess

import pytest
from cast import ALICES_SECRET
from entrypoints.mqtt.malformed import PHONE
from entrypoints.mqtt.mosquitto_server import ACCOUNTS, BINARY, MosquittoServer
from entrypoints.mqtt.phones import Ingest, Phone, event, eventually

from watchfloor.noc.models import ActivitySignal

pytestmark = pytest.mark.services


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
    server = MosquittoServer(
        tmp_path,
        devices={"acme/phone-alice": ALICES_SECRET},
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
