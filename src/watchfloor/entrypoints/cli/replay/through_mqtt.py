"""
Over MQTT: a device of the stream's tenant publishes its events to a broker of this process.

Outcomes have no topic, for no device knows them: they go straight to their workflow.
"""

import json
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from paho.mqtt import client as paho

from watchfloor.core import prediction_messages
from watchfloor.core.errors import NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.broker_address import BrokerAddress
from watchfloor.entrypoints.cli.replay.direct import DirectDoor
from watchfloor.entrypoints.cli.replay.door import Fate, Parts, Told
from watchfloor.entrypoints.cli.replay.protocol import (
    BrokenRow,
    RecordedEvent,
    RecordedOutcome,
)
from watchfloor.entrypoints.mqtt_client import new_client
from watchfloor.entrypoints.mqtt_terms import ROOT
from watchfloor.noc.intake import ingest_keys
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant

DEVICE = "recorder"
SOURCE = f"device:{DEVICE}"
CONNECT_WITHIN_S = 30.0
RECONNECT_S = (1, 5)
# The broker takes a message after the ingest has committed it: a large batch, a busy machine.
SETTLED_WITHIN_S = 300.0


class MqttDoor:
    """Publishes each batch as one message and waits until the ingest has committed it."""

    def __init__(self, *, tenant: Tenant, model_type: str, parts: Parts) -> None:
        self._tenant = tenant
        self._model_type = model_type
        self._topic = f"{ROOT}/{tenant.code}/{DEVICE}/{prediction_messages.KIND}"
        self._outcomes = DirectDoor(tenant=tenant, model_type=model_type, source=SOURCE)
        secret = secrets.token_urlsafe(32)
        directory.enrol_device(tenant=tenant, code=DEVICE, secret=secret)
        self._ingest = parts.start_ingest()
        self._client = self._connected(secret)

    def _connected(self, secret: str) -> paho.Client:
        name = f"{self._tenant.code}/{DEVICE}"
        broker = BrokerAddress("127.0.0.1", self._ingest.port, name, secret)
        client = new_client(
            paho.Client,
            broker,
            client_id=name,
            reconnect_s=RECONNECT_S,
            protocol=paho.MQTTv311,
        )
        signed_in = threading.Event()
        client.on_connect = lambda *_: signed_in.set()
        client.connect(broker.host, broker.port)
        client.loop_start()
        if not signed_in.wait(CONNECT_WITHIN_S):
            raise NotReady("the broker of this replay does not answer")
        return client

    def predict(self, events: Sequence[RecordedEvent | BrokenRow], *, now: datetime) -> list[Fate]:
        """Publish events as one message; broken rows go as they stand, each alone."""
        clock.hold(now)
        sound = [event for event in events if isinstance(event, RecordedEvent)]
        before = self._stored(sound)
        for event in events:
            if isinstance(event, BrokenRow):
                self._publish(event.payload)
        if sound:
            self._publish(json.dumps([self._item(event) for event in sound]).encode())
        return list(_fates(events, before=before, after=self._stored(sound)))

    def _stored(self, events: Sequence[RecordedEvent]) -> frozenset[str]:
        asked = [(SOURCE, event.event_id) for event in events]
        stored = ingest_keys.stored_among(tenant=self._tenant, keys=asked)
        return frozenset(event_id for _, event_id in stored)

    def _publish(self, payload: bytes) -> None:
        sent = self._client.publish(self._topic, payload, qos=1)
        sent.wait_for_publish(SETTLED_WITHIN_S)
        if not sent.is_published():
            raise NotReady("the ingest of this replay did not settle a message")

    def _item(self, event: RecordedEvent) -> Mapping[str, Any]:
        return {
            "event_id": event.event_id,
            "model_type": self._model_type,
            "entity_type": event.entity_type,
            "entity_id": event.entity_id,
            "occurred_at": event.occurred_at.isoformat(),
            "features": dict(event.features),
            "site": event.site,
        }

    def tell(self, outcomes: Sequence[RecordedOutcome], *, now: datetime) -> list[Told]:
        """Record outcomes without a broker between."""
        return self._outcomes.tell(outcomes, now=now)

    def close(self) -> None:
        """Say goodbye, stop the ingest and its broker, and let time pass again."""
        self._client.disconnect()
        self._client.loop_stop()
        self._ingest.stop()
        clock.hold(None)


def _fates(
    events: Sequence[RecordedEvent | BrokenRow],
    *,
    before: frozenset[str],
    after: frozenset[str],
) -> Iterator[Fate]:
    """Yield what became of each event, by what was stored before its message and after it."""
    known = set(before)
    for event in events:
        if isinstance(event, BrokenRow) or event.event_id not in after:
            yield Fate.DEAD
        elif event.event_id in known:
            yield Fate.DUPLICATE
        else:
            known.add(event.event_id)
            yield Fate.STORED
