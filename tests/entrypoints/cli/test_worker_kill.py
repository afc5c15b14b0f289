"""A worker is killed while it trains: the job goes on elsewhere, to one promotion of one model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from databases import Database, DatabaseServer, environment
from django.conf import settings
from entrypoints.cli import child_mortal

# One worker trains the first model, once, for every test of this file.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("killed workers"),
]

WITHIN_S = 120
WORK = ("work", "--heavy")
# A job's progress names the step that it takes.
STEPS = {"training": "0.1", "validating": "0.6", "promotion": "0.8"}
TESTS = Path(__file__).parents[2]
CHURN_CHILD = Path(__file__).with_name("child_churn.py")
STATE = "SELECT state FROM ml_retrain_job"
WORK_STATE = "SELECT state FROM ledger_due WHERE kind = 'retrain_model_async'"
LEASES_RUN_OUT = "UPDATE ledger_due SET leased_until = '2020-01-01' WHERE state = 'running'"


@dataclass
class Floor:
    """Acme with a retrain that is due, and the processes that work on it."""

    database: Database
    home: Path
    environment: dict[str, str]
    started: ExitStack = field(default_factory=ExitStack)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start a watchfloor process in a group of its own."""
        return self._start("-m", "watchfloor", *arguments)

    def start_mortal(self, step: str, by: str) -> subprocess.Popen:
        """Start a worker that kills itself, or hangs, when the job has taken a step."""
        words = f"UPDATE ml_retrain_job {STEPS[step]}"
        return self._start(child_mortal.__file__, words, "0", by, *WORK)

    def _start(self, *arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment(**self.environment, WATCHFLOOR_HOME=str(self.home)),
            start_new_session=True,
        )
        self.started.callback(_end, process)
        return process

    def reaches(self, is_so: Callable[[], bool]) -> bool:
        """Look until something is so."""
        until = time.monotonic() + WITHIN_S
        while not is_so():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def trains(self) -> bool:
        """Return whether a worker is training at this moment."""
        return self.database.ask(STATE) == "training"

    def is_done(self) -> bool:
        """Return whether the promoted model is watched and nobody works on it any more."""
        return (self.database.ask(STATE), self.database.ask(WORK_STATE)) == ("watching", "done")


@pytest.fixture(scope="module")
def churn(tmp_path_factory, django_db_setup):
    """A server with a database in which a first model serves and a retrain is due."""
    server = DatabaseServer.of_this_run(tmp_path_factory.mktemp("workers"))
    furnished = server.create()
    subprocess.run(
        [sys.executable, str(CHURN_CHILD)],
        env=environment(
            WATCHFLOOR_DATABASE_URL=furnished.url,
            PYTHONPATH=os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", ""))),
        ),
        check=True,
    )
    yield server, furnished
    server.close()


def floor_of(database: Database, home: Path) -> Floor:
    """Return a floor whose processes are told where their database is."""
    return Floor(database, home, {"WATCHFLOOR_DATABASE_URL": database.url})


@pytest.fixture
def floor(churn, tmp_path):
    """The floor in a database of the test's own."""
    server, furnished = churn
    floor = floor_of(server.create(like=furnished), tmp_path)
    with floor.started:
        yield floor


@pytest.fixture
def installation(churn, tmp_path):
    """The floor where nothing is configured: SQLite in the data directory, everything within."""
    if not settings.ENV.embedded_database:
        pytest.skip("the embedded shape has a database of its own")
    file = tmp_path / "watchfloor.sqlite3"
    shutil.copy(churn[1].url.removeprefix("sqlite:///"), file)
    floor = Floor(Database(f"sqlite:///{file}"), tmp_path, {})
    with floor.started:
        yield floor


@pytest.fixture(scope="module")
def undisturbed(churn, tmp_path_factory):
    """The model that is made where nobody disturbs."""
    server, furnished = churn
    floor = floor_of(server.create(like=furnished), tmp_path_factory.mktemp("undisturbed"))
    with floor.started:
        assert floor.start(*WORK).wait(WITHIN_S) == 0
    return _model(floor)


def test_what_dead_workers_held_is_taken_up_when_their_leases_have_run_out(floor, undisturbed):
    states = []
    for step in STEPS:
        assert floor.start_mortal(step, "SIGKILL").wait(WITHIN_S) == -signal.SIGKILL
        states.append(floor.database.ask(STATE))
        floor.database.change(LEASES_RUN_OUT)

    assert floor.start(*WORK).wait(WITHIN_S) == 0

    # A promotion that was cut is taken back with its transaction.
    assert states == ["training", "validating", "validating"]
    assert floor.is_done()
    assert _model(floor) == undisturbed


def test_a_row_is_left_alone_while_its_lease_lasts(floor):
    floor.start_mortal("training", "SIGKILL").wait(WITHIN_S)

    assert floor.start(*WORK).wait(WITHIN_S) == 0

    assert (floor.database.ask(STATE), floor.database.ask(WORK_STATE)) == ("training", "running")


def test_a_worker_that_was_thought_dead_comes_back_and_changes_nothing(floor, undisturbed):
    hanging = floor.start_mortal("training", "SIGSTOP")
    assert floor.reaches(floor.trains)
    floor.database.change(LEASES_RUN_OUT)
    assert floor.start(*WORK).wait(WITHIN_S) == 0

    os.kill(hanging.pid, signal.SIGCONT)

    assert hanging.wait(WITHIN_S) == 0
    assert floor.is_done()
    assert _model(floor) == undisturbed


@pytest.mark.parametrize("whose", ["of everything", "of the supervisor alone"])
def test_an_embedded_installation_goes_on_after_the_death(installation, undisturbed, whose):
    """A supervisor trains in a child: it dies too, or goes on beside the next one."""
    supervisor = installation.start("up", "--only", "worker,beat")
    assert installation.reaches(installation.trains)
    if whose == "of everything":
        os.killpg(supervisor.pid, signal.SIGKILL)
    supervisor.kill()
    supervisor.wait()

    installation.start("up", "--only", "worker,beat")

    assert installation.reaches(installation.is_done)
    assert _model(installation) == undisturbed


@pytest.mark.services
@pytest.mark.skipif(not settings.ENV.broker_url, reason="needs a broker between processes")
def test_a_deployment_goes_on_with_another_worker(floor, undisturbed):
    """Beat and worker are processes of their own, and RabbitMQ stands between them."""
    floor.start("up", "--only", "beat")
    worker = floor.start("up", "--only", "worker")
    assert floor.reaches(floor.trains)
    worker.kill()
    worker.wait()

    floor.start("up", "--only", "worker")
    floor.database.change(LEASES_RUN_OUT)

    assert floor.reaches(floor.is_done)
    assert _model(floor) == undisturbed


def _model(floor: Floor) -> dict[str, Any]:
    """Return what serves, after a look at everything that must be there once."""
    book = floor.database.book()
    rows = {table: [json.loads(row) for row in book[table]] for table in ROWS_OF_A_RETRAIN}
    [job] = rows["ml_retrain_job"]
    [deployment] = rows["ml_deployment"]
    [deed] = [row for row in rows["ledger_audit"] if row["action"] == "model.promoted"]
    old, new = sorted(rows["ml_model_version"], key=lambda row: row["id"])
    # The first model served at 1; this is the one promotion after it.
    assert deployment["pointer_version"] == 2
    assert (old["role"], new["role"], job["challenger"]) == ("retired", "champion", new["id"])
    assert len(rows["ml_rollback_watch"]) == 1
    assert len(rows["ml_training_dataset"]) == len(rows["ml_calibration_set"]) == 2
    assert new["trained_at"] == job["started_at"] <= deed["at"]
    assert all(book["chains are whole"])
    return {
        "artifact": new["artifact_sha256"],
        "data": new["manifest"],
        "calibration": [row["sha256"] for row in rows["ml_calibration_set"]],
        "verdict": job["validation"],
    }


ROWS_OF_A_RETRAIN = (
    *("ml_retrain_job", "ml_rollback_watch", "ml_deployment", "ml_model_version"),
    *("ml_training_dataset", "ml_calibration_set", "ledger_audit"),
)


def _end(process: subprocess.Popen) -> None:
    """End a process and whatever it started, if it still lives."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
