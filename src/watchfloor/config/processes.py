"""The composition root: which doors run in this process, how they start and how they stop."""

import contextlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog
import uvicorn
from django.conf import settings
from django.core.management import call_command

log = structlog.get_logger()

ROLES = ("web", "ingest", "worker", "beat")
STOP_WITHIN_S = 15.0


@dataclass(slots=True)
class Running:
    """What runs in this process; stopping it stops everything, in the order given."""

    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    at_stop: list[Callable[[], None]] = field(default_factory=list)

    def start(self, name: str, target: Callable[[], None]) -> None:
        """Run `target` in a thread of that name; its end by an error ends the process."""

        def guarded() -> None:
            try:
                target()
            except BaseException as error:
                # A dead part must not look alive: the supervisor restarts the whole process.
                log.critical("process.part_died", part=name, exc_info=error)
                os.kill(os.getpid(), signal.SIGTERM)
                raise

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def end(self) -> None:
        """Stop every part, wait for it, and say which one did not stop."""
        self.stop.set()
        for thread in self.threads:
            thread.join(STOP_WITHIN_S)
            if thread.is_alive():
                log.warning("process.part_still_runs", part=thread.name)
        # What the parts lean on, the broker above all, ends after them.
        for step in reversed(self.at_stop):
            step()


def free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or a free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port on {host}")


def prepare() -> None:
    """Bring the database to this version's tables."""
    settings.ENV.home.mkdir(parents=True, exist_ok=True)
    call_command("migrate", interactive=False, verbosity=0)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where this process listens."""

    web_host: str
    web_port: int
    mqtt_host: str
    mqtt_port: int
    internal_user: str
    internal_password: str

    @property
    def url(self) -> str:
        """Where a browser finds the console."""
        return f"http://{self.web_host}:{self.web_port}/"


def addresses() -> Addresses:
    """Choose ports: the wanted ones, or free ones where they are taken."""
    env = settings.ENV
    return Addresses(
        web_host=env.web_host,
        web_port=free_port(env.web_host, env.web_port),
        mqtt_host="127.0.0.1",
        mqtt_port=free_port("127.0.0.1", env.mqtt_port),
        internal_user="watchfloor/ingest",
        internal_password=secrets.token_urlsafe(24),
    )


def run_worker(stop: threading.Event, queues: tuple[str, ...]) -> None:
    """Run a Celery worker in this thread until told to stop."""
    from celery.worker import WorkController

    from watchfloor.config.celery import app

    # The bare controller installs no signal handlers: they belong to the main thread.
    worker = WorkController(
        app=app, pool_cls="threads", concurrency=2, queues=list(queues), loglevel="WARNING"
    )
    threading.Thread(
        target=lambda: (stop.wait(), worker.stop(in_sighandler=False)), daemon=True
    ).start()
    worker.start()


def run_beat(stop: threading.Event) -> None:
    """Wake the sweep every second; the schedule needs no memory, for the rows are the memory."""
    from celery.beat import Scheduler

    from watchfloor.config.celery import app

    scheduler = Scheduler(app=app, max_interval=0.5)
    while not stop.is_set():
        stop.wait(min(max(scheduler.tick(), 0.05), 0.5))


class _Server(uvicorn.Server):
    """A server that ends with the process's own order instead of raising the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield


def serve_web(running: Running, where: Addresses) -> None:
    """Serve pages and sockets in the main thread until a signal comes."""
    config = uvicorn.Config(
        "watchfloor.config.asgi:application",
        host=where.web_host,
        port=where.web_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    _Server(config).run()
    running.stop.set()


def wait_for_signal(running: Running) -> None:
    """Sleep in the main thread until a signal comes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: running.stop.set())
    running.stop.wait()
