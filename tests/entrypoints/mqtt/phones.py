"""Test stands for both ends of MQTT: a phone that publishes, and an ingest in a thread."""

import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from watchfloor.entrypoints.broker_address import BrokerAddress
from watchfloor.entrypoints.mqtt.carriage import Carriage, Patience
from watchfloor.entrypoints.mqtt.subscriber import Subscriber, SubscriberOptions

# Long enough for two busy cores; nothing waits this long when all is well.
PATIENCE_S = 20.0


def eventually(holds: Callable[[], Any], *, within_s: float = PATIENCE_S) -> Any:
    """Return the first true answer, or the last one when the time is over."""
    deadline = time.monotonic() + within_s
    while not (answer := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return answer


def event(event_id: str, **fields: Any) -> dict[str, Any]:
    """Return one telemetry event of a minute ago."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    return {"event_id": event_id, "timestamp": at.isoformat(), "battery": 80, **fields}


class Phone:
    """A device, or whatever signs in as one."""

    def __init__(
        self,
        *,
        port: int,
        username: str,
        password: str,
        client_id: str = "",
        in_flight: int = 500,
        will: tuple[str, bytes] | None = None,
        trusted: Path | None = None,
    ) -> None:
        self.refusal = ""
        self._connected = threading.Event()
        self._port = port
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or username.replace("/", "-"),
            clean_session=True,
        )
        if username:
            self.client.username_pw_set(username, password)
        if will is not None:
            self.client.will_set(will[0], will[1], qos=1)
        if trusted is not None:
            self.client.tls_set(ca_certs=str(trusted))
        self.client.max_inflight_messages_set(in_flight)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._on_connect

    def connect(self) -> "Phone":
        """Connect and wait for the broker's word, good or bad."""
        self.client.connect_async("127.0.0.1", self._port, keepalive=30)
        self.client.loop_start()
        assert self._connected.wait(PATIENCE_S), "the broker did not answer"
        return self

    def publish(self, topic: str, payload: Any, *, qos: int = 1) -> paho.MQTTMessageInfo:
        """Publish bytes as they are, anything else as JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.client.publish(topic, body, qos=qos)

    def say(self, topic: str, payload: Any, *, qos: int = 1) -> None:
        """Publish and wait for the acknowledgement."""
        self.publish(topic, payload, qos=qos).wait_for_publish(PATIENCE_S)

    def die(self) -> None:
        """Lose the connection without a word, and do not come back."""
        self.client.on_disconnect = lambda *_: self.client.disconnect()
        self.client.socket().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, _client: Any, _: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            self.client.disconnect()
        self._connected.set()


class Ingest:
    """A subscriber in a thread of its own, with short pauses."""

    def __init__(
        self,
        *,
        port: int,
        account: tuple[str, str],
        is_embedded: bool = True,
        client_id: str = "ingest-under-test",
        is_shared: bool = False,
        tls: bool = False,
        **carriage: Any,
    ) -> None:
        self._stop = threading.Event()
        patience = Patience(first_s=0.01, longest_s=0.1, away=3)
        self.subscriber = Subscriber(
            broker=BrokerAddress(
                "127.0.0.1", port, *account, tls=tls, is_embedded=is_embedded, is_shared=is_shared
            ),
            carriage=Carriage(stop=self._stop, **{"patience": patience, **carriage}),
            options=SubscriberOptions(client_id=client_id, reconnect_s=(1, 1)),
        )
        self._thread = threading.Thread(target=self.subscriber.run, args=(self._stop,))

    @property
    def tally(self) -> Any:
        return self.subscriber.tally

    def start(self) -> "Ingest":
        self._thread.start()
        return self

    def wait_until_connected(self) -> None:
        assert eventually(lambda: self.subscriber.is_connected), "the ingest did not connect"

    def wait_for(self, n_events: int) -> None:
        """Wait until that many events have been committed."""
        eventually(lambda: self.tally.received >= n_events)

    def cut_off(self) -> None:
        """Lose the connection, and wait until that is noticed."""
        self.subscriber._client.socket().shutdown(socket.SHUT_RDWR)
        eventually(lambda: not self.subscriber.is_connected)

    def ask_to_stop(self) -> None:
        self._stop.set()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the ingest did not stop"
