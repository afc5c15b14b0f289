"""Events per second from a broker to the committed decision, beside bare writing of the rows."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tools.measure import brokers
from tools.measure.figures import gathered, median, per_second, percent, said, shares
from tools.measure.floor import SEED
from tools.measure.ingest import Orders
from tools.measure.page import ROOT, Measured, Section
from tools.measure.sampling import WAITING
from tools.measure.traffic import WORKLOADS

DAYS, QUICK_DAYS = 46, 12
N, QUICK_N = 4000, 400
REPEATS = 3
SERVER = "postgresql://postgres@127.0.0.1:5432"
# Parts of a profile below this share are added up.
LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Leg:
    """One pair of broker and database."""

    broker: str
    database: str

    def __str__(self) -> str:
        return f"{self.broker}, {self.database}"


@dataclass(slots=True)
class _Prepared:
    """A floor that is copied for each run; for PostgreSQL `name` is the template's."""

    home: Path
    name: str = ""
    served: Mapping[str, Any] = field(default_factory=dict)


def measure(*, quick: bool) -> Measured:
    """Run every leg with every workload, and return the page."""
    runs: list[tuple[Leg, str, list[dict[str, Any]]]] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        where = Path(folder)
        days, n = (QUICK_DAYS, QUICK_N) if quick else (DAYS, N)
        floors = {"SQLite": _prepared(where / "sqlite", days)}
        if _postgres_answers():
            name = f"watchfloor_measure_{os.getpid()}"
            stack.enter_context(_database(name))
            floors["PostgreSQL"] = _prepared(where / "postgres", days, name=name)
        external = None
        if brokers.binary():
            external = stack.enter_context(brokers.mosquitto(where / "mosquitto"))
        orders = Orders(workload="", first_day=days, n=n, bare_target="")
        for leg in _legs(has_mosquitto=external is not None, has_postgres=len(floors) > 1):
            for name in WORKLOADS:
                wanted = replace(orders, workload=name)
                if leg.broker == "Mosquitto" and external is not None:
                    wanted = replace(
                        wanted,
                        broker_port=external.port,
                        broker_pid=external.pid,
                        ingest=external.ingest,
                        gateway=external.gateway,
                    )
                times = 1 if quick else REPEATS
                told = [_run(floors[leg.database], wanted, where / "run") for _ in range(times)]
                runs.append((leg, name, told))
                print(f"  {leg}, {name}: {_rates(told)}", flush=True)
        versions = _versions(external.version if external else "", "PostgreSQL" in floors)
    return page_of(runs, floors["SQLite"].served, days, n, versions)


def _legs(*, has_mosquitto: bool, has_postgres: bool) -> Iterator[Leg]:
    yield Leg("embedded broker", "SQLite")
    if has_mosquitto:
        yield Leg("Mosquitto", "SQLite")
        if has_postgres:
            yield Leg("Mosquitto", "PostgreSQL")


def environment_of(home: Path, database: str = "") -> dict[str, str]:
    """Return an environment of defaults, with that home and database."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WATCHFLOOR_")}
    told = {"WATCHFLOOR_HOME": str(home), "WATCHFLOOR_LOG_LEVEL": "ERROR"}
    return kept | told | ({"WATCHFLOOR_DATABASE_URL": f"{SERVER}/{database}"} if database else {})


def _child(module: str, *arguments: str, environment: Mapping[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", f"tools.measure.{module}", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _prepared(home: Path, days: int, *, name: str = "") -> _Prepared:
    home.mkdir()
    served = _child("floor", str(days), environment=environment_of(home, name))
    if not name:
        # The write-ahead log is emptied into the file, so that the file alone is the floor.
        with sqlite3.connect(home / "watchfloor.sqlite3") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return _Prepared(home, name, served)


def _run(floor: _Prepared, orders: Orders, folder: Path) -> dict[str, Any]:
    """Copy the floor twice, for the ingest and for the bare rows, and run."""
    with ExitStack() as stack:
        folder.mkdir()
        stack.callback(shutil.rmtree, folder)
        if floor.name:
            copies = [f"{floor.name}_{part}" for part in ("run", "bare")]
            for copy in copies:
                stack.enter_context(_database(copy, template=floor.name))
            target, environment = f"{SERVER}/{copies[1]}", environment_of(folder, copies[0])
        else:
            for copy in ("watchfloor.sqlite3", "bare.sqlite3"):
                shutil.copy(floor.home / "watchfloor.sqlite3", folder / copy)
            target, environment = str(folder / "bare.sqlite3"), environment_of(folder)
        path = folder / "orders.json"
        path.write_text(json.dumps(asdict(replace(orders, bare_target=target))))
        told = _child("ingest", str(path), environment=environment)
    strange = set(told["timed"]["statuses"]) - {"stored"}
    if strange or told["timed"]["events"] < orders.n // 2:
        raise RuntimeError(f"not what was sent: {told['timed']}")
    return told


def _postgres_answers() -> bool:
    import psycopg

    try:
        psycopg.connect(f"{SERVER}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _database(name: str, *, template: str = "template1") -> Iterator[None]:
    _sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield
    finally:
        _sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def _sql(statement: str) -> Any:
    import psycopg

    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def _versions(mosquitto: str, has_postgres: bool) -> str:
    told = [f"SQLite {sqlite3.sqlite_version}"]
    if has_postgres:
        told.append(f"PostgreSQL {_sql('SHOW server_version')[0].split()[0]}")
    return ", ".join([*told, mosquitto] if mosquitto else told)


# What follows turns figures into the page.

Runs = Sequence[tuple[Leg, str, list[dict[str, Any]]]]


def rate(told: Mapping[str, Any]) -> float:
    """Return events per second of the timed pass."""
    return per_second(told["timed"]["events"], told["timed"]["seconds"])


def bare_rate(told: Mapping[str, Any]) -> float:
    """Return events per second of the bare writing of the rows that these events became."""
    return per_second(told["timed"]["events"], told["bare"]["seconds"])


def scored_share(told: Mapping[str, Any]) -> float:
    """Return the share of the timed events that were scored."""
    return told["bare"]["rows"].get("noc_fraud_prediction_log", 0) / told["timed"]["events"]


def _rates(told: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{rate(t):.0f}/s (bare {bare_rate(t):.0f}/s)" for t in told)


def page_of(runs: Runs, served: Mapping[str, Any], days: int, n: int, versions: str) -> Measured:
    repeats = len(runs[0][2])
    return Measured(
        name="throughput",
        title="From the broker to the committed decision",
        what=(
            "How many events a second come from an MQTT broker to their committed effect: "
            "stored once, and for a check-in scored, with its interval, decided, logged and "
            "acted upon. Beside it, in the same run, the bare writing of exactly the rows "
            "that these events became."
        ),
        how=_how(served, days),
        n=f"{n} events a pass, {repeats} runs of each row",
        seed=f"{SEED} (world and model); every run sends the same messages",
        versions=versions,
        sections=[
            _rate_section(runs),
            _profile_section(runs),
            _statement_section(runs),
            _cpu_section(runs),
            _rows_section(runs),
            Section("Reading it", _reading(runs)),
        ],
    )


def _how(served: Mapping[str, Any], days: int) -> str:
    return (
        f"The world of `watchfloor up --demo` (30 guards) lives its first {days} days through the "
        "workflows, with people who look at everything; then its first model is trained, "
        f"calibrated on {served.get('calibration_n')} outcomes "
        f"({served.get('calibration_n_positive')} of them fraud), and serves. Automation is on, "
        "thresholds are the demo's, but the audit sample is the default of 2 %. Every run starts "
        "from a copy of that database. Another process publishes the days that follow, QoS 1, as "
        "fast as the broker takes them; the subscriber, inbox and carriage are the product's, and "
        "a batch is handled at the time of the stream. The clock runs from the first publish "
        "to the last commit. Then the new rows of the ten tables an event may touch are written "
        "into a second copy, in as many transactions as the ingest took: `executemany` "
        "on SQLite, `COPY` on PostgreSQL, with the same pragmas, indexes and foreign keys. "
        "A second pass with half as many further events is sampled every 2 ms in the thread that "
        "carries the batches; it is not timed. Publisher, broker, ingest and database share the "
        "machine's cores."
    )


def _rate_section(runs: Runs) -> Section:
    rows = []
    for leg, name, told in runs:
        ratios = [rate(t) / bare_rate(t) for t in told]
        timed = told[0]["timed"]
        rows.append(
            (
                str(leg),
                WORKLOADS[name].says,
                percent(scored_share(told[0])),
                said(median([rate(t) for t in told])),
                f"{said(min(map(rate, told)))} to {said(max(map(rate, told)))}",
                said(median([bare_rate(t) for t in told])),
                percent(median(ratios)),
                said(timed["events"] / timed["batches"]),
            )
        )
    head = (
        "broker, database",
        "events",
        "scored",
        "events/s, median",
        "lowest to highest",
        "bare events/s, median",
        "ratio, median",
        "events a batch",
    )
    return Section("Events per second", "", head, rows)


def _profile_section(runs: Runs) -> Section:
    chosen = [(leg, name, told) for leg, name, told in runs if name != "bundled"]
    parts = [_worked(told) for _, _, told in chosen]
    order = [name for name, share in shares(gathered(parts)) if share >= LEAST_SHARE / 2]
    rows = [(name, *(percent(part[name] / part.total()) for part in parts)) for name in order]
    rest = [1 - sum(part[name] for name in order) / part.total() for part in parts]
    rows.append(("all smaller parts", *map(percent, rest)))
    head = ("part", *(f"{leg}: {name}" for leg, name, _ in chosen))
    sizes = [part.total() for part in parts]
    words = (
        "Shares of the working time of the thread that carries batches, from samples of "
        f"{min(sizes)} to {max(sizes)} a column. `SQL` is the time "
        "inside a statement, with the table it names; `rows` is Python around it: building "
        "objects, statements and parameters. Time in which it waited for messages is left out: "
        + ", ".join(f"{percent(_waited(told))} in {leg}: {name}" for leg, name, told in chosen)
        + "."
    )
    return Section("Where the time goes", words, head, rows)


def _samples(told: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return gathered(t["samples"] for t in told)


def _worked(told: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter({name: n for name, n in _samples(told).items() if name != WAITING})


def _waited(told: Sequence[Mapping[str, Any]]) -> float:
    samples = _samples(told)
    return samples[WAITING] / samples.total()


def _statement_section(runs: Runs) -> Section:
    rows = []
    for leg, name, told in runs:
        statements = gathered(t["statements"] for t in told)
        batches = sum(t["profiled"]["batches"] for t in told)
        events = sum(t["profiled"]["events"] for t in told)
        most = ", ".join(f"{s} {said(n / batches, 2)}" for s, n in statements.most_common(4))
        total = statements.total()
        rows.append((str(leg), name, said(total / batches), said(total / events), most))
    head = ("broker, database", "events", "statements a batch", "an event", "most frequent a batch")
    return Section("Statements", "Counted in the sampled pass.", head, rows)


def _cpu_section(runs: Runs) -> Section:
    wanted = (
        "ingest thread",
        "MQTT client thread",
        "broker thread",
        "broker process",
        "publisher process",
    )
    rows = []
    for leg, name, told in runs:
        events = sum(t["timed"]["events"] for t in told)
        used = [sum(t["timed"]["cpu_s"].get(w, 0.0) for t in told) for w in wanted]
        rows.append((str(leg), name, *(said(1e6 * s / events) for s in used)))
    head = ("broker, database", "events", *wanted)
    words = (
        "Microseconds of processor time an event in the timed pass, to the clock tick of 10 ms. "
        "PostgreSQL's own processes are not counted."
    )
    return Section("Processor time", words, head, rows)


def _rows_section(runs: Runs) -> Section:
    rows = [
        (str(leg), name, ", ".join(f"{table} {n}" for table, n in told[0]["bare"]["rows"].items()))
        for leg, name, told in runs
    ]
    words = (
        "Updates are not among them: the time a device was last heard, the count of an open alert."
    )
    head = ("broker, database", "events", "rows of the first run")
    return Section("What was written bare", words, head, rows)


def _reading(runs: Runs) -> str:
    by = {(leg.broker, leg.database, name): told for leg, name, told in runs}
    ratios = {key: median([rate(t) / bare_rate(t) for t in told]) for key, told in by.items()}
    lowest, highest = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    parts = gathered(_worked(told) for _, _, told in runs)
    sql = sum(n for name, n in parts.items() if name.startswith("SQL"))
    python = sum(n for name, n in parts.items() if name.startswith(("rows", "history")))
    score = sum(parts[name] for name in ("score and interval", "decide", "features"))
    return (
        f"* The path runs at {percent(ratios[lowest])} ({', '.join(lowest)}) to "
        f"{percent(ratios[highest])} ({', '.join(highest)}) of bare writing of the same rows.\n"
        f"* Over all runs, of the working time of the ingest thread {percent(sql / parts.total())} "
        f"is spent inside SQL, {percent(python / parts.total())} in Python that builds and reads "
        f"rows, and {percent(score / parts.total())} in features, score, interval and decision.\n"
        "* The bare rows are ready-made: what it costs to read, judge and shape them is what the "
        "ratio shows. It is no promise of any other path to the same rows.\n"
        "* Thirty guards are few: a batch of 500 check-ins of them spans two weeks, so the "
        "seven days of history behind each are read once for many. With more guards a batch "
        "reads more history."
    )
