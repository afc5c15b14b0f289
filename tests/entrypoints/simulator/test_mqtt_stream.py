import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from watchfloor.core.errors import NotAllowed, NotFound
from watchfloor.entrypoints.broker_address import BrokerAddress
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.mqtt_stream import (
    PublishOptions,
    PublishReport,
    payload_of,
    publish,
    topic_of,
)
from watchfloor.entrypoints.simulator.records import PAYLOAD_COLUMNS, EventType
from watchfloor.entrypoints.simulator.stream import stream_days
from watchfloor.entrypoints.simulator.world import build_world

from .broker import free_port, listening, running_broker
from .conftest import MONDAY

FAR_FUTURE = datetime(2030, 1, 1, tzinfo=UTC)
QUICK = PublishOptions(poll_s=0.01, drain_s=15.0)


@pytest.fixture(scope="module")
def events():
    """The first 300 events of the demonstration."""
    [day] = islice(stream_days(worlds.demo(3), MONDAY, 2), 1)
    return day.events[:300]


@pytest.fixture(scope="module")
def credentials():
    world = build_world(worlds.demo(3), start=MONDAY)
    return {device.code: world.device_secret(device.code) for device in world.devices}


@pytest.fixture
def port(credentials):
    """A broker that knows every device by its password."""
    number = free_port()
    with running_broker(number, {f"harbour/{code}": word for code, word in credentials.items()}):
        yield number


def send(events, *, port, credentials, clock=lambda: FAR_FUTURE, stop=None, options=QUICK):
    return publish(
        events,
        broker=BrokerAddress("127.0.0.1", port),
        credentials=credentials,
        clock=clock,
        stop=stop or threading.Event(),
        options=options,
    )


class TestPayloadOf:
    def test_is_the_event_without_its_arrival(self, events):
        message = json.loads(payload_of(events[:1]))

        assert tuple(message) == PAYLOAD_COLUMNS
        assert "server_at" not in message

    def test_is_an_array_for_several(self, events):
        messages = json.loads(payload_of(events[:3]))

        assert [message["event_id"] for message in messages] == [e.event_id for e in events[:3]]


class TestTopicOf:
    def test_names_tenant_device_and_kind(self, events):
        kinds = {event.event_type: topic_of(event).split("/") for event in events}

        assert kinds[EventType.CHECK_IN][::3] == ["wf", "checkin"]
        assert kinds[EventType.HEARTBEAT][::3] == ["wf", "telemetry"]
        assert all(levels[1] == "harbour" for levels in kinds.values())


class TestPublish:
    def test_sends_every_due_event_on_the_topic_of_its_device(self, events, credentials, port):
        with listening(port) as ear:
            report = send(events, port=port, credentials=credentials)
            ear.wait_for(len(events))

        assert report.events == len(events)
        assert report.unacknowledged == 0
        assert {event["event_id"] for event in ear.events} == {e.event_id for e in events}
        for topic, body in ear.messages:
            bundle = body if isinstance(body, list) else [body]
            assert all(event["device_id"] == topic.split("/")[2] for event in bundle)

    def test_keeps_the_order_of_each_device_and_bundles_within_the_limit(
        self, events, credentials, port
    ):
        with listening(port) as ear:
            options = replace(QUICK, bundle_max=4)
            report = send(events, port=port, credentials=credentials, options=options)
            ear.wait_for(len(events))

        assert report.messages < len(events)
        assert max(len(body) for _, body in ear.messages if isinstance(body, list)) <= 4
        for device in {event.device_id for event in events}:
            heard = [e["event_id"] for e in ear.events if e["device_id"] == device]
            telemetry = [
                e.event_id
                for e in events
                if e.device_id == device and topic_of(e).endswith("telemetry")
            ]
            assert [one for one in heard if one in telemetry] == telemetry

    def test_sends_nothing_before_the_clock_says_so(self, events, credentials, port):
        now = [events[99].server_at]
        stop = threading.Event()
        reports: list[PublishReport] = []
        with listening(port) as ear:
            sender = threading.Thread(
                target=lambda: reports.append(
                    send(
                        events, port=port, credentials=credentials, clock=lambda: now[0], stop=stop
                    )
                )
            )
            sender.start()
            due = sum(event.server_at <= now[0] for event in events)
            ear.wait_for(due)
            heard_first = len(ear.events)
            now[0] = FAR_FUTURE
            ear.wait_for(len(events))
            sender.join(20)

        assert heard_first == due
        assert reports[0].events == len(events)

    def test_ends_when_it_is_stopped_although_the_stream_is_endless(self, credentials, port):
        endless = (e for day in stream_days(worlds.demo(3), MONDAY) for e in day.events)
        until = datetime.combine(MONDAY, datetime.min.time(), tzinfo=UTC) + timedelta(hours=9)
        stop = threading.Event()
        reports: list[PublishReport] = []
        with listening(port) as ear:
            sender = threading.Thread(
                target=lambda: reports.append(
                    send(
                        endless, port=port, credentials=credentials, clock=lambda: until, stop=stop
                    )
                )
            )
            sender.start()
            ear.wait_for(20)
            stop.set()
            sender.join(20)

        assert not sender.is_alive()
        assert reports[0].events >= 20

    def test_holds_no_more_than_the_limit_in_flight_and_still_sends_all(
        self, events, credentials, port
    ):
        with listening(port) as ear:
            options = replace(QUICK, bundle_max=1, max_in_flight=3)
            report = send(events[:120], port=port, credentials=credentials, options=options)
            ear.wait_for(120)

        assert (report.messages, report.unacknowledged) == (120, 0)

    def test_says_which_device_the_broker_refused(self, events, credentials, port):
        wrong = {**credentials, events[0].device_id: "wrong"}

        with pytest.raises(NotAllowed, match=events[0].device_id):
            send(events[:1], port=port, credentials=wrong)

    def test_says_which_device_has_no_password(self, events, port):
        with pytest.raises(NotFound, match=events[0].device_id):
            send(events, port=port, credentials={})

    def test_survives_a_broker_that_comes_late(self, events, credentials):
        number = free_port()
        reports: list[PublishReport] = []
        sender = threading.Thread(
            target=lambda: reports.append(send(events[:40], port=number, credentials=credentials))
        )
        passwords = {f"harbour/{code}": word for code, word in credentials.items()}

        sender.start()
        with running_broker(number, passwords):
            sender.join(30)

        assert reports[0].events == 40
        assert reports[0].unacknowledged == 0

    def test_goes_on_when_the_broker_was_away_for_a_while(self, events, credentials):
        number, now, stop = free_port(), [events[99].server_at], threading.Event()
        passwords = {f"harbour/{code}": word for code, word in credentials.items()}
        reports: list[PublishReport] = []
        sender = threading.Thread(
            target=lambda: reports.append(
                send(events, port=number, credentials=credentials, clock=lambda: now[0], stop=stop)
            )
        )
        due = {event.event_id for event in events if event.server_at <= now[0]}

        with running_broker(number, passwords), listening(number) as ear:
            sender.start()
            ear.wait_for(len(due))
        with running_broker(number, passwords), listening(number) as second_ear:
            now[0] = FAR_FUTURE
            second_ear.wait_for(len(events) - len(due))
            sender.join(30)

        heard = {event["event_id"] for event in (*ear.events, *second_ear.events)}
        assert heard == {event.event_id for event in events}
        assert reports[0].unacknowledged == 0
        assert reports[0].reconnects > 0

    def test_gives_up_on_a_broker_that_never_comes_and_says_what_is_open(self, events, credentials):
        options = replace(QUICK, drain_s=0.2)

        report = send(events[:5], port=free_port(), credentials=credentials, options=options)

        assert report.unacknowledged == report.messages > 0
