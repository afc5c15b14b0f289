"""Run the ingest: what the composition root starts in a thread of its own."""

import re
import socket
import threading

from watchfloor.entrypoints import ingest_health
from watchfloor.entrypoints.broker_address import broker_of_url
from watchfloor.entrypoints.mqtt.carriage import Carriage
from watchfloor.entrypoints.mqtt.subscriber import Subscriber, SubscriberOptions


def run_ingest(
    stop: threading.Event, *, url: str, is_embedded: bool = False, client_id: str = ""
) -> None:
    """
    Listen at a broker until told to stop.

    Args:
        url: mqtt:// or mqtts:// with user and password.
        is_embedded: the broker is the one of this process.
        client_id: under which the broker keeps this ingest's session; the host's name when
            empty, so a second ingest on one host needs another.

    Raises:
        InvalidConfiguration: the URL names no broker.
    """
    subscriber = Subscriber(
        broker=broker_of_url(url, is_embedded=is_embedded),
        carriage=Carriage(stop=stop),
        options=SubscriberOptions(client_id=client_id or default_client_id()),
    )
    ingest_health.tell(subscriber.health)
    try:
        subscriber.run(stop)
    finally:
        ingest_health.tell(None)


def default_client_id() -> str:
    """Return an id that is the same after a restart of this host's ingest."""
    # A `+` or `#` in a client id makes Mosquitto refuse everything the client does.
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())
    return f"watchfloor-ingest-{host}"
