import hashlib
import json
import threading

from cast import ALICES_SECRET
from entrypoints.mqtt.malformed import MALFORMED, PHONE
from entrypoints.mqtt.phones import event, eventually

from watchfloor.entrypoints import ingest_health, telemetry
from watchfloor.entrypoints.mqtt.run import run_ingest
from watchfloor.entrypoints.mqtt.tally import Tally
from watchfloor.noc.models import ActivitySignal, DeadLetter
from watchfloor.workflows.security_anomaly import handle_signals


def stored_ids() -> list[str]:
    return sorted(ActivitySignal.objects.values_list("event_id", flat=True))


class TestIngest:
    def test_stores_an_event_and_counts_it(self, ingest, alice):
        before = _counted("stored")

        alice.say(PHONE, event("e1"))
        ingest.wait_for(1)

        assert stored_ids() == ["e1"]
        assert ingest.tally == Tally(stored=1)
        assert _counted("stored") == before + 1

    def test_stores_each_event_of_an_array_once(self, ingest, alice):
        alice.say(PHONE, [event("e1"), event("e2"), event("e1"), event("e3", battery=-1)])
        ingest.wait_for(4)

        assert stored_ids() == ["e1", "e2"]
        assert ingest.tally == Tally(stored=2, duplicate=1, dead=1)
        assert DeadLetter.objects.get().field == "events[3].battery"

    def test_stores_what_is_sent_again_once(self, ingest, alice):
        for _ in range(3):
            alice.say(PHONE, event("e1"))
        ingest.wait_for(3)

        assert stored_ids() == ["e1"]
        assert ingest.tally == Tally(stored=1, duplicate=2)

    def test_takes_every_quality_of_service(self, ingest, alice):
        for qos in (0, 1, 2):
            alice.say(PHONE, event(f"q{qos}"), qos=qos)
        ingest.wait_for(3)

        assert stored_ids() == ["q0", "q1", "q2"]

    def test_keeps_whatever_is_malformed_and_names_the_field(self, ingest, gateway, alice):
        sent = [
            gateway.publish(topic, _bytes(payload)) for topic, payload, _, _ in MALFORMED.values()
        ]
        for one in sent:
            one.wait_for_publish(20)
        alice.say(PHONE, event("after"))
        ingest.wait_for(len(MALFORMED) + 1)

        assert _letters() == {
            name: (field, tenant) for name, (_, _, field, tenant) in MALFORMED.items()
        }
        assert stored_ids() == ["after"]
        assert ingest.tally == Tally(stored=1, dead=len(MALFORMED))

    def test_keeps_the_head_of_two_megabytes_and_acknowledges_once(self, ingest, alice):
        alice.say(PHONE, b"x" * 2_000_000)
        ingest.wait_for(1)

        letter = DeadLetter.objects.get()
        assert (letter.payload_size, letter.truncated, letter.occurrences) == (2_000_000, True, 1)
        assert len(letter.payload) == 1024 * 1024

    def test_keeps_one_poisonous_message_apart_from_its_batch(self, start_ingest, alice):
        def handle(*, tenant, messages, now):
            if any(b"poison" in message.payload for message in messages):
                raise ZeroDivisionError("a fault that nobody had thought of")
            return handle_signals(tenant=tenant, messages=messages, now=now)

        ingest = start_ingest(handle=handle)
        sent = [alice.publish(PHONE, event(f"e{number}")) for number in range(30)]
        sent.append(alice.publish(PHONE, event("poison")))
        sent += [alice.publish(PHONE, event(f"f{number}")) for number in range(30)]
        ingest.wait_for(61)

        assert all(eventually(one.is_published) for one in sent)
        assert ingest.tally == Tally(stored=60, dead=1)
        assert "ZeroDivisionError" in DeadLetter.objects.get().error

    def test_has_one_effect_when_cut_off_between_commit_and_acknowledgement(
        self, start_ingest, alice
    ):
        cuts = []

        def handle_and_cut(**batch):
            results = handle_signals(**batch)
            if not cuts:
                cuts.append(True)
                ingest.cut_off()
            return results

        ingest = start_ingest(handle=handle_and_cut)
        sent = [alice.publish(PHONE, event(f"e{number}")) for number in range(10)]

        assert all(eventually(one.is_published) for one in sent)
        ingest.wait_for(11)
        assert stored_ids() == [f"e{number}" for number in range(10)]
        assert ingest.tally.stored == 10
        assert ingest.tally.duplicate >= 1

    def test_misses_nothing_while_it_is_away(self, start_ingest, alice):
        first = start_ingest()
        alice.say(PHONE, event("before"))
        first.stop()
        alice.publish(PHONE, event("meanwhile"))

        second = start_ingest()
        alice.say(PHONE, event("after"))
        second.wait_for(2)

        assert stored_ids() == ["after", "before", "meanwhile"]
        assert (first.tally.stored, second.tally.stored) == (1, 2)

    def test_goes_on_when_the_broker_comes_back(self, stand, ingest, alice):
        alice.say(PHONE, event("before"))

        stand.stop()
        was_disconnected = eventually(lambda: not ingest.subscriber.is_connected)
        alice.publish(PHONE, event("meanwhile"))
        stand.start()

        assert was_disconnected
        ingest.wait_for(2)
        assert stored_ids() == ["before", "meanwhile"]

    def test_finishes_what_it_received_when_stopped(self, start_ingest, alice):
        started, go_on = threading.Event(), threading.Event()

        def handle_slowly(**batch):
            started.set()
            go_on.wait(10)
            return handle_signals(**batch)

        ingest = start_ingest(handle=handle_slowly)
        first = alice.publish(PHONE, event("e1"))
        started.wait(10)
        second = alice.publish(PHONE, event("e2"))
        eventually(lambda: ingest.subscriber.health().waiting == 1)

        ingest.ask_to_stop()
        go_on.set()
        ingest.stop()

        assert stored_ids() == ["e1", "e2"]
        assert eventually(lambda: first.is_published() and second.is_published())

    def test_tells_how_it_is(self, ingest, alice):
        before = ingest.subscriber.health()

        alice.say(PHONE, event("e1"))
        ingest.wait_for(1)

        after = ingest.subscriber.health()
        assert (before.is_connected, before.last_message_at, before.received) == (True, None, 0)
        assert (after.received, after.stored, after.waiting) == (1, 1, 0)
        assert after.last_message_at is not None

    def test_is_told_to_the_pages_of_its_process_while_it_runs(self, stand, floor):
        stop = threading.Event()
        user, password = stand.ingest_account
        url = f"mqtt://{user.replace('/', '%2F')}:{password}@127.0.0.1:{stand.port}"
        thread = threading.Thread(
            target=run_ingest,
            args=(stop,),
            kwargs={"url": url, "is_embedded": stand.is_embedded},
        )
        thread.start()

        is_connected = eventually(lambda: (now := ingest_health.current()) and now.is_connected)
        stop.set()
        thread.join(20)

        assert is_connected
        assert ingest_health.current() is None


class TestAccess:
    def test_refuses_a_wrong_secret(self, connect):
        phone = connect("acme/phone-alice", "guessed")

        assert "authorized" in phone.refusal

    def test_refuses_somebody_without_a_name(self, connect):
        phone = connect("", "", client_id="nobody")

        assert phone.refusal

    def test_refuses_another_tenants_name_with_its_own_secret(self, connect):
        assert connect("borealis/phone-alice", ALICES_SECRET).refusal
        assert connect("acme/phone-bob", ALICES_SECRET).refusal

    def test_brings_nothing_from_a_device_under_a_foreign_topic(self, ingest, alice):
        alice.say("wf/borealis/phone-eve/telemetry", event("forged"))
        alice.say("wf/acme/phone-bob/telemetry", event("forged"))
        alice.say("wf/acme/phone-alice", event("forged"))
        alice.say(PHONE, event("own"))
        ingest.wait_for(1)

        assert stored_ids() == ["own"]
        assert not DeadLetter.objects.exists()

    def test_brings_no_will_to_a_foreign_topic(self, ingest, alice, connect):
        dying = connect(
            "acme/phone-alice",
            ALICES_SECRET,
            client_id="dying",
            will=("wf/borealis/phone-eve/telemetry", json.dumps(event("forged")).encode()),
        )
        dying.die()
        alice.say(PHONE, event("own"))
        ingest.wait_for(1)

        assert stored_ids() == ["own"]

    def test_shows_a_device_nothing_of_what_others_say(self, ingest, alice, gateway):
        heard = []
        alice.client.on_message = lambda _client, _data, message: heard.append(message.topic)
        alice.client.subscribe([("wf/#", 1), ("#", 1), ("$SYS/#", 0)])

        gateway.say("wf/acme/phone-bob/telemetry", event("e1"))
        alice.say(PHONE, event("e2"))
        ingest.wait_for(2)

        assert heard == []


def _bytes(payload) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def _letters() -> dict[str, tuple[str, str]]:
    """Return field and tenant of each letter, by the name of what had been sent."""
    names = {
        (topic, hashlib.sha256(_bytes(payload)).hexdigest()): name
        for name, (topic, payload, _, _) in MALFORMED.items()
    }
    return {
        names[letter.topic, letter.payload_sha256]: (letter.field, letter.tenant.code)
        for letter in DeadLetter.objects.select_related("tenant")
    }


def _counted(status: str) -> float:
    return telemetry.EVENTS.labels(door="mqtt", status=status)._value.get()
