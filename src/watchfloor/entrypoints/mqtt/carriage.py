"""
Carry a batch of messages to its effect, however often the database has to be asked.

A message is settled when its transaction has committed: stored, known already, or kept as a dead
letter. While the database is away nothing is settled and nothing is lost: the batch waits. A
message that fails alone while the database answers is kept with its error, so that it never
holds up its neighbours.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections

from watchfloor.core import prediction_messages
from watchfloor.core.errors import MalformedReading
from watchfloor.entrypoints import clock, telemetry
from watchfloor.entrypoints.mqtt.inbox import Received
from watchfloor.entrypoints.mqtt.predictions import predict_all
from watchfloor.entrypoints.mqtt.tally import Tally, tally_of
from watchfloor.entrypoints.mqtt.topics import Address, parse_topic, storable
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import security_anomaly
from watchfloor.workflows.security_anomaly import Incoming, SignalResult

log = structlog.get_logger(__name__)

DOOR = "mqtt"
ERROR_LENGTH = 2000

HandleSignals = Callable[..., list[SignalResult]]
Outcome = TypeVar("Outcome")
Addressed = tuple[Received, Address]


class Interrupted(Exception):
    """The process stops while the database is away; the batch stays with the broker."""


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long to go on with what fails.

    Args:
        first_s: pause after the first failure; it doubles up to `longest_s`.
        away: tries of one piece of work while the database looks away, before it is cut in two.
        wrong: tries when anything else fails; the second answers a race with another process.
    """

    first_s: float = 0.1
    longest_s: float = 5.0
    away: int = 6
    wrong: int = 2

    def pause_s(self, n_failures: int) -> float:
        """Return how long to wait after that many failures in a row."""
        return float(min(self.first_s * 2 ** min(n_failures - 1, 20), self.longest_s))

    def tries(self, error: Exception) -> int:
        """Return how often the same work is tried when this is what happens."""
        is_away = isinstance(error, OperationalError | InterfaceError)
        return self.away if is_away else self.wrong


class Carriage:
    """The way of a batch from the inbox to the tables, for one ingest."""

    def __init__(
        self,
        *,
        stop: threading.Event,
        patience: Patience | None = None,
        handle: HandleSignals = security_anomaly.handle_signals,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._stop = stop
        self._patience = patience or Patience()
        self._handle = handle
        self._now = now

    def carry(self, batch: Sequence[Received]) -> Tally:
        """
        Return when every message of the batch is settled.

        Raises:
            Interrupted: told to stop while the database did not take it; what was settled
                until then is found again as a duplicate.
        """
        total = Tally()
        by_tenant: dict[str, list[Addressed]] = {}
        for message in batch:
            try:
                address = parse_topic(message.topic)
            except MalformedReading as error:
                total += self._keep_misfit(message, error)
            else:
                by_tenant.setdefault(address.tenant, []).append((message, address))
        for code, messages in by_tenant.items():
            total += self._settle(code, messages)
        return total

    def _keep_misfit(self, message: Received, error: MalformedReading) -> Tally:
        """Keep what fits no tenant's stream with the platform; its tenant level proves nothing."""

        def keep() -> Tally:
            return self._keep(directory.PLATFORM, message, error.field, str(error))

        n_failures = 0
        while isinstance(kept := self._tried(keep), Exception):
            n_failures += 1
            self._pause(n_failures, kept)
        return kept

    def _settle(self, code: str, messages: Sequence[Addressed], *, is_cut: bool = False) -> Tally:
        n_failures = 0
        while isinstance(settled := self._tried(lambda: self._deliver(code, messages)), Exception):
            n_failures += 1
            # What was cut has failed often enough already, until one message is left to blame.
            is_hasty = is_cut and len(messages) > 1
            tries = self._patience.wrong if is_hasty else self._patience.tries(settled)
            if n_failures >= tries:
                isolated = self._isolate(code, messages, settled)
                if isolated is not None:
                    return isolated
            self._pause(n_failures, settled)
        return settled

    def _isolate(self, code: str, messages: Sequence[Addressed], error: Exception) -> Tally | None:
        """Cut failing work in two until one message fails alone, and keep that one."""
        if len(messages) > 1:
            half = len(messages) // 2
            parts = (messages[:half], messages[half:])
            return sum((self._settle(code, part, is_cut=True) for part in parts), Tally())
        [(message, _)] = messages
        told = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
        kept = self._tried(lambda: self._keep(code, message, "message", told))
        if isinstance(kept, Tally):
            log.error("ingest.message_kept_apart", topic=message.topic, error=told)
            return kept
        # The database takes nothing at all: the message is as good as any other.
        return None

    def _deliver(self, code: str, messages: Sequence[Addressed]) -> Tally:
        tenant = directory.find_tenant(code)
        if tenant is None:
            return self._keep_strangers(code, messages)
        asking = [one for one in messages if one[1].kind == prediction_messages.KIND]
        signals = [one for one in messages if one[1].kind != prediction_messages.KIND]
        total = self._handle_all(tenant, signals) if signals else Tally()
        if asking:
            total += predict_all(tenant=tenant, messages=asking, now=self._now())
        return total

    def _handle_all(self, tenant: Tenant, messages: Sequence[Addressed]) -> Tally:
        incoming = [
            Incoming(
                door=DOOR,
                topic=message.topic,
                device=address.device,
                kind=address.kind,
                payload=message.payload,
            )
            for message, address in messages
        ]
        results = self._handle(tenant=tenant, messages=incoming, now=self._now())
        telemetry.count_decisions(results)
        return tally_of(results)

    def _keep_strangers(self, code: str, messages: Sequence[Addressed]) -> Tally:
        error = MalformedReading(field="tenant", value=code, expected="a tenant of this place")
        total = Tally()
        for message, _ in messages:
            total += self._keep(code, message, error.field, str(error))
        return total

    def _keep(self, code: str, message: Received, field: str, error: str) -> Tally:
        security_anomaly.keep_unreadable(
            tenant_code=code,
            unreadable=Unreadable(
                door=DOOR,
                topic=storable(message.topic),
                payload=message.payload,
                field=field,
                error=storable(error),
            ),
            now=self._now(),
        )
        return Tally(dead=1)

    def _tried(self, work: Callable[[], Outcome]) -> Outcome | Exception:
        try:
            return work()
        except (DatabaseError, InterfaceError) as error:
            # A connection that broke stays broken until it is let go.
            close_old_connections()
            return error
        except Exception as error:  # noqa: BLE001 - no message may end the ingest
            return error

    def _pause(self, n_failures: int, error: Exception) -> None:
        pause_s = self._patience.pause_s(n_failures)
        log.warning(
            "ingest.batch_failed",
            error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH],
            failures=n_failures,
            pause_s=pause_s,
        )
        if self._stop.wait(pause_s):
            raise Interrupted
