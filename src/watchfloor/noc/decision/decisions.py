"""Decide a micro-batch under one reading of thresholds, switches, caps and tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from watchfloor.core.decision.policy import (
    Decision,
    DecisionPolicy,
    EarlierTicket,
    Evidence,
    Outcome,
    decide,
)
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.record import DecisionRecord, record_of
from watchfloor.core.ticket_windows import window_start
from watchfloor.noc.decision import thresholds, ticket_caps
from watchfloor.noc.desk import review_queue, tickets
from watchfloor.noc.desk.tickets import Place
from watchfloor.tenants import directory
from watchfloor.tenants.flags import AutomationInForce
from watchfloor.tenants.models import Person, Site, Tenant


@dataclass(frozen=True, slots=True)
class Subject:
    """What one decision is about; family and thing together have one ticket in a window."""

    log: str
    prediction_id: UUID
    occurred_at: datetime
    model_type: str
    entity_type: str
    entity_id: str
    site: Site | None
    title: str
    person: Person | None = None

    @property
    def dedupe_key(self) -> str:
        """The family, which is the model type, and the thing."""
        return f"{self.model_type}:{self.entity_type}:{self.entity_id}"


@dataclass(frozen=True, slots=True)
class Decided:
    """What happens to one subject, and everything that is stored about why."""

    decision: Decision
    record: DecisionRecord

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a log row."""
        return asdict(self.record)


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """Thresholds and switches as they were read for one micro-batch."""

    model_type: str
    values: Mapping[str, float]
    automation: AutomationInForce
    unscored_today: int

    def policy(self, subject: Subject) -> DecisionPolicy:
        """Return the policy at a subject's site as if no cap were ever reached."""
        return thresholds.policy_for(
            values=self.values,
            automation=self.automation,
            pilot_site=subject.site is not None and subject.site.is_pilot,
        )

    def place(self, subject: Subject) -> Place:
        """Return where a ticket about a subject belongs."""
        start = window_start(subject.occurred_at, hours=self.values["dedup_hours"])
        return Place(subject.dedupe_key, start)


def in_force(
    *, tenant: Tenant, model_type: str, automation: AutomationInForce, now: datetime
) -> RulesInForce:
    """Read the thresholds once for a micro-batch."""
    return RulesInForce(
        model_type=model_type,
        values=thresholds.values_in_force(tenant=tenant, model_type=model_type),
        automation=automation,
        unscored_today=review_queue.unscored_today(tenant=tenant, now=now),
    )


def decide_all(
    *,
    tenant: Tenant,
    subjects: Sequence[Subject],
    evidence: Sequence[Evidence],
    rules: RulesInForce,
    now: datetime,
) -> list[Decided]:
    """
    Return a decision for each subject; caps and tickets count within the batch too.

    Where a ticket may open, the tenant's row is held until the end of the transaction: no
    other process opens one between this count and this ticket.
    """
    policies = [rules.policy(subject) for subject in subjects]
    taken = [decide(*each) for each in zip(evidence, policies, strict=True)]
    wanting = [i for i, each in enumerate(taken) if each.outcome is Outcome.AUTO_TICKET]
    if wanting:
        among = _among_tickets(
            tenant, {i: subjects[i] for i in wanting}, evidence, policies, rules, now
        )
        taken = [among.get(i, each) for i, each in enumerate(taken)]
    return [
        Decided(decision, record_of(known, policy, decision))
        for decision, known, policy in zip(taken, evidence, policies, strict=True)
    ]


def log_all(
    *,
    subjects: Sequence[Subject],
    reason: Reason,
    failing: Sequence[Reason | None],
    rules: RulesInForce,
    now: datetime,
) -> list[Decided]:
    """
    Return what is stored of predictions that nothing ever acts on, whatever the policy.

    Args:
        failing: what kept something from being known of each; None where nothing did.
    """
    nothing_known = Evidence(score=None, now=now)
    taken = [Decision(Outcome.LOG_ONLY, reason, why) for why in failing]
    return [
        Decided(decision, record_of(nothing_known, rules.policy(subject), decision))
        for subject, decision in zip(subjects, taken, strict=True)
    ]


def _among_tickets(
    tenant: Tenant,
    subjects: Mapping[int, Subject],
    evidence: Sequence[Evidence],
    policies: Sequence[DecisionPolicy],
    rules: RulesInForce,
    now: datetime,
) -> dict[int, Decision]:
    """Decide again, one after the other, what wants a ticket: with earlier ones and the caps."""
    directory.hold(tenant)
    room = ticket_caps.room_of(
        tenant=tenant, model_type=rules.model_type, values=rules.values, now=now
    )
    places = {i: rules.place(subject) for i, subject in subjects.items()}
    covering = tickets.covering(tenant=tenant, places=places.values())
    earlier = {place: tickets.state_of(ticket) for place, ticket in covering.items()}
    just_opened: set[str] = set()
    taken: dict[int, Decision] = {}
    for i, subject in subjects.items():
        is_open = subject.dedupe_key in just_opened
        state = EarlierTicket.OPEN if is_open else earlier.get(places[i], EarlierTicket.NONE)
        known = replace(evidence[i], earlier_ticket=state)
        taken[i] = decide(known, room.within(policies[i], site=subject.site))
        if taken[i].outcome is Outcome.AUTO_TICKET:
            room.take(site=subject.site)
            just_opened.add(subject.dedupe_key)
    return taken
