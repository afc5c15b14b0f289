"""What was received and not yet carried: bounded in messages and bytes, taken in batches."""

import threading
import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Received:
    """
    One message as the client handed it over.

    Args:
        mid: the broker's number for it, good for one connection.
        connection: which connection brought it; on another one the number means nothing.
        arrived_s: by the monotonic clock, seconds.
    """

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int
    arrived_s: float


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """
    How much may wait, and how a batch is cut.

    Args:
        messages: as many as the broker may send unacknowledged, and as many again of QoS 0.
        payload_bytes: all that may wait; one message alone may be larger.
        batch_messages: a batch is full at this size, whatever the time.
        batch_bytes: and at this: SQLite has one writer, who should not write for long.
        linger_s: a batch is cut when its first message has waited this long.
    """

    messages: int = 1000
    payload_bytes: int = 32 * 1024 * 1024
    batch_messages: int = 500
    batch_bytes: int = 512 * 1024
    linger_s: float = 0.02


class Inbox:
    """Between the network's thread, which offers, and the database's, which takes."""

    def __init__(self, limits: InboxLimits) -> None:
        self._limits = limits
        self._waiting: deque[Received] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, message: Received) -> bool:
        """
        Add a message, waiting for room: who waits here reads nothing more from the network.

        Returns:
            False when the inbox is closed: the message stays with the broker, unacknowledged.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room(message))
            if self._is_closed:
                return False
            self._waiting.append(message)
            self._bytes += len(message.payload)
            # Waking the taker for each message would cost more than reading it.
            if len(self._waiting) == 1 or self._is_full_batch():
                self._changed.notify_all()
            return True

    def take(self, *, wait_s: float) -> list[Received]:
        """Return a batch in order of arrival; empty when nothing came within `wait_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._waiting), wait_s):
                return []
            left_s = self._waiting[0].arrived_s + self._limits.linger_s - time.monotonic()
            if left_s > 0 and not self._is_closed:
                self._changed.wait_for(lambda: self._is_closed or self._is_full_batch(), left_s)
            batch = self._cut()
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Take nothing more in; what waits can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _has_room(self, message: Received) -> bool:
        if not self._waiting:
            return True
        fits = self._bytes + len(message.payload) <= self._limits.payload_bytes
        return fits and len(self._waiting) < self._limits.messages

    def _is_full_batch(self) -> bool:
        return (
            len(self._waiting) >= self._limits.batch_messages
            or self._bytes >= self._limits.batch_bytes
        )

    def _cut(self) -> list[Received]:
        batch: list[Received] = []
        n_bytes = 0
        while self._waiting and len(batch) < self._limits.batch_messages:
            n_bytes += len(self._waiting[0].payload)
            if batch and n_bytes > self._limits.batch_bytes:
                break
            batch.append(self._waiting.popleft())
        self._bytes -= sum(len(message.payload) for message in batch)
        return batch
