import threading
import time

import pytest

from watchfloor.entrypoints.mqtt.inbox import Inbox, InboxLimits, Received

# No test waits for this to pass: it stands for "not by time".
FOREVER_S = 60.0


def message(number: int = 1, *, size: int = 1) -> Received:
    return Received(
        topic="wf/acme/phone/telemetry",
        payload=b"x" * size,
        mid=number,
        qos=1,
        connection=1,
        arrived_s=time.monotonic(),
    )


def mids(batch):
    return [one.mid for one in batch]


class TestInbox:
    def test_cuts_a_batch_at_its_size_without_waiting(self):
        inbox = Inbox(InboxLimits(batch_messages=3, linger_s=FOREVER_S))
        for number in range(5):
            inbox.offer(message(number))

        assert mids(inbox.take(wait_s=FOREVER_S)) == [0, 1, 2]
        assert len(inbox) == 2

    def test_cuts_a_batch_by_time(self):
        inbox = Inbox(InboxLimits(linger_s=0.001))
        inbox.offer(message())

        assert mids(inbox.take(wait_s=FOREVER_S)) == [1]

    def test_cuts_a_batch_at_its_bytes(self):
        inbox = Inbox(InboxLimits(batch_bytes=100, linger_s=FOREVER_S))
        for number in range(4):
            inbox.offer(message(number, size=40))

        assert mids(inbox.take(wait_s=FOREVER_S)) == [0, 1]

    def test_takes_a_message_larger_than_a_batch_alone(self):
        inbox = Inbox(InboxLimits(batch_bytes=100, payload_bytes=100, linger_s=FOREVER_S))
        inbox.offer(message(1, size=500))

        assert mids(inbox.take(wait_s=FOREVER_S)) == [1]

    def test_returns_nothing_when_nothing_comes(self):
        inbox = Inbox(InboxLimits())

        assert inbox.take(wait_s=0.0) == []

    @pytest.mark.parametrize(
        "limits",
        [
            InboxLimits(messages=2, batch_messages=1, linger_s=0.0),
            InboxLimits(payload_bytes=100, batch_messages=1, linger_s=0.0),
        ],
        ids=["messages", "bytes"],
    )
    def test_makes_the_reader_wait_while_it_is_full(self, limits):
        inbox = Inbox(limits)
        inbox.offer(message(1, size=50))
        inbox.offer(message(2, size=50))
        reader = threading.Thread(target=inbox.offer, args=(message(3, size=50),))
        reader.start()
        reader.join(0.1)
        was_waiting = reader.is_alive()

        first = inbox.take(wait_s=0.0)
        reader.join(10.0)

        assert was_waiting
        assert not reader.is_alive()
        assert mids(first) == [1]
        assert len(inbox) == 2

    def test_releases_a_waiting_reader_when_closed_and_keeps_what_it_has(self):
        inbox = Inbox(InboxLimits(messages=1))
        inbox.offer(message(1))
        answers = []
        reader = threading.Thread(target=lambda: answers.append(inbox.offer(message(2))))
        reader.start()

        inbox.close()
        reader.join(10.0)

        assert answers == [False]
        assert mids(inbox.take(wait_s=0.0)) == [1]
