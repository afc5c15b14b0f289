"""A model such as the product trains, to judge how hard the simulated frauds are to find."""

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import lightgbm
import numpy as np

from watchfloor.core.features.guard_checkin import (
    FEATURES,
    HISTORY_WINDOW,
    CheckinHistory,
    PastReading,
    SiteFacts,
    guard_checkin_features,
)
from watchfloor.core.signals import SignalReading, parse_reading
from watchfloor.entrypoints.simulator.mqtt_stream import payload_of
from watchfloor.entrypoints.simulator.records import PUNCHES, TOPIC_KIND, EventType
from watchfloor.entrypoints.simulator.stream import SimulatedStream


@dataclass(frozen=True, slots=True)
class Table:
    """One row per judged event: features, truth, and the day counted from the first."""

    event_ids: list[str]
    features: np.ndarray
    is_fraud: np.ndarray
    day: np.ndarray

    def rows(self, mask: np.ndarray) -> "Table":
        ids = [one for one, is_in in zip(self.event_ids, mask, strict=True) if is_in]
        return Table(ids, self.features[mask], self.is_fraud[mask], self.day[mask])


def read(event) -> SignalReading:
    """Return an event as the product reads it off the wire."""
    [reading] = parse_reading(
        tenant=event.tenant_id,
        device=event.device_id,
        kind=TOPIC_KIND[event.event_type],
        payload=payload_of([event]),
        received_at=event.server_at,
    )
    return reading


def feature_table(stream: SimulatedStream, *, types: tuple[EventType, ...] = PUNCHES) -> Table:
    """Return the features of all check-ins (and -outs), each from what had arrived before it."""
    guards, devices = defaultdict(deque), defaultdict(deque)
    networks: dict[str, dict[str, datetime]] = defaultdict(dict)
    facts = {site.code: _facts(stream, site) for site in stream.world.sites}
    rows = []
    for event in stream.events:
        if event.event_type in types:
            history = CheckinHistory(
                site=facts[event.site_id],
                is_holiday=False,
                guard=_recent(guards[event.guard_id], event.server_at),
                device=_recent(devices[event.device_id], event.server_at),
                networks_first_seen=networks[event.site_id],
            )
            rows.append((event, guard_checkin_features(read(event), history)))
        _remember(event, guards=guards, devices=devices, networks=networks)
    return Table(
        event_ids=[event.event_id for event, _ in rows],
        features=np.array(
            [[np.nan if row[name] is None else row[name] for name in FEATURES] for _, row in rows]
        ),
        is_fraud=np.array([stream.truth.is_fraud(event.event_id) for event, _ in rows]),
        day=np.array([(event.server_at.date() - stream.world.start).days for event, _ in rows]),
    )


def train(table: Table, *, rounds: int = 120) -> lightgbm.Booster:
    """Return a small boosted model of a table."""
    parameters = {
        "objective": "binary",
        "num_leaves": 15,
        "learning_rate": 0.06,
        "min_data_in_leaf": 20,
        "num_threads": 1,
        "deterministic": True,
        "seed": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(table.features, label=table.is_fraud.astype(int))
    return lightgbm.train(parameters, data, num_boost_round=rounds)


def accuracy(model: lightgbm.Booster, table: Table) -> float:
    """Return the share of events on the right side of one half."""
    return float(np.mean((model.predict(table.features) >= 0.5) == table.is_fraud))


def _facts(stream: SimulatedStream, site) -> SiteFacts:
    posts = stream.world.index.posts_of_site[site.code]
    return SiteFacts(
        lat=site.lat,
        lon=site.lon,
        fence_radius_m=site.radius_m,
        zone=ZoneInfo(site.time_zone),
        heartbeat_min=min(post.heartbeat_min for post in posts),
    )


def _recent(readings: deque, now: datetime) -> list[PastReading]:
    while readings and readings[0].received_at < now - 1.5 * HISTORY_WINDOW:
        readings.popleft()
    return list(readings)


def _remember(event, *, guards, devices, networks) -> None:
    past = PastReading(
        event.event_id,
        str(event.event_type),
        event.device_at,
        event.server_at,
        event.guard_id,
        event.device_id,
        event.shift_id,
        event.lat,
        event.lon,
        event.accuracy_m,
    )
    guards[event.guard_id].append(past)
    devices[event.device_id].append(past)
    for name in (event.wifi_bssid_hash, event.cell_id_hash):
        if name is not None:
            networks[event.site_id].setdefault(name, event.server_at)
