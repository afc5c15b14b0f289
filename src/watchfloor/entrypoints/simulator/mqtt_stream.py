"""
The stream over MQTT: each device connects as itself and sends its events when they are due.

Delivery is at least once (QoS 1): after a lost connection the client sends again what was not
acknowledged, and the server tells repeats by the event id. Arrival times are the server's
business, so `server_at` is only a timetable here and is not sent.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from paho.mqtt import client as paho

from watchfloor.core.errors import NotAllowed, NotFound
from watchfloor.entrypoints.broker_address import BrokerAddress
from watchfloor.entrypoints.mqtt_client import new_client
from watchfloor.entrypoints.simulator.records import TOPIC_KIND, SimulatedEvent

logger = logging.getLogger(__name__)

BATCH_MAX = 1000
RECONNECT_S = (1, 5)
KEEPALIVE_S = 30


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """
    How a stream is sent.

    Args:
        bundle_max: events of one device that may travel in one message, as a JSON array; 1
            sends each alone.
        max_in_flight: messages that may wait for their acknowledgement; then sending waits.
        poll_s: how often the clock is looked at while nothing is due, in real seconds.
        drain_s: how long the end waits for acknowledgements, in real seconds.
        username: what a device calls itself, from tenant and device code.
    """

    bundle_max: int = 50
    max_in_flight: int = 200
    poll_s: float = 0.05
    drain_s: float = 5.0
    username: Callable[[str, str], str] = "{}/{}".format


@dataclass(frozen=True, slots=True)
class PublishReport:
    """
    What was sent and what the broker took.

    `unacknowledged` messages may or may not have arrived: send their events again next time.
    """

    events: int
    messages: int
    unacknowledged: int
    reconnects: int


def publish(
    events: Iterable[SimulatedEvent],
    *,
    broker: BrokerAddress,
    credentials: Mapping[str, str],
    clock: Callable[[], datetime],
    stop: threading.Event,
    options: PublishOptions | None = None,
) -> PublishReport:
    """
    Send each event when the clock reaches its `server_at`; return at the end or when stopped.

    A broker that cannot be reached is tried again until it answers or `stop` is set.

    Args:
        events: in order of `server_at`; may be endless.
        broker: where it is, and whether TLS is spoken there; its account is not used.
        credentials: the password of each device, by device code.
        clock: the present moment of the stream, aware; may run at any speed.

    Raises:
        NotAllowed: the broker refused a device's password.
        NotFound: a device has no password.
    """
    options = options or PublishOptions()
    fleet = _Fleet(broker=broker, credentials=credentials, options=options)
    n_events = n_messages = 0
    try:
        for batch in _due_batches(events, clock=clock, stop=stop, poll_s=options.poll_s):
            for bundle in _bundles(batch, size=options.bundle_max):
                if not fleet.wait_for_room(stop):
                    break
                fleet.send(bundle)
                n_messages += 1
                n_events += len(bundle)
        fleet.drain()
    finally:
        fleet.close()
    return PublishReport(
        events=n_events,
        messages=n_messages,
        unacknowledged=fleet.in_flight,
        reconnects=fleet.reconnects,
    )


def topic_of(event: SimulatedEvent) -> str:
    """Return `wf/{tenant}/{device}/{kind}`: the broker binds a device to its own topics."""
    return f"wf/{event.tenant_id}/{event.device_id}/{TOPIC_KIND[event.event_type]}"


def payload_of(events: Sequence[SimulatedEvent]) -> bytes:
    """Return one event as a JSON object, several as an array; without the time of arrival."""
    items = [_item(event) for event in events]
    return msgspec.json.encode(items[0] if len(items) == 1 else items)


def _item(event: SimulatedEvent) -> dict[str, Any]:
    item = msgspec.structs.asdict(event)
    del item["server_at"]
    return item


def _due_batches(
    events: Iterable[SimulatedEvent],
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    poll_s: float,
) -> Iterator[list[SimulatedEvent]]:
    """Yield what has become due since the last look at the clock, until the end or `stop`."""
    now = clock()
    batch: list[SimulatedEvent] = []
    for event in events:
        while event.server_at > now or len(batch) >= BATCH_MAX:
            if batch:
                yield batch
                batch = []
            elif stop.wait(poll_s):
                return
            now = clock()
        if stop.is_set():
            return
        batch.append(event)
    if batch:
        yield batch


def _bundles(batch: Iterable[SimulatedEvent], *, size: int) -> Iterator[list[SimulatedEvent]]:
    """Yield the events of each topic in their order, at most `size` together."""
    by_topic: dict[str, list[SimulatedEvent]] = {}
    for event in batch:
        by_topic.setdefault(topic_of(event), []).append(event)
    for events in by_topic.values():
        for first in range(0, len(events), size):
            yield events[first : first + size]


class _Line:
    """
    One device's connection, and what waits until it stands.

    paho may write a message before its own CONNECT when it is handed one while it connects, and
    a broker closes such a connection; so nothing is handed over before the broker has answered.
    """

    def __init__(self, client: paho.Client) -> None:
        self.client = client
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._lock = threading.Lock()

    def send(self, topic: str, payload: bytes) -> None:
        """Send a message now or, while there is no connection, as soon as there is one."""
        with self._lock:
            if self._waiting or not self.client.is_connected():
                self._waiting.append((topic, payload))
            else:
                self.client.publish(topic, payload, qos=1)

    def catch_up(self) -> None:
        """Send what has waited, in its order."""
        with self._lock:
            while self._waiting:
                self.client.publish(*self._waiting.popleft(), qos=1)


class _Fleet:
    """
    The lines of all devices that have spoken, and how many messages are under way.

    Each line has a thread of paho's own; `_changed` guards what their callbacks touch.
    """

    def __init__(
        self, *, broker: BrokerAddress, credentials: Mapping[str, str], options: PublishOptions
    ) -> None:
        self._broker = broker
        self._credentials = credentials
        self._options = options
        self._lines: dict[str, _Line] = {}
        self._changed = threading.Condition()
        self._refused: str | None = None
        self._is_unreachable = False
        self.in_flight = 0
        self.reconnects = 0

    def wait_for_room(self, stop: threading.Event) -> bool:
        """Wait until another message may be sent; return False when stopped meanwhile."""
        with self._changed:
            while self.in_flight >= self._options.max_in_flight:
                self._raise_refusal()
                if stop.is_set():
                    return False
                self._changed.wait(self._options.poll_s)
            self._raise_refusal()
        return not stop.is_set()

    def send(self, bundle: Sequence[SimulatedEvent]) -> None:
        """Hand one message to the device's line, which keeps it until it is acknowledged."""
        line = self._line_of(bundle[0])
        with self._changed:
            self.in_flight += 1
        line.send(topic_of(bundle[0]), payload_of(bundle))

    def drain(self) -> None:
        """Wait for acknowledgements, as long as the options allow."""
        deadline = time.monotonic() + self._options.drain_s
        with self._changed:
            while self.in_flight and (left_s := deadline - time.monotonic()) > 0.0:
                self._raise_refusal()
                self._changed.wait(left_s)
            self._raise_refusal()

    def close(self) -> None:
        """Say goodbye on all lines, then wait for their threads."""
        for line in self._lines.values():
            line.client.on_disconnect = None
            line.client.disconnect()
        for line in self._lines.values():
            line.client.loop_stop()

    def _line_of(self, event: SimulatedEvent) -> _Line:
        line = self._lines.get(event.device_id)
        if line is None:
            line = self._lines[event.device_id] = self._new_line(event)
            line.client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
            line.client.loop_start()
        return line

    def _new_line(self, event: SimulatedEvent) -> _Line:
        password = self._credentials.get(event.device_id)
        if password is None:
            raise NotFound(f"no password for device {event.device_id}")
        name = self._options.username(event.tenant_id, event.device_id)
        client = new_client(
            paho.Client,
            self._broker,
            client_id=f"wf-{event.tenant_id}-{event.device_id}",
            reconnect_s=RECONNECT_S,
            account=(name, password),
        )
        line = _Line(client)
        client.on_connect = partial(self._on_connect, line, name)
        client.on_connect_fail = partial(self._on_connect_fail, name)
        client.on_disconnect = partial(self._on_disconnect, name)
        client.on_publish = self._on_publish
        return line

    def _on_connect(self, line: _Line, name: str, *answer: Any) -> None:
        _client, _userdata, _flags, reason, _properties = answer
        if not reason.is_failure:
            with self._changed:
                self._is_unreachable = False
            line.catch_up()
            return
        with self._changed:
            self._refused = f"{name}: {reason}"
            self._changed.notify_all()

    def _on_connect_fail(self, name: str, *_client: Any) -> None:
        # Thirty devices try every few seconds: the first failure after a success is told.
        with self._changed:
            is_news, self._is_unreachable = not self._is_unreachable, True
        if is_news:
            logger.warning(
                "device %s cannot reach the broker at %s:%s, trying again",
                *(name, self._broker.host, self._broker.port),
            )

    def _on_disconnect(self, name: str, *news: Any) -> None:
        _client, _userdata, _flags, reason, _properties = news
        logger.warning("device %s lost the broker (%s), trying again", name, reason)
        with self._changed:
            self.reconnects += 1

    def _on_publish(self, *_acknowledgement: Any) -> None:
        with self._changed:
            self.in_flight -= 1
            self._changed.notify_all()

    def _raise_refusal(self) -> None:
        if self._refused is not None:
            raise NotAllowed(f"the broker refused {self._refused}")
