"""The doctor names what is missing, where it looked, and what to do about it."""

import pytest
from certified import serve
from click.testing import CliRunner
from django.conf import settings

from watchfloor.entrypoints.cli import doctor
from watchfloor.ml.models import Blob, CalibrationSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def looked_at(monkeypatch):
    """Every address that the doctor tries; nothing answers at any."""
    tried = []

    def connect(address, _timeout):
        tried.append(address)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(doctor.socket, "create_connection", connect)
    return tried


def examine(monkeypatch, **told):
    """Return what the doctor says, and its exit code, with these settings."""
    silent = {"redis_url": "", "broker_url": "", "mqtt_url": ""}
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update=silent | told))
    result = CliRunner().invoke(doctor.doctor)
    return result.output, result.exit_code


def test_finds_nothing_wrong_where_nothing_is_configured(monkeypatch, looked_at):
    said, code = examine(monkeypatch)

    assert code == 0, said
    assert said.count("embedded (nothing configured)") == 3
    assert looked_at == []


@pytest.mark.parametrize(
    ("setting", "url", "port"),
    [
        ("mqtt_url", "mqtt://broker.example", 1883),
        ("mqtt_url", "mqtts://broker.example", 8883),
        ("mqtt_url", "mqtts://broker.example:18883", 18883),
        ("broker_url", "amqps://broker.example//", 5671),
        ("redis_url", "rediss://broker.example/0", 6379),
    ],
)
def test_looks_where_the_address_leads(monkeypatch, looked_at, setting, url, port):
    said, code = examine(monkeypatch, **{setting: url})

    assert looked_at == [("broker.example", port)]
    assert code == 1
    assert f"correct WATCHFLOOR_{setting.upper()}" in said


def test_names_an_address_of_no_known_protocol_without_its_password(monkeypatch, looked_at):
    said, code = examine(monkeypatch, mqtt_url="http://ingest:pa55word@broker.example")

    assert (code, looked_at) == (1, [])
    assert "http://..." in said
    assert "pa55word" not in said


class TestCalibrations:
    def test_that_can_be_read_are_counted(self, tenant, now, time_is_now, monkeypatch, looked_at):
        serve(tenant, now=now)

        said, code = examine(monkeypatch)

        assert code == 0, said
        assert "1 in force, all can be read" in said

    def test_that_cannot_are_named_with_what_to_do(
        self, tenant, now, time_is_now, monkeypatch, looked_at
    ):
        serve(tenant, now=now)
        digest = CalibrationSet.objects.get().sha256
        Blob.objects.filter(sha256=digest).update(content=b"{}")

        said, code = examine(monkeypatch)

        assert code == 1
        assert f"acme sla_breach 2026-03: blob {digest[:12]} of acme holds other bytes" in said
        assert "load_calibration_data" in said
