"""Alive, ready, which version, and how much waits: told to whom it concerns."""

import pytest
from django.db import OperationalError
from django.test import Client
from doors import caller, token

from watchfloor import __version__
from watchfloor.entrypoints.health import checks
from watchfloor.ledger import readiness
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.tenants.roles import Permission, Role
from watchfloor.workflows import security_anomaly


@pytest.fixture
def letter(tenant, now):
    """One message of Acme's that could not be read."""
    unreadable = Unreadable(door="mqtt", topic="wf/acme/x/gps", payload=b"?", field="x", error="?")
    return security_anomaly.keep_unreadable(tenant_code="acme", unreadable=unreadable, now=now)


class TestLivez:
    def test_answers_without_asking_the_database(self):
        response = Client().get("/livez")

        assert (response.status_code, response.json()) == (200, {"status": "ok"})

    def test_takes_nothing_but_reading(self):
        assert Client().post("/livez").status_code == 405


class TestReadyz:
    def test_is_ready_when_every_check_is(self, tenant):
        response = Client().get("/readyz")

        assert response.status_code == 200
        assert set(response.json()["checks"].values()) == {"ok"}

    def test_is_not_ready_while_the_database_is_away(self, tenant, monkeypatch):
        def away():
            raise OperationalError("connection refused at 10.0.0.7")

        monkeypatch.setattr(readiness, "ask_database", away)

        response = Client().get("/readyz")

        assert (response.status_code, response.json()["checks"]["database"]) == (503, "failed")
        assert b"10.0.0.7" not in response.content

    def test_is_not_ready_before_its_migrations(self, tenant, monkeypatch):
        monkeypatch.setattr(readiness, "unapplied_migrations", lambda: ["noc.0009_next"])

        response = Client().get("/readyz")

        assert (response.status_code, response.json()["checks"]["migrations"]) == (503, "failed")

    def test_goes_on_with_many_dead_letters_and_says_so(self, letter, monkeypatch):
        monkeypatch.setattr(checks, "MANY_DEAD_LETTERS", 0)

        response = Client().get("/readyz")

        assert (response.status_code, response.json()["checks"]["dead_letters"]) == (200, "warning")


def test_version_says_which_version_answers():
    assert Client().get("/version").json()["version"] == __version__


class TestMetrics:
    def test_shows_every_tenant_to_this_machine(self, letter, other_tenant):
        text = Client().get("/metrics").content.decode()

        assert 'watchfloor_waiting{tenant="acme",what="open_dead_letters"} 1.0' in text
        assert 'watchfloor_waiting{tenant="borealis",what="open_dead_letters"} 0.0' in text
        assert "watchfloor_ingest_events_total" in text
        assert "process_resident_memory_bytes" in text

    @pytest.mark.parametrize(
        "elsewhere",
        [
            {"REMOTE_ADDR": "10.0.0.9"},
            {"HTTP_X_FORWARDED_FOR": "10.0.0.9"},
            {"HTTP_FORWARDED": "for=10.0.0.9"},
        ],
        ids=["another address", "behind a proxy", "behind a newer proxy"],
    )
    def test_asks_whoever_comes_from_elsewhere_for_a_token(self, tenant, elsewhere):
        response = Client().get("/metrics", **elsewhere)

        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"

    def test_shows_a_token_its_own_tenant_alone(self, letter, other_tenant, still_now):
        client = caller(token(other_tenant, role=Role.ML_ENGINEER, now=still_now))

        text = client.get("/metrics", REMOTE_ADDR="10.0.0.9").content.decode()

        assert 'tenant="borealis"' in text
        assert "acme" not in text

    def test_refuses_a_token_that_may_not_view_models(self, tenant, still_now):
        text = token(tenant, role=Role.TENANT_ADMIN, now=still_now, scopes=[Permission.VIEW_FLOOR])

        assert caller(text).get("/metrics").status_code == 403

    def test_refuses_a_wrong_token_even_from_this_machine(self, tenant, still_now):
        assert caller("wf_aa_" + "x" * 43).get("/metrics").status_code == 401


@pytest.fixture
def still_now(db, now):
    """The time of the operation stands at `now`."""
    from watchfloor.entrypoints import clock
    from watchfloor.ledger.clock import set_clock

    clock.forget()
    set_clock(virtual_now=now, speed=0, real_now=clock.real_now())
    yield now
    clock.forget()
