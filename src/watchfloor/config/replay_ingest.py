"""A broker and an ingest in this process, for one replay; nobody else knows its port."""

import secrets
import threading
from dataclasses import dataclass

from watchfloor.entrypoints.mqtt.embedded_broker import EmbeddedBroker
from watchfloor.entrypoints.mqtt.run import run_ingest

USER = "watchfloor/ingest"
STOP_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class ReplayIngest:
    """What was started; stopping it settles what was received first."""

    broker: EmbeddedBroker
    told_to_stop: threading.Event
    thread: threading.Thread

    @property
    def port(self) -> int:
        """Where the broker listens."""
        return self.broker.port

    def stop(self) -> None:
        """Stop the ingest, then its broker."""
        self.told_to_stop.set()
        self.thread.join(STOP_WITHIN_S)
        self.broker.stop()


def start_ingest() -> ReplayIngest:
    """Start both on a free port."""
    password = secrets.token_urlsafe(24)
    broker = EmbeddedBroker(internal_user=USER, internal_password=password, port=0)
    broker.start()
    stop = threading.Event()
    url = f"mqtt://{USER.replace('/', '%2F')}:{password}@127.0.0.1:{broker.port}"
    thread = threading.Thread(
        target=run_ingest,
        args=(stop,),
        kwargs={"url": url, "is_embedded": True, "client_id": "watchfloor-replay"},
        name="ingest",
        daemon=True,
    )
    thread.start()
    return ReplayIngest(broker, stop, thread)
