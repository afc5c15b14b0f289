"""
One measured run of the ingest, in a process of its own: it reads its orders and tells figures.

    python -m tools.measure.ingest ORDERS.json
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from tools.measure import bare, processes
from tools.measure.django_process import start_django
from tools.measure.sampling import Profile, sampled
from tools.measure.traffic import WORKLOADS, Traffic, traffic

INTERNAL = ("watchfloor/ingest", "measure-internal")
WITHIN_S = 400.0


@dataclass(frozen=True, slots=True)
class Orders:
    """
    What to measure.

    Args:
        broker_port: of a Mosquitto, with its accounts; 0 for the broker in this process.
        bare_target: the copy of the database that the bare rows go to.
        n: events of the timed pass; the profiled pass takes half as many.
    """

    workload: str
    first_day: int
    n: int
    bare_target: str
    broker_port: int = 0
    broker_pid: int = 0
    ingest: tuple[str, str] = INTERNAL
    gateway: tuple[str, str] = INTERNAL


def main() -> None:
    """Carry the orders out and print the figures as JSON."""
    orders = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Orders)
    start_django()
    workload = WORKLOADS[orders.workload]
    n = orders.n + orders.n // 2
    whole = traffic(workload, first_day=orders.first_day, n=n)
    cut = whole.cut_at(orders.n)
    with ExitStack() as stack:
        port = orders.broker_port or _embedded(stack)
        before = _ids_before()
        timed = _pass(orders, port, whole, slice(0, cut))
        written = _bare(orders, before, n_batches=timed["batches"])
        profile = Profile()
        profiled = _pass(orders, port, whole, slice(cut, None), profile)
    figures = {
        "timed": timed,
        "bare": asdict(written),
        "profiled": profiled,
        "samples": dict(profile.samples),
        "statements": dict(profile.statements),
        "statement_s": dict(profile.statement_s),
    }
    print(json.dumps(figures))


def _embedded(stack: ExitStack) -> int:
    from watchfloor.entrypoints.mqtt.embedded_broker import EmbeddedBroker

    broker = EmbeddedBroker(internal_user=INTERNAL[0], internal_password=INTERNAL[1], port=0)
    broker.start()
    stack.callback(broker.stop)
    return broker.port


def _ids_before() -> dict[str, set[Any]]:
    from django.db import connection

    with connection.cursor() as cursor:
        return bare.ids_before(cursor)


def _bare(orders: Orders, before: dict[str, set[Any]], *, n_batches: int) -> bare.Written:
    from django.conf import settings
    from django.db import connections

    from watchfloor.config.database import SQLITE_OPTIONS

    connections.close_all()
    if settings.ENV.embedded_database:
        return bare.sqlite_again(
            source=str(settings.DATABASES["default"]["NAME"]),
            target=orders.bare_target,
            before=before,
            n_batches=n_batches,
            pragmas=str(SQLITE_OPTIONS["init_command"]),
        )
    return bare.postgres_again(
        source=settings.ENV.database_url,
        target=orders.bare_target,
        before=before,
        n_batches=n_batches,
    )


class _Batches:
    """Handles batches as the ingest does, at the time of the stream, and counts them."""

    def __init__(self, until: Any) -> None:
        self._until = until
        self.messages = self.events = self.batches = 0
        self.ended_s = 0.0
        self.statuses: dict[str, int] = {}
        self.decisions: dict[str, int] = {}

    def handle(self, *, tenant: Any, messages: Any, now: Any) -> Any:
        from watchfloor.workflows import security_anomaly

        self.messages += len(messages)
        at = self._until[self.messages - 1]
        results = security_anomaly.handle_signals(tenant=tenant, messages=messages, now=at)
        self.ended_s = time.perf_counter()
        self.batches += 1
        self.events += len(results)
        for result in results:
            self.statuses[result.status] = self.statuses.get(result.status, 0) + 1
            if result.decision:
                self.decisions[result.decision] = self.decisions.get(result.decision, 0) + 1
        return results


def _pass(
    orders: Orders, port: int, whole: Traffic, part: slice, profile: Profile | None = None
) -> dict[str, Any]:
    """Send a part of the messages and carry them; return what it took."""
    from django.db import connection

    from watchfloor.entrypoints.broker_address import BrokerAddress
    from watchfloor.entrypoints.mqtt.carriage import Carriage
    from watchfloor.entrypoints.mqtt.subscriber import Subscriber, SubscriberOptions

    messages = whole.messages[part]
    batches = _Batches(whole.until[part])
    stop = threading.Event()
    subscriber = Subscriber(
        broker=BrokerAddress("127.0.0.1", port, *orders.ingest, is_embedded=not orders.broker_port),
        carriage=Carriage(stop=stop, handle=batches.handle),
        options=SubscriberOptions(client_id="measure-ingest"),
    )
    told: dict[str, Any] = {}
    sender = threading.Thread(
        target=_send, args=(orders, port, messages, subscriber, batches, stop, told), name="sender"
    )
    sender.start()
    wrapped = connection.execute_wrapper(profile.around_statement) if profile else nullcontext()
    with sampled(profile) if profile else nullcontext(), wrapped:
        subscriber.run(stop)
    sender.join()
    seconds = batches.ended_s - told.pop("began_s")
    return {
        "events": batches.events,
        "messages": batches.messages,
        "batches": batches.batches,
        "seconds": seconds,
        "statuses": batches.statuses,
        "decisions": batches.decisions,
        **told,
    }


def _send(
    orders: Orders,
    port: int,
    messages: Any,
    subscriber: Any,
    batches: _Batches,
    stop: threading.Event,
    told: dict[str, Any],
) -> None:
    """Have another process send everything, and stop the ingest when all is committed."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(msgspec.msgpack.encode(messages))
        file.flush()
        publisher = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tools.measure.publisher",
                file.name,
                str(port),
                *orders.gateway,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert publisher.stdout is not None
        assert publisher.stdin is not None
        try:
            publisher.stdout.readline()
            until = time.monotonic() + WITHIN_S
            while not subscriber.is_connected and time.monotonic() < until:
                time.sleep(0.01)
            threads, broker = processes.cpu_of_threads(), processes.cpu_s(orders.broker_pid)
            told["began_s"] = time.perf_counter()
            publisher.stdin.write("go\n")
            publisher.stdin.flush()
            while batches.messages < len(messages) and time.monotonic() < until:
                time.sleep(0.005)
            while subscriber.tally.received < batches.events and time.monotonic() < until:
                time.sleep(0.005)
            after = processes.cpu_of_threads()
            told["cpu_s"] = {
                _thread(name): seconds - threads.get(name, 0.0) for name, seconds in after.items()
            } | {"broker process": processes.cpu_s(orders.broker_pid) - broker}
            told["cpu_s"]["publisher process"] = float(publisher.stdout.readline() or "nan")
            publisher.wait(10.0)
        finally:
            stop.set()
            if publisher.poll() is None:
                publisher.kill()


def _thread(name: str) -> str:
    if name == "MainThread":
        return "ingest thread"
    if name.startswith("paho"):
        return "MQTT client thread"
    return {"mqtt-broker": "broker thread"}.get(name, name)


if __name__ == "__main__":
    os.environ.setdefault("WATCHFLOOR_LOG_LEVEL", "ERROR")
    main()
