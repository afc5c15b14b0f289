"""
What the embedded broker holds for the ingest: sent again until acknowledged, in order, bounded.

The broker keeps nothing on disk. So it tells a device "taken" only when the ingest has said so,
after its commit; whatever is lost with the process is still with the devices, which send again.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from watchfloor.entrypoints.mqtt_terms import RECEIVE_MAXIMUM

MAX_PACKET_ID = 65535


@dataclass(frozen=True, slots=True)
class Held:
    """
    One message on its way to the ingest.

    Args:
        settle: called once, when the ingest has acknowledged it.
        is_repeat: it was sent before, on a connection that is gone.
    """

    topic: str
    payload: bytes
    settle: Callable[[], None]
    is_repeat: bool = False


class Receiver(Protocol):
    """The ingest's connection."""

    def send(self, packet_id: int, held: Held) -> None:
        """Hand a message to the network without waiting."""
        ...


@dataclass(frozen=True, slots=True)
class HoldLimits:
    """
    How much may be under way, and how much may wait before devices are read no further.

    Args:
        in_flight: messages sent and not acknowledged.
    """

    in_flight: int = RECEIVE_MAXIMUM
    in_flight_bytes: int = 8 * 1024 * 1024
    waiting: int = 2000
    waiting_bytes: int = 32 * 1024 * 1024


class HeldMessages:
    """Used by one event loop alone; nothing here waits."""

    def __init__(self, *, limits: HoldLimits, on_room: Callable[[bool], None]) -> None:
        """Call `on_room` with False when too much waits, and with True when there is room."""
        self._limits = limits
        self._on_room = on_room
        self._has_room = True
        self._waiting: deque[Held] = deque()
        self._waiting_bytes = 0
        self._in_flight: OrderedDict[int, Held] = OrderedDict()
        self._in_flight_bytes = 0
        self._packet_id = 0
        self._receiver: Receiver | None = None

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def put(self, held: Held) -> None:
        """Send a message as soon as the ingest is there and has room for it."""
        self._waiting.append(held)
        self._waiting_bytes += len(held.payload)
        self._pump()

    def attach(self, receiver: Receiver) -> None:
        """Send to this connection from now on, first what an earlier one did not acknowledge."""
        self._take_back()
        self._receiver = receiver
        self._pump()

    def detach(self, receiver: Receiver) -> None:
        """Hold everything until the ingest comes back; another connection than this one stays."""
        if self._receiver is receiver:
            self._receiver = None
            self._take_back()

    def acknowledge(self, packet_id: int) -> None:
        """Forget a message and tell its sender; an unknown number is an old one."""
        held = self._in_flight.pop(packet_id, None)
        if held is not None:
            self._in_flight_bytes -= len(held.payload)
            held.settle()
            self._pump()

    def _take_back(self) -> None:
        for held in reversed(self._in_flight.values()):
            again = Held(held.topic, held.payload, held.settle, is_repeat=True)
            self._waiting.appendleft(again)
            self._waiting_bytes += len(held.payload)
        self._in_flight.clear()
        self._in_flight_bytes = 0

    def _pump(self) -> None:
        while self._receiver is not None and self._waiting and self._may_send():
            held = self._waiting.popleft()
            self._waiting_bytes -= len(held.payload)
            packet_id = self._next_packet_id()
            self._in_flight[packet_id] = held
            self._in_flight_bytes += len(held.payload)
            self._receiver.send(packet_id, held)
        self._tell_room()

    def _may_send(self) -> bool:
        if not self._in_flight:
            return True
        fits = self._in_flight_bytes + len(self._waiting[0].payload) <= self._limits.in_flight_bytes
        return fits and len(self._in_flight) < self._limits.in_flight

    def _tell_room(self) -> None:
        has_room = (
            len(self._waiting) < self._limits.waiting
            and self._waiting_bytes < self._limits.waiting_bytes
        )
        if has_room != self._has_room:
            self._has_room = has_room
            self._on_room(has_room)

    def _next_packet_id(self) -> int:
        # Far fewer are under way than there are numbers, so a used one is met at most in passing.
        while True:
            self._packet_id = self._packet_id % MAX_PACKET_ID + 1
            if self._packet_id not in self._in_flight:
                return self._packet_id
