"""The messages of one measurement: check-ins alone, or with heartbeats, one or many a message."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, islice

from tools.measure.floor import SEED, START


@dataclass(frozen=True, slots=True)
class Workload:
    """
    What is sent.

    Args:
        types: event types of the stream that are sent; the others are left out.
        bundle: at most so many events of one device and kind in a message.
    """

    name: str
    says: str
    types: tuple[str, ...]
    bundle: int = 1


PUNCHES = ("check_in", "check_out")
WORKLOADS: Mapping[str, Workload] = {
    w.name: w
    for w in (
        Workload("checkins", "check-ins and check-outs, one a message", PUNCHES),
        Workload(
            "mixed",
            "with heartbeats as the stream has them, one a message",
            (*PUNCHES, "heartbeat"),
        ),
        Workload(
            "bundled", "the same events, up to 20 a message", (*PUNCHES, "heartbeat"), bundle=20
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """
    Messages in the order of sending.

    Args:
        until: for each message, when the last of it and of those before it had arrived: the
            moment at which a batch that ends with it is taken to be handled.
        sizes: events in each message.
    """

    messages: Sequence[tuple[str, bytes]]
    until: Sequence[datetime]
    sizes: Sequence[int]

    @property
    def n_events(self) -> int:
        """Events in all messages."""
        return sum(self.sizes)

    def cut_at(self, n: int) -> int:
        """Return how many messages, from the first on, hold at least n events."""
        return bisect_left(list(accumulate(self.sizes)), n) + 1


def traffic(workload: Workload, *, first_day: int, n: int) -> Traffic:
    """Return the messages of the first n events of the demo's stream from a day on."""
    from watchfloor.entrypoints.simulator.mqtt_stream import payload_of, topic_of

    events = list(islice(_events(workload, first_day), n))
    bundles = _bundles(events, size=workload.bundle)
    return Traffic(
        messages=[(topic_of(bundle[0]), payload_of(bundle)) for bundle in bundles],
        until=list(accumulate((bundle[-1].server_at for bundle in bundles), max)),
        sizes=[len(bundle) for bundle in bundles],
    )


def _events(workload: Workload, first_day: int) -> Iterator:
    from watchfloor.entrypoints.simulator import config as worlds
    from watchfloor.entrypoints.simulator.stream import stream_days

    for day in stream_days(worlds.demo(SEED), START, first_day):
        yield from (event for event in day.events if event.event_type.value in workload.types)


def _bundles(events: Sequence, *, size: int) -> list[list]:
    """Return events in messages, a message where its last event stands."""
    from watchfloor.entrypoints.simulator.mqtt_stream import topic_of

    open_: dict[str, list] = {}
    bundles: list[list] = []
    for event in events:
        bundle = open_.setdefault(topic_of(event), [])
        bundle.append(event)
        if len(bundle) == size:
            bundles.append(open_.pop(topic_of(event)))
    bundles += open_.values()
    return sorted(bundles, key=lambda bundle: bundle[-1].server_at)
