"""
The ingest's own connection to the broker: read, batch, carry, and only then acknowledge.

Two threads: paho's reads the network and fills the inbox; the caller's empties it into the
database. The first waits while the inbox is full, so that memory is bounded by what the broker
holds back.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import connections
from paho.mqtt import client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from watchfloor.entrypoints import clock, telemetry
from watchfloor.entrypoints.broker_address import BrokerAddress
from watchfloor.entrypoints.ingest_health import IngestHealth
from watchfloor.entrypoints.mqtt.carriage import DOOR, Carriage, Interrupted
from watchfloor.entrypoints.mqtt.inbox import Inbox, InboxLimits, Received
from watchfloor.entrypoints.mqtt.tally import Tally
from watchfloor.entrypoints.mqtt_client import new_client
from watchfloor.entrypoints.mqtt_terms import RECEIVE_MAXIMUM

log = structlog.get_logger(__name__)

KEEPALIVE_S = 60
# How long a quiet ingest sleeps before it looks whether it should stop.
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class SubscriberOptions:
    """
    How one ingest process listens.

    Args:
        client_id: the same after a restart, so that the broker finds the session again, and
            another for each ingest process of an installation.
        reconnect_s: first and longest pause between tries to connect.
    """

    client_id: str
    limits: InboxLimits = field(default_factory=InboxLimits)
    reconnect_s: tuple[int, int] = (1, 30)


class _WatchedClient(paho.Client):
    """paho's client, telling when its network thread has ended."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.has_ended = threading.Event()

    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        """Serve the network; paho's own thread runs this."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        finally:
            self.has_ended.set()


class Subscriber:
    """One connection that is kept up until told to stop."""

    def __init__(
        self, *, broker: BrokerAddress, carriage: Carriage, options: SubscriberOptions
    ) -> None:
        self._broker = broker
        self._carriage = carriage
        self._inbox = Inbox(options.limits)
        self._client = self._new_client(options)
        # Guards which connection is up: a number of an old one may mean another message now.
        self._connection_lock = threading.Lock()
        self._connection = 0
        self._is_connected = False
        self._last_message_at: datetime | None = None
        self._tally = Tally()

    @property
    def is_connected(self) -> bool:
        """Whether it is signed in and subscribed."""
        return self._is_connected

    @property
    def tally(self) -> Tally:
        """Events counted since the start, after commit."""
        return self._tally

    def health(self) -> IngestHealth:
        """Return one look at the connection and its counts."""
        tally = self._tally
        return IngestHealth(
            is_connected=self._is_connected,
            last_message_at=self._last_message_at,
            waiting=len(self._inbox),
            received=tally.received,
            stored=tally.stored,
            duplicate=tally.duplicate,
            dead=tally.dead,
        )

    def run(self, stop: threading.Event) -> None:
        """
        Listen until told to stop; then finish what was received, acknowledge and say goodbye.

        Raises:
            ConnectionError: the network's thread ended by itself, which is a fault of the
                program: a lost connection is made again without a word to the caller.
        """
        self._start_connecting()
        try:
            while not stop.is_set():
                self._settle(self._inbox.take(wait_s=LOOK_S))
                self._check_network()
            self._inbox.close()
            while batch := self._inbox.take(wait_s=0.0):
                self._settle(batch)
        except Interrupted:
            log.warning("mqtt.stopped_while_database_away", waiting=len(self._inbox))
        finally:
            # The network's thread may wait for room that nobody will make any more.
            self._inbox.close()
            self._client.disconnect()
            self._client.loop_stop()
            self._is_connected = False
            connections.close_all()

    def _check_network(self) -> None:
        if self._client.has_ended.is_set():
            raise ConnectionError("the network's thread of the MQTT client ended")

    def _new_client(self, options: SubscriberOptions) -> _WatchedClient:
        embedded = self._broker.is_embedded
        client = new_client(
            _WatchedClient,
            self._broker,
            client_id=options.client_id,
            reconnect_s=options.reconnect_s,
            protocol=paho.MQTTv311 if embedded else paho.MQTTv5,
            # Under MQTT 5 this is said at connecting, and may not be said here.
            clean_session=False if embedded else None,
            manual_ack=True,
        )
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _start_connecting(self) -> None:
        if self._broker.is_embedded:
            self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE_S)
        else:
            session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            session.SessionExpiryInterval = self._broker.session_expiry_s
            session.ReceiveMaximum = RECEIVE_MAXIMUM
            self._client.connect_async(
                self._broker.host,
                self._broker.port,
                KEEPALIVE_S,
                clean_start=False,
                properties=session,
            )
        self._client.loop_start()

    def _settle(self, batch: Sequence[Received]) -> None:
        if not batch:
            return
        tally = self._carriage.carry(batch)
        self._tally += tally
        for status in ("stored", "duplicate", "dead"):
            telemetry.EVENTS.labels(door=DOOR, status=status).inc(getattr(tally, status))
        self._acknowledge(batch)
        telemetry.BATCH_SECONDS.labels(door=DOOR).observe(time.monotonic() - batch[0].arrived_s)

    def _acknowledge(self, batch: Sequence[Received]) -> None:
        with self._connection_lock:
            for message in batch:
                # What another connection brought is sent again on this one, and is a duplicate.
                if message.qos and message.connection == self._connection:
                    self._client.ack(message.mid, message.qos)

    def _on_connect(
        self, client: paho.Client, _: Any, flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            log.error("mqtt.refused", host=self._broker.host, reason=str(reason))
            return
        log.info("mqtt.connected", host=self._broker.host, resumed=flags.session_present)
        client.subscribe(self._broker.subscription, qos=1)

    def _on_connect_fail(self, _client: paho.Client, _: Any) -> None:
        log.warning("mqtt.unreachable", host=self._broker.host, port=self._broker.port)

    def _on_subscribe(
        self, _client: paho.Client, _: Any, _mid: int, reasons: list[ReasonCode], _props: Any
    ) -> None:
        if refused := [str(reason) for reason in reasons if reason.is_failure]:
            log.error(
                "mqtt.subscription_refused", filter=self._broker.subscription, reasons=refused
            )
            return
        self._is_connected = True

    def _on_disconnect(
        self, _client: paho.Client, _: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self._is_connected = False
        with self._connection_lock:
            self._connection += 1
        if reason.is_failure:
            log.warning("mqtt.connection_lost", host=self._broker.host, reason=str(reason))

    def _on_message(self, _client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        self._last_message_at = clock.real_now()
        self._inbox.offer(
            Received(
                topic=_topic_of(message),
                payload=bytes(message.payload),
                mid=message.mid,
                qos=message.qos,
                connection=self._connection,
                arrived_s=time.monotonic(),
            )
        )


def _topic_of(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "(a topic that is not UTF-8)"
