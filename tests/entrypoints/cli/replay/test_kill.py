"""A replay is killed, anywhere and inside a retrain: started again, it ends as if it had not."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from databases import Database, DatabaseServer, environment
from entrypoints.cli import child_mortal
from entrypoints.cli.replay.orders import BRIEF_WORLD, write_orders

# One worker makes the undisturbed run, once, for every test of this file.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("killed replays"),
]

RUN_ALONE = ("this_run", "wall_seconds", "events_per_second")
WITHIN_S = 400
# A job's progress names the step that it takes.
TRAINING, VALIDATING, PROMOTED = "0.1", "0.6", "0.8"
VERSIONS = "SELECT count(*) FROM ml_model_version"
STORED = "SELECT count(*) FROM ml_prediction_log"


@dataclass(frozen=True)
class Stand:
    """A stream, and the databases of a kind to replay it into."""

    folder: Path
    server: DatabaseServer

    def command(self, database: Database, report: Path | None = None) -> list[str]:
        """Return the arguments that replay the stream."""
        told = [] if report is None else ["--json", str(report)]
        table, mapping = self.folder / "orders.csv", self.folder / "orders.yaml"
        return [
            *("replay", str(table), "--mapping", str(mapping), "--database", database.url),
            *told,
        ]

    def start(self, arguments: list[str]) -> subprocess.Popen:
        """Start a process of this Python with a data directory of the stand's."""
        home = str(self.folder / "home")
        return subprocess.Popen([sys.executable, *arguments], env=environment(WATCHFLOOR_HOME=home))

    def finish(self, database: Database) -> dict:
        """Replay to the end; return what the report says of the database."""
        file = self.folder / "report.json"
        process = self.start(["-m", "watchfloor", *self.command(database, file)])
        assert process.wait(WITHIN_S) == 0
        report = json.loads(file.read_text())
        return {key: value for key, value in report.items() if key not in RUN_ALONE}

    def die(self, database: Database, *, words: str, after: int = 0) -> None:
        """Replay until the process kills itself right after a statement."""
        moment = [child_mortal.__file__, words, str(after), "SIGKILL"]
        process = self.start([*moment, *self.command(database)])
        assert process.wait(WITHIN_S) == -signal.SIGKILL

    def kill(self, database: Database, *, stored: int) -> None:
        """Replay until so many events are stored, and kill the process from outside."""
        process = self.start(["-m", "watchfloor", *self.command(database)])
        while database.ask(STORED) < stored:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        process.kill()
        assert process.wait(WITHIN_S) == -signal.SIGKILL


@pytest.fixture(scope="module")
def stand(tmp_path_factory, django_db_setup):
    """Weeks of repair orders in which a model is trained, drifts and is replaced."""
    folder = tmp_path_factory.mktemp("killed")
    write_orders(folder, world=BRIEF_WORLD)
    server = DatabaseServer.of_this_run(folder)
    yield Stand(folder, server)
    server.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def undisturbed(stand):
    """What a run that nobody disturbs leaves: its report and every row."""
    database = stand.server.create()
    report = stand.finish(database)
    assert [watch["watch"] for watch in report["promotions"]] == ["confirmed"]
    return report, database.book()


def test_killed_at_any_moment_it_ends_as_if_it_had_not(stand, undisturbed):
    database = stand.server.create()
    shares = np.sort(np.random.default_rng(20260116).uniform(0.02, 0.98, size=3))

    for share in shares:
        stand.kill(database, stored=int(share * BRIEF_WORLD.n_events))

    report, book = undisturbed
    assert stand.finish(database) == report
    assert database.book() == book


def test_killed_inside_a_retrain_it_ends_as_if_it_had_not(stand, undisturbed):
    database = stand.server.create()

    stand.die(database, words=f"UPDATE ml_retrain_job {TRAINING}", after=1)
    versions = [database.ask(VERSIONS)]
    stand.die(database, words=f"UPDATE ml_retrain_job {VALIDATING}", after=1)
    versions.append(database.ask(VERSIONS))
    # In the midst of the one transaction that promotes.
    stand.die(database, words=f"UPDATE ml_retrain_job {PROMOTED}")
    promotions = database.ask("SELECT count(*) FROM ml_rollback_watch")
    # In the transaction that ends the watch.
    stand.die(database, words="UPDATE ml_rollback_watch confirmed")

    assert (versions, promotions) == ([1, 2], 0)
    report, book = undisturbed
    assert stand.finish(database) == report
    assert database.book() == book
    assert all(book["chains are whole"])
