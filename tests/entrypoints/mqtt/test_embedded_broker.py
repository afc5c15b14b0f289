import random
import socket
import threading

import pytest
from django.db import OperationalError
from entrypoints.mqtt.conftest import ALICE, INTERNAL, embedded
from entrypoints.mqtt.malformed import PHONE
from entrypoints.mqtt.phones import Ingest, Phone, event, eventually

from watchfloor.entrypoints.mqtt.embedded_broker import listening_socket
from watchfloor.noc.models import ActivitySignal
from watchfloor.tenants import directory


@pytest.fixture
def stand(embedded_stand):
    return embedded_stand


class TestEmbeddedBroker:
    def test_tells_a_device_only_after_the_commit(self, stand, alice, cleanup):
        sent = alice.publish(PHONE, event("e1"))
        told_early = eventually(sent.is_published, within_s=0.2)

        ingest = Ingest(port=stand.port, account=INTERNAL).start()
        cleanup.callback(ingest.stop)

        assert not told_early
        assert eventually(sent.is_published)
        assert ActivitySignal.objects.get().event_id == "e1"

    def test_takes_the_next_port_when_somebody_has_the_wanted_one(self, floor):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            wanted = taken.getsockname()[1]
            broker = embedded(wanted)
            broker.start()
            broker.stop()

        assert wanted < broker.port <= wanted + 20

    def test_says_when_no_port_is_free(self, monkeypatch):
        def refuse(address):
            raise OSError("in use")

        monkeypatch.setattr(socket, "create_server", refuse)

        with pytest.raises(OSError, match="no free port from 1883"):
            listening_socket("127.0.0.1", 1883)

    def test_leaves_no_thread_behind(self, floor):
        before = set(threading.enumerate())
        broker = embedded()
        broker.start()
        Phone(port=broker.port, username="acme/phone-alice", password="x").connect().close()

        broker.stop()

        assert eventually(lambda: set(threading.enumerate()) == before)

    def test_lets_nobody_take_the_ingests_session_without_its_secret(
        self, stand, ingest, alice, connect
    ):
        for username in (INTERNAL[0], "acme/phone-bob", ""):
            connect(username, "guessed", client_id="ingest-under-test")
        connect(*ALICE, client_id="ingest-under-test")

        alice.say(PHONE, event("e1"))

        assert ingest.subscriber.is_connected
        ingest.wait_for(1)
        assert ingest.tally.stored == 1

    def test_asks_to_come_back_when_the_database_cannot_say_who_it_is(
        self, stand, connect, monkeypatch
    ):
        def away(**_):
            raise OperationalError("the server closed the connection unexpectedly")

        monkeypatch.setattr(directory, "device_is_authentic", away)

        assert "navailable" in connect(*ALICE).refusal

    def test_cuts_a_connection_whose_packet_is_beyond_any_event(self, ingest, alice, connect):
        greedy = connect("watchfloor/ingest", INTERNAL[1], client_id="greedy")
        lost = threading.Event()
        greedy.client.on_disconnect = lambda *_: (lost.set(), greedy.client.disconnect())

        greedy.publish(PHONE, b"x" * (5 * 1024 * 1024))
        was_cut = lost.wait(10)
        alice.say(PHONE, event("e1"))

        ingest.wait_for(1)
        assert was_cut
        assert ingest.tally.stored == 1

    @pytest.mark.parametrize("seed", range(4))
    def test_survives_bytes_that_are_no_mqtt(self, stand, ingest, alice, seed):
        noise = random.Random(seed)
        connect_packet = bytes.fromhex(
            "101300044d5154540402003c00077068 6f6e652d78".replace(" ", "")
        )
        for _ in range(25):
            body = bytearray(connect_packet) if noise.random() < 0.5 else bytearray()
            body += noise.randbytes(noise.randrange(1, 60))
            for _ in range(noise.randrange(0, 3)):
                body[noise.randrange(len(body))] = noise.randrange(256)
            with socket.create_connection(("127.0.0.1", stand.port)) as stranger:
                stranger.sendall(bytes(body))

        alice.say(PHONE, event("e1"))

        ingest.wait_for(1)
        assert ingest.tally.stored == 1

    def test_holds_back_a_flood_while_the_ingest_is_away(self, stand, connect, start_ingest):
        flooding = connect(*ALICE, client_id="flood", in_flight=5000)
        sent = [flooding.publish(PHONE, event(f"e{number}")) for number in range(2600)]

        ingest = start_ingest()
        ingest.wait_for(2600)

        assert ingest.tally.stored == 2600
        assert all(eventually(one.is_published) for one in sent)
