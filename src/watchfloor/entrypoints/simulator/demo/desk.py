"""The demo's own people: they look at what waits and mostly find out the truth."""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints.simulator.truth import LatentTruth
from watchfloor.noc.desk import review_queue, tickets
from watchfloor.noc.intake import fraud_log, logs
from watchfloor.noc.models import ReviewItem, Ticket
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import outcome_feedback

Work = TypeVar("Work", ReviewItem, Ticket)

ACTOR = "demo:desk"
AT_ONCE = 200
SHORTEST_WAIT = timedelta(hours=4)
WAITS_SPREAD = timedelta(hours=20)
# Shares of verdicts that are wrong, and of those that leave the question open.
WRONG, OPEN = 0.01, 0.05


@dataclass(frozen=True, slots=True)
class Desk:
    """Reviewers of one tenant, who look at each thing once, some hours after it came."""

    tenant: Tenant
    truth: LatentTruth

    def work(self, *, now: datetime) -> int:
        """Give a verdict on what has waited long enough; return how many."""
        return self._review(now) + self._close_tickets(now)

    def _review(self, now: datetime) -> int:
        waiting = review_queue.oldest_waiting(
            tenant=self.tenant, before=now - SHORTEST_WAIT, limit=AT_ONCE
        )
        verdicts = {
            item.pk: self._verdict(event_id, item.occurred_at)
            for item, event_id in self._ripe([(i, i.created_at) for i in waiting], now)
        }
        # What a visitor decided meanwhile is left as it is.
        return len(
            outcome_feedback.record_dispositions(
                tenant=self.tenant, verdicts=verdicts, actor=ACTOR, now=now
            )
        )

    def _close_tickets(self, now: datetime) -> int:
        opened = tickets.oldest_open(tenant=self.tenant, before=now - SHORTEST_WAIT, limit=AT_ONCE)
        n = 0
        for ticket, event_id in self._ripe([(t, t.opened_at) for t in opened], now):
            with contextlib.suppress(NotReady):  # a visitor was faster
                outcome_feedback.resolve_ticket(
                    tenant=self.tenant,
                    ticket_id=ticket.pk,
                    disposition=self._verdict(event_id, ticket.occurred_at),
                    actor=ACTOR,
                    note="Found out by the demo's desk",
                    now=now,
                )
                n += 1
        return n

    def _ripe(
        self, things: Sequence[tuple[Work, datetime]], now: datetime
    ) -> Iterator[tuple[Work, str]]:
        """Return what has waited as long as it is going to, with the event behind it."""
        event_ids = logs.event_ids_of(
            tenant=self.tenant, log=fraud_log.LOG, ids=[t.prediction_id for t, _ in things]
        )
        for thing, since in things:
            event_id = event_ids.get(thing.prediction_id)
            if event_id is not None and now >= since + _wait(event_id):
                yield thing, event_id

    def _verdict(self, event_id: str, occurred_at: datetime) -> Disposition:
        chance = _chance(b"verdict", event_id)
        if chance < OPEN:
            return Disposition.INCONCLUSIVE
        is_fraud = self.truth.is_fraud(event_id, occurred_at=occurred_at)
        if chance < OPEN + WRONG:
            is_fraud = not is_fraud
        return Disposition.TRUE_POSITIVE if is_fraud else Disposition.FALSE_POSITIVE


def _wait(event_id: str) -> timedelta:
    return SHORTEST_WAIT + WAITS_SPREAD * _chance(b"wait", event_id)


def _chance(purpose: bytes, event_id: str) -> float:
    """Return a number in [0, 1) that is the same whenever it is asked for."""
    digest = hashlib.sha256(purpose + event_id.encode()).digest()
    return float(int.from_bytes(digest[:8], "big") / 2**64)
