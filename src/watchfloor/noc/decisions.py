"""Decide a micro-batch under one reading of the switches, and act on what was decided."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from watchfloor.core.decision.policy import Decision, DecisionPolicy, Evidence, Outcome, decide
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.record import DecisionRecord, record_of
from watchfloor.core.decision.risk import RiskLevel, risk_level
from watchfloor.noc import alert_correlation, review_queue, thresholds, tickets
from watchfloor.noc.alert_correlation import Condition
from watchfloor.noc.models import AlertEvent, ReviewItem, Ticket
from watchfloor.noc.models.work import ReviewState, TicketStatus
from watchfloor.tenants.flags import AutomationInForce
from watchfloor.tenants.models import Site, Tenant
from watchfloor.tenants.models.places import RolloutStage

PAGED = (RiskLevel.HIGH, RiskLevel.CRITICAL)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one decision is about."""

    log: str
    prediction_id: UUID
    occurred_at: datetime
    model_type: str
    entity_type: str
    entity_id: str
    site: Site | None
    title: str

    @property
    def dedupe_key(self) -> str:
        """One open ticket for one thing."""
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
    """Thresholds, switches and caps as they were read for one micro-batch."""

    values: Mapping[str, float]
    automation: AutomationInForce
    tickets_today: int
    unscored_today: int


def in_force(
    *, tenant: Tenant, model_type: str, automation: AutomationInForce, day_began_at: datetime
) -> RulesInForce:
    """Read thresholds and the day's caps once for a micro-batch."""
    return RulesInForce(
        values=thresholds.values_in_force(tenant=tenant, model_type=model_type),
        automation=automation,
        tickets_today=tickets.opened_by_automation_since(
            tenant=tenant, model_type=model_type, since=day_began_at
        ),
        unscored_today=review_queue.unscored_since(tenant=tenant, since=day_began_at),
    )


def decide_all(
    *,
    tenant: Tenant,
    subjects: Sequence[Subject],
    evidence: Sequence[Evidence],
    rules: RulesInForce,
) -> list[Decided]:
    """Return a decision for each subject; the cap and open tickets count within the batch too."""
    cap_left = int(rules.values["ticket_cap"]) - rules.tickets_today
    taken = _open_keys(tenant, subjects)
    decisions = []
    for subject, known in zip(subjects, evidence, strict=True):
        policy = _policy(subject, rules, cap_left)
        decision = decide(known, policy)
        if decision.outcome is Outcome.AUTO_TICKET:
            if subject.dedupe_key in taken:
                decision = Decision(Outcome.SUPPRESSED_DUPLICATE, Reason.DUPLICATE)
            else:
                taken.add(subject.dedupe_key)
                cap_left -= 1
        decisions.append(Decided(decision, record_of(known, policy, decision)))
    return decisions


def _policy(subject: Subject, rules: RulesInForce, cap_left: int) -> DecisionPolicy:
    return thresholds.policy_for(
        values=rules.values,
        automation=rules.automation,
        pilot_site=subject.site is not None and subject.site.is_pilot,
        cap_left=cap_left,
        site_cap_left=cap_left,
        breaker_open=False,
    )


def _open_keys(tenant: Tenant, subjects: Sequence[Subject]) -> set[str]:
    keys = {subject.dedupe_key for subject in subjects}
    rows = Ticket.objects.for_tenant(tenant).exclude(status=TicketStatus.RESOLVED)
    return set(rows.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))


def act(
    *,
    tenant: Tenant,
    subjects: Sequence[Subject],
    decided: Sequence[Decided],
    scores: Sequence[float | None],
    rules: RulesInForce,
    now: datetime,
) -> Counter[str]:
    """Open tickets, fill the review queue, raise alerts; return how many of each."""
    decisions = [each.decision for each in decided]
    done: Counter[str] = Counter()
    _lock_if_needed(tenant, decisions)
    for subject, decision, score in zip(subjects, decisions, scores, strict=True):
        if decision.outcome in (Outcome.AUTO_TICKET, Outcome.SUPPRESSED_DUPLICATE):
            _, opened = _open_ticket(tenant, subject, score, now)
            done["tickets"] += opened
        elif decision.outcome is Outcome.HUMAN_REVIEW and _pages(rules, score):
            _raise(tenant, subject, score, decision.reason, now)
            done["alerts"] += 1
    items = _review_items(tenant, subjects, decisions, scores, rules, now)
    review_queue.add(items=items, tenant=tenant, now=now)
    done["reviews"] += len(items)
    held = sum(item.state == ReviewState.HELD for item in items)
    if held:
        _raise_cap(tenant, held, rules, now)
    return done


def _lock_if_needed(tenant: Tenant, decisions: Sequence[Decision]) -> None:
    # Ticket numbers have no gap and keys no twin: whoever opens tickets holds the tenant's row.
    if any(decision.outcome is Outcome.AUTO_TICKET for decision in decisions):
        Tenant.objects.select_for_update().get(pk=tenant.pk)


def _open_ticket(
    tenant: Tenant, subject: Subject, score: float | None, now: datetime
) -> tuple[Ticket, bool]:
    return tickets.open_once(
        tenant=tenant,
        cause=tickets.Cause(
            log=subject.log,
            prediction_id=subject.prediction_id,
            occurred_at=subject.occurred_at,
            model_type=subject.model_type,
            dedupe_key=subject.dedupe_key,
            title=subject.title,
            priority=_severity(score),
            site=subject.site,
            alert=_raise(tenant, subject, score, Reason.CERTIFIED, now),
        ),
        opened_by=tickets.AUTOMATION,
        now=now,
    )


def _pages(rules: RulesInForce, score: float | None) -> bool:
    if rules.automation.stage == RolloutStage.METRICS_ONLY or score is None:
        return False
    return risk_level(score) in PAGED


def _raise(
    tenant: Tenant, subject: Subject, score: float | None, reason: Reason, now: datetime
) -> AlertEvent:
    alert, _ = alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type=(
                "ML_FRAUD_PREDICTION" if subject.entity_type == "guard" else "ML_PREDICTION"
            ),
            severity=_severity(score),
            fingerprint=alert_correlation.prediction_fingerprint(
                model_type=subject.model_type,
                entity_type=subject.entity_type,
                entity_id=subject.entity_id,
            ),
            message=subject.title,
            entity_type=subject.entity_type,
            entity_id=subject.entity_id,
            site=subject.site,
            metadata={
                "prediction_id": str(subject.prediction_id),
                "score": score,
                "reason": reason.value,
            },
        ),
        now=now,
    )
    return alert


def _severity(score: float | None) -> str:
    return risk_level(score).value if score is not None else RiskLevel.MEDIUM.value


def _review_items(
    tenant: Tenant,
    subjects: Sequence[Subject],
    decisions: Sequence[Decision],
    scores: Sequence[float | None],
    rules: RulesInForce,
    now: datetime,
) -> list[ReviewItem]:
    share = rules.values["audit_share"]
    unscored_left = int(rules.values["cannot_score_cap"]) - rules.unscored_today
    items = []
    for subject, decision, score in zip(subjects, decisions, scores, strict=True):
        kind, propensity = _review_kind(subject, decision, score, share)
        if kind is None:
            continue
        held = kind == review_queue.CANNOT_SCORE and unscored_left <= 0
        unscored_left -= kind == review_queue.CANNOT_SCORE
        items.append(
            ReviewItem(
                tenant=tenant,
                kind=kind,
                reason=decision.reason.value,
                state=ReviewState.HELD if held else ReviewState.WAITING,
                site=subject.site,
                log=subject.log,
                prediction_id=subject.prediction_id,
                occurred_at=subject.occurred_at,
                model_type=subject.model_type,
                entity_id=subject.entity_id,
                score=score,
                propensity=propensity,
                created_at=now,
            )
        )
    return items


def _review_kind(
    subject: Subject, decision: Decision, score: float | None, share: float
) -> tuple[str | None, float]:
    if decision.outcome is Outcome.HUMAN_REVIEW:
        return (review_queue.CANNOT_SCORE if score is None else review_queue.DECISION), 1.0
    quiet = decision.outcome in (Outcome.LOG_ONLY, Outcome.AUTO_CLEAR)
    if quiet and review_queue.is_drawn(subject.prediction_id, share=share):
        return review_queue.AUDIT_SAMPLE, share
    return None, 0.0


def _raise_cap(tenant: Tenant, held: int, rules: RulesInForce, now: datetime) -> None:
    cap = int(rules.values["cannot_score_cap"])
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="CANNOT_SCORE_CAP",
            severity="HIGH",
            fingerprint="cannot_score_cap",
            message=f"More than {cap} events a day cannot be scored; further ones are held.",
            entity_type="tenant",
            entity_id=tenant.code,
            metadata={"held": held},
        ),
        now=now,
    )
