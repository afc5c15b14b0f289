"""
amqtt's broker, made safe for events: who may speak, and what "taken" means.

amqtt 0.12 acknowledges a device before anybody else has the message, gives up on a subscriber
that takes longer than five seconds or reconnects, sends wills anywhere, and lets an
unauthenticated client take over a session by its id. Here a device is acknowledged when the
ingest has acknowledged, identity comes before session, and nobody but the ingest subscribes.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, ListenerConfig
from amqtt.errors import MQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, SERVER_UNAVAILABLE, ConnackPacket
from amqtt.mqtt.constants import QOS_0, QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.pubcomp import PubcompPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.pubrec import PubrecPacket
from amqtt.mqtt.pubrel import PubrelPacket
from amqtt.session import Session

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints.mqtt.held_messages import Held, HeldMessages, HoldLimits
from watchfloor.entrypoints.mqtt.topics import may_publish
from watchfloor.entrypoints.mqtt_terms import EVERY_TOPIC, MAX_PACKET_BYTES, ROOT

log = structlog.get_logger(__name__)

REFUSED = 0x80
CONNECT_WITHIN_S = 10.0
SESSION_EXPIRY_S = 3600

Authenticate = Callable[[str, str], Awaitable[bool]]


class EventBroker(Broker):  # type: ignore[misc]
    """The broker of one process; its one subscriber is the ingest."""

    def __init__(
        self, *, listening: socket.socket, internal_user: str, authenticate: Authenticate
    ) -> None:
        """
        Use a socket that listens already.

        Args:
            internal_user: the account that may subscribe, and publish for every device.
            authenticate: asked with user name and password; raises NotReady when nobody can say.
        """
        super().__init__(
            {
                "listeners": {"default": {"type": "tcp", "bind": "unused:0"}},
                "plugins": {},
                "session_expiry_interval": SESSION_EXPIRY_S,
            }
        )
        self._listening = listening
        self._internal_user = internal_user
        self._ask = authenticate
        self._room = asyncio.Event()
        self._room.set()
        self.held = HeldMessages(limits=HoldLimits(), on_room=self._on_room)

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve one connection."""
        bounded, quiet = BoundedReader(reader, room=self._room), QuietWriter(writer)
        try:
            await self._client_connected(listener_name, bounded, quiet)
        except OSError as error:
            log.debug("mqtt.connection_lost", error=str(error))
        finally:
            writer.close()

    def is_internal(self, session: Session) -> bool:
        """Return whether this is the ingest or the simulator, and no device."""
        return bool(session.username == self._internal_user)

    def may_publish(self, session: Session, topic: str) -> bool:
        """Return whether a session may publish there; devices have only their own topics."""
        if self.is_internal(session):
            return topic.startswith(f"{ROOT}/")
        return may_publish(session.username or "", topic)

    async def _create_server_instance(self, listener_name: str, *_: Any) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.stream_connected(reader, writer, listener_name)

        return await asyncio.start_server(connected, sock=self._listening)

    async def _initialize_client_session(
        self, reader: "BoundedReader", writer: "QuietWriter", *_: Any
    ) -> tuple["EventHandler", Session]:
        try:
            handler, session = await asyncio.wait_for(
                EventHandler.init_from_connect(reader, writer, self.plugins_manager),
                CONNECT_WITHIN_S,
            )
        except TimeoutError as error:
            raise MQTTError("said nothing after connecting") from error
        if (refusal := await self._refusal(session)) is not None:
            await ConnackPacket.build(0, refusal).to_stream(writer)
            raise MQTTError(f"refused {session.username!r}")
        handler.broker = self
        # A session belongs to who proved to be its owner, whatever id another client names.
        session.client_id = f"{session.username}/{session.client_id}"
        reader.is_gated = not self.is_internal(session)
        return handler, await self._resumed(session)

    async def _refusal(self, session: Session) -> int | None:
        try:
            known = await self._ask(session.username or "", session.password or "")
        except NotReady:
            return int(SERVER_UNAVAILABLE)
        if not known:
            log.warning(
                "mqtt.device_refused", user=session.username, address=session.remote_address
            )
            return int(NOT_AUTHORIZED)
        return None

    async def _resumed(self, session: Session) -> Session:
        if session.clean_session:
            await self._delete_session(session.client_id)
            return session
        known, _ = self._sessions.get(session.client_id, (None, None))
        if known is None:
            return session
        for name in ("will_flag", "will_message", "will_topic", "will_qos", "keep_alive"):
            setattr(known, name, getattr(session, name))
        known.parent = 1
        return known

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return True  # nobody comes this far without it

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        is_ingest = self.is_internal(session) and topic == EVERY_TOPIC
        return is_ingest if action == Action.SUBSCRIBE else self.may_publish(session, topic)

    async def _handle_subscription(
        self, client_session: Session, handler: "EventHandler", subscribe_waiter: Any
    ) -> None:
        asked = subscribe_waiter.result()
        codes = [await self.add_subscription(one, client_session) for one in asked.topics]
        await handler.mqtt_acknowledge_subscription(asked.packet_id, codes)
        if any(code != REFUSED for code in codes):
            self.held.attach(handler)
        else:
            log.warning("mqtt.subscription_refused", user=client_session.username)

    async def _broadcast_message(
        self, session: Session, topic: str, data: bytes, force_qos: int | None = None
    ) -> None:
        # Only wills come this way: what a device says goes through its handler.
        if self.may_publish(session, topic):
            self.held.put(Held(topic, bytes(data), settle=_nobody_waits))

    def _on_room(self, has_room: bool) -> None:
        (self._room.set if has_room else self._room.clear)()


class EventHandler(BrokerProtocolHandler):  # type: ignore[misc]
    """One connection: a device that publishes, or the ingest that is sent to."""

    broker: EventBroker
    has_been_refused = False

    def send(self, packet_id: int, held: Held) -> None:
        """Write a message to the ingest; all are sent with QoS 1, so that all are counted."""
        packet = PublishPacket.build(
            held.topic, held.payload, packet_id, held.is_repeat, QOS_1, False
        )
        self._write(packet)

    async def stop(self) -> None:
        """End this connection; what it had not acknowledged waits for the next."""
        if hasattr(self, "broker"):
            self.broker.held.detach(self)
        await super().stop()

    async def handle_publish(self, publish_packet: PublishPacket) -> None:
        """Hold a device's message, and answer when the ingest has it for good."""
        topic, payload = publish_packet.topic_name or "", publish_packet.data or b""
        settle = self._answer_to(publish_packet)
        if not self.broker.may_publish(self.session, topic):
            self._note_refusal(topic)
            # MQTT 3.1.1 has no word for "no"; without an answer it would be sent forever.
            settle()
        else:
            self.broker.held.put(Held(topic, payload, settle))

    async def handle_puback(self, puback: PubackPacket) -> None:
        """Settle a message that the ingest has committed."""
        if self.broker.is_internal(self.session):
            self.broker.held.acknowledge(puback.packet_id)

    async def handle_pubrel(self, pubrel: PubrelPacket) -> None:
        """Close a QoS 2 exchange; a repeat of it is told by its event id."""
        self._write(PubcompPacket.build(pubrel.packet_id))

    async def _retry_deliveries(self) -> None:
        """Do nothing: what is held is sent after the ingest has subscribed."""

    def _answer_to(self, packet: PublishPacket) -> Callable[[], None]:
        if packet.qos == QOS_0:
            return _nobody_waits
        answer = PubackPacket if packet.qos == QOS_1 else PubrecPacket
        return lambda: self._write(answer.build(packet.packet_id))

    def _write(self, packet: Any) -> None:
        if self.writer is not None:
            self.writer.write(packet.to_bytes())

    def _note_refusal(self, topic: str) -> None:
        # Once a connection: a device that tries it in a loop must not fill the log.
        if not self.has_been_refused:
            self.has_been_refused = True
            log.warning("mqtt.topic_refused", user=self.session.username, topic=topic)


class BoundedReader(StreamReaderAdapter):  # type: ignore[misc]
    """Reads no packet beyond the limit, and nothing of a device while too much waits."""

    def __init__(self, reader: asyncio.StreamReader, *, room: asyncio.Event) -> None:
        super().__init__(reader)
        self._room = room
        self._is_broken = False
        # A device is held back once it is known as one; the ingest never, for it makes room.
        self.is_gated = False

    async def read(self, n: int = -1) -> bytes:
        """
        Return exactly `n` bytes.

        Raises:
            ConnectionResetError: more than a packet may hold, and from then on always.
        """
        if n > MAX_PACKET_BYTES:
            log.warning("mqtt.packet_too_large", bytes=n)
            # What follows is the middle of a packet: nothing after it can be understood.
            self._is_broken = True
        if self._is_broken:
            raise ConnectionResetError("a packet was too large")
        if self.is_gated:
            await self._room.wait()
        return bytes(await super().read(n))


class QuietWriter(StreamWriterAdapter):  # type: ignore[misc]
    """Writes nothing to a connection that is going away."""

    def write(self, data: bytes) -> None:
        """Write, unless the other side has left; it will ask again."""
        if not self._writer.is_closing():
            super().write(data)


def _nobody_waits() -> None:
    """Answer nobody: the sender asked for no acknowledgement."""
