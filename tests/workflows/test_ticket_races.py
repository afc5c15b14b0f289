"""Several processes find the same thing at once: one ticket, exact caps, and no deadlock."""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter

import psycopg
import pytest
from workflows import racing

pytestmark = pytest.mark.slow

POSTGRES = os.environ.get("STORIES_SERVER_URL", "postgres://postgres@127.0.0.1:5432")
RACERS, ROUNDS = 2, 15


@pytest.fixture
def postgres():
    """A database of its own."""
    try:
        server = psycopg.connect(f"{POSTGRES}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL here: {error}")
    name = f"watchfloor_races_{os.getpid()}"
    server.execute(f"CREATE DATABASE {name}")
    yield f"{POSTGRES}/{name}"
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


def run(url, home):
    """Let the racers run on a database; return how often each reason was given."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "watchfloor.config.settings",
        "WATCHFLOOR_DATABASE_URL": url,
        "WATCHFLOOR_HOME": str(home),
    }
    command = [sys.executable, racing.__file__]
    subprocess.run([*command, "prepare"], env=environment, check=True)
    go = home / "go"
    racers = [
        subprocess.Popen(
            [*command, "race", f"racer-{n}", str(ROUNDS), str(go)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(RACERS)
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    go.touch()
    told = [racer.communicate(timeout=120)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * RACERS
    return sum((Counter(json.loads(each)) for each in told), Counter())


def check(reasons, ask):
    """Compare what the processes were told with what is stored."""
    n_opened = reasons["certified"]
    by_key = ask("SELECT COUNT(*) FROM noc_ticket GROUP BY dedupe_key ORDER BY 1 DESC")
    assert sum(reasons.values()) == 2 * RACERS * ROUNDS
    # Each of the shared things either has a ticket, or came when a limit was met already.
    assert by_key[0] == (1,)
    assert n_opened == len(by_key) == racing.CAPS["breaker_cap"]
    assert ask("SELECT MAX(number) FROM noc_ticket") == [(n_opened,)]
    assert ask("SELECT COUNT(*) FROM noc_ticket WHERE site_id IS NOT NULL") == [
        (racing.CAPS["site_ticket_cap"],)
    ]
    assert ask("SELECT COUNT(*) FROM noc_ticket_evidence") == [(reasons["duplicate"],)]
    assert reasons["duplicate"] > 0
    stops = "SELECT kind, COUNT(*) FROM noc_ticket_stop GROUP BY kind ORDER BY kind"
    assert ask(stops) == [("breaker", 1), ("site_cap", 1)]
    alerts = "SELECT COUNT(*) FROM noc_alert_event WHERE alert_type LIKE 'TICKET_%'"
    assert ask(alerts) == [(2,)]


@pytest.mark.services
def test_on_postgresql(postgres, tmp_path):
    reasons = run(postgres, tmp_path)

    with psycopg.connect(postgres) as connection:
        check(reasons, lambda sql: connection.execute(sql).fetchall())


def test_on_sqlite(tmp_path):
    file = tmp_path / "race.sqlite3"
    reasons = run(f"sqlite:///{file}", tmp_path)

    connection = sqlite3.connect(file)
    check(reasons, lambda sql: connection.execute(sql).fetchall())
    connection.close()
