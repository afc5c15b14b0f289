import pytest

from watchfloor.entrypoints.mqtt.held_messages import (
    MAX_PACKET_ID,
    Held,
    HeldMessages,
    HoldLimits,
)


class Wire:
    """Stands for the ingest's connection: what was written to it."""

    def __init__(self) -> None:
        self.sent = []

    def send(self, packet_id, held):
        self.sent.append((packet_id, held))

    @property
    def topics(self):
        return [held.topic for _, held in self.sent]


class Floor:
    """Held messages with what they told: which are settled, and whether there is room."""

    def __init__(self, **limits) -> None:
        self.room, self.settled = [], []
        self.messages = HeldMessages(limits=HoldLimits(**limits), on_room=self.room.append)

    def put(self, *topics, size=1):
        for topic in topics:
            self.messages.put(Held(topic, b"x" * size, lambda t=topic: self.settled.append(t)))


class TestHeldMessages:
    def test_waits_for_the_ingest_and_keeps_the_order(self):
        floor, wire = Floor(), Wire()
        floor.put("a", "b")

        floor.messages.attach(wire)
        floor.put("c")

        assert wire.topics == ["a", "b", "c"]
        assert floor.settled == []

    def test_tells_the_sender_when_the_ingest_has_acknowledged(self):
        floor, wire = Floor(), Wire()
        floor.messages.attach(wire)
        floor.put("a", "b")

        floor.messages.acknowledge(wire.sent[1][0])

        assert floor.settled == ["b"]
        assert len(floor.messages) == 1

    def test_sends_again_on_the_next_connection_what_was_not_acknowledged(self):
        floor, first, second = Floor(), Wire(), Wire()
        floor.messages.attach(first)
        floor.put("a", "b", "c")
        floor.messages.acknowledge(first.sent[0][0])

        floor.messages.detach(first)
        floor.put("d")
        floor.messages.attach(second)

        assert second.topics == ["b", "c", "d"]
        assert [held.is_repeat for _, held in second.sent] == [True, True, False]

    def test_stays_with_the_newer_connection_when_the_older_one_ends_late(self):
        floor, first, second = Floor(), Wire(), Wire()
        floor.messages.attach(first)
        floor.messages.attach(second)

        floor.messages.detach(first)
        floor.put("a")

        assert second.topics == ["a"]

    def test_sends_no_more_than_the_window(self):
        floor, wire = Floor(in_flight=2), Wire()
        floor.messages.attach(wire)

        floor.put("a", "b", "c")
        before = list(wire.topics)
        floor.messages.acknowledge(wire.sent[0][0])

        assert before == ["a", "b"]
        assert wire.topics == ["a", "b", "c"]

    def test_sends_no_more_bytes_than_the_window_but_always_one(self):
        floor, wire = Floor(in_flight_bytes=100), Wire()
        floor.messages.attach(wire)

        floor.put("a", "b", size=500)

        assert wire.topics == ["a"]

    def test_says_when_there_is_no_room_and_when_there_is_again(self):
        floor, wire = Floor(waiting=2), Wire()

        floor.put("a", "b")
        floor.messages.attach(wire)

        assert floor.room == [False, True]

    def test_ignores_an_acknowledgement_of_nothing(self):
        floor = Floor()

        floor.messages.acknowledge(17)

        assert floor.settled == []

    def test_uses_no_number_twice_at_once_when_the_numbers_begin_again(self):
        floor, wire = Floor(), Wire()
        floor.messages.attach(wire)
        floor.put("slow")
        slow = wire.sent[0][0]

        for number in range(MAX_PACKET_ID):
            floor.put(f"quick {number}")
            floor.messages.acknowledge(wire.sent[-1][0])

        assert slow not in [packet_id for packet_id, _ in wire.sent[1:]]
        assert all(1 <= packet_id <= MAX_PACKET_ID for packet_id, _ in wire.sent)


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_message_is_held_like_any_other(size):
    floor, wire = Floor(), Wire()
    floor.messages.attach(wire)

    floor.put("a", size=size)

    assert wire.topics == ["a"]
