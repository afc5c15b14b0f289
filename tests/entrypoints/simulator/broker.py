"""An MQTT broker in a thread of the test, and a subscriber that keeps what it hears."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

EAR = "test/ear"
PASSWORDS: dict[str, str] = {EAR: "open"}


class PasswordPlugin(BaseAuthPlugin):
    """Let in whoever knows the password in PASSWORDS."""

    async def authenticate(self, *, session) -> bool:
        return PASSWORDS.get(session.username) == session.password


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_broker(port: int, passwords: Mapping[str, str]) -> Iterator[None]:
    """Run a broker on a port of this machine until the block ends."""
    PASSWORDS.update(passwords)
    loop = asyncio.new_event_loop()
    ready, thread = threading.Event(), None
    broker: list[Broker] = []

    async def start() -> None:
        one = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
                "plugins": {f"{PasswordPlugin.__module__}.{PasswordPlugin.__qualname__}": {}},
            }
        )
        await one.start()
        broker.append(one)
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(broker[0].shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass
class Ear:
    """Hears every message under wf/ and counts events."""

    messages: list[tuple[str, object]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def events(self) -> list[dict]:
        """Every event heard so far, bundles unpacked, in order."""
        heard = [body if isinstance(body, list) else [body] for _, body in self.messages]
        return [event for bundle in heard for event in bundle]

    def wait_for(self, n_events: int, timeout_s: float = 20.0) -> None:
        """Wait until so many events were heard; fail by name otherwise."""
        with self.changed:
            arrived = self.changed.wait_for(lambda: len(self.events) >= n_events, timeout_s)
        assert arrived, f"heard {len(self.events)} of {n_events} events"


@contextmanager
def listening(port: int) -> Iterator[Ear]:
    """Subscribe to everything until the block ends; subscribed anew after a lost broker."""
    ear, subscribed = Ear(), threading.Event()

    def keep(_client, _data, message) -> None:
        with ear.changed:
            ear.messages.append((message.topic, json.loads(message.payload)))
            ear.changed.notify_all()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="ear")
    client.username_pw_set(EAR, PASSWORDS[EAR])
    client.reconnect_delay_set(1, 1)
    client.on_connect = lambda one, *_: one.subscribe("wf/#", qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = keep
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert subscribed.wait(10)
    try:
        yield ear
    finally:
        client.disconnect()
        client.loop_stop()
