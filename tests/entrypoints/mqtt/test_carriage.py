import json
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from entrypoints.mqtt.phones import event

from watchfloor.entrypoints.mqtt.carriage import Carriage, Interrupted, Patience
from watchfloor.entrypoints.mqtt.inbox import Received
from watchfloor.entrypoints.mqtt.tally import Tally
from watchfloor.noc.models import ActivitySignal, DeadLetter
from watchfloor.workflows.security_anomaly import handle_signals

HASTY = Patience(first_s=0.0, longest_s=0.0, away=4, wrong=2)
TELEMETRY = "wf/acme/phone-alice/telemetry"


def received(topic: str, body: object) -> Received:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Received(
        topic=topic, payload=payload, mid=1, qos=1, connection=1, arrived_s=time.monotonic()
    )


def carriage(**options) -> Carriage:
    return Carriage(**{"stop": threading.Event(), "patience": HASTY, **options})


@contextmanager
def database_away(*, for_queries: int):
    """Let the next queries of this thread fail as they do when the server has gone."""
    left = [for_queries]

    def refuse(execute, sql, params, many, context):
        if left[0] > 0:
            left[0] -= 1
            raise OperationalError("the server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield left


class Chokes:
    """The workflow, but for messages that hold a word."""

    def __init__(self, word: bytes, error: Exception) -> None:
        self.word, self.error = word, error
        self.calls = 0

    def __call__(self, *, tenant, messages, now):
        self.calls += 1
        if any(self.word in message.payload for message in messages):
            raise self.error
        return handle_signals(tenant=tenant, messages=messages, now=now)


@pytest.mark.usefixtures("tenant", "other_tenant")
class TestCarriage:
    def test_carries_each_tenants_events_to_its_own_rows(self):
        batch = [
            received(TELEMETRY, event("e1")),
            received("wf/borealis/phone-eve/telemetry", event("e1")),
            received(TELEMETRY, [event("e2"), event("e3"), event("e1")]),
        ]

        tally = carriage().carry(batch)

        assert tally == Tally(stored=4, duplicate=1)
        assert tally.received == 5
        stored = ActivitySignal.objects.values_list("tenant__code", "event_id")
        assert sorted(stored) == [
            ("acme", "e1"),
            ("acme", "e2"),
            ("acme", "e3"),
            ("borealis", "e1"),
        ]

    @pytest.mark.parametrize(
        ("topic", "field"),
        [
            ("wf/acme/phone-alice/oven", "kind"),
            ("wf/acme/../telemetry", "device"),
            ("wf/nobody/phone-alice/telemetry", "tenant"),
            ("wf/acme/phone\x00/telemetry", "device"),
        ],
    )
    def test_keeps_what_fits_no_tenants_stream_with_the_platform(self, topic, field):
        tally = carriage().carry([received(topic, event("e1"))])

        letter = DeadLetter.objects.get()
        assert tally == Tally(dead=1)
        assert (letter.tenant.code, letter.field, letter.door) == ("platform", field, "mqtt")
        assert "\0" not in letter.topic

    def test_isolates_one_of_five_hundred_in_few_transactions(self):
        batch = [received(TELEMETRY, event(f"e{number}")) for number in range(500)]
        batch[321] = received(TELEMETRY, event("poison"))
        chokes = Chokes(b"poison", ValueError("cannot score this"))

        carriage(handle=chokes).carry(batch)

        # Halving: log2(500) < 9 cuts, each with 2 tries of the bad part and 1 of the good one,
        # after 2 of the whole and with 2 of the message itself.
        assert chokes.calls <= 2 + 9 * 3 + 2


@pytest.mark.usefixtures("floor")
class TestPoison:
    @pytest.mark.parametrize(
        "error",
        [ValueError("cannot score this"), OperationalError("integer out of range")],
        ids=["a fault of the program", "looks like an outage"],
    )
    def test_keeps_a_message_that_fails_alone_and_carries_its_neighbours(self, error):
        batch = [received(TELEMETRY, event(f"e{number}")) for number in range(20)]
        batch[13] = received(TELEMETRY, event("poison"))
        chokes = Chokes(b"poison", error)

        tally = carriage(handle=chokes).carry(batch)

        letter = DeadLetter.objects.get()
        assert tally == Tally(stored=19, dead=1)
        assert ActivitySignal.objects.count() == 19
        assert (letter.tenant.code, letter.field) == ("acme", "message")
        assert str(error) in letter.error
        assert json.loads(bytes(letter.payload))["event_id"] == "poison"


@pytest.mark.usefixtures("floor")
class TestWhileTheDatabaseIsAway:
    @pytest.mark.parametrize("for_queries", [1, 3, 40])
    def test_waits_and_then_stores_everything(self, for_queries):
        batch = [received(TELEMETRY, event(f"e{number}")) for number in range(8)]
        batch.append(received("wf/acme/phone-alice/oven", event("e9")))

        with database_away(for_queries=for_queries) as left:
            tally = carriage().carry(batch)

        assert left == [0]
        assert tally == Tally(stored=8, dead=1)
        assert ActivitySignal.objects.count() == 8
        assert DeadLetter.objects.get().field == "kind"

    def test_finds_duplicates_when_the_answer_to_a_commit_was_lost(self):
        answers = [OperationalError("the server closed the connection unexpectedly"), None]

        def handle(**batch):
            results = handle_signals(**batch)
            if (error := answers.pop(0)) is not None:
                raise error
            return results

        tally = carriage(handle=handle).carry([received(TELEMETRY, event("e1"))])

        assert tally == Tally(duplicate=1)
        assert ActivitySignal.objects.count() == 1

    def test_gives_the_batch_back_when_told_to_stop(self):
        stop = threading.Event()
        stop.set()

        with database_away(for_queries=10_000), pytest.raises(Interrupted):
            carriage(stop=stop).carry([received(TELEMETRY, event("e1"))])

        assert not ActivitySignal.objects.exists()
        assert not DeadLetter.objects.exists()


class TestPatience:
    def test_doubles_its_pauses_up_to_the_longest(self):
        patience = Patience(first_s=0.1, longest_s=1.0)

        pauses = [patience.pause_s(n) for n in (1, 2, 3, 4, 5, 1000)]

        assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
