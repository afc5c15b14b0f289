"""What was decided is done: tickets, evidence, alerts, reviews, and stops at a limit."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchfloor.core.decision.policy import Decision, Outcome
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.risk import Priority, RiskLevel, priority_of
from watchfloor.ml.models import ScoredPrediction
from watchfloor.noc.decision import calibrations, prediction_facts, ticket_caps
from watchfloor.noc.decision.decisions import Decided, RulesInForce, Subject
from watchfloor.noc.desk import alert_correlation, review_queue, tickets
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.noc.models import AlertEvent, ReviewItem
from watchfloor.noc.models.work import ReviewState
from watchfloor.tenants import people
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.models.places import RolloutStage

PAGED = (RiskLevel.HIGH, RiskLevel.CRITICAL)


@dataclass(frozen=True, slots=True)
class Case:
    """One subject with its logged prediction and its decision."""

    subject: Subject
    prediction: ScoredPrediction
    decision: Decision


def act(
    *,
    tenant: Tenant,
    subjects: Sequence[Subject],
    predictions: Sequence[ScoredPrediction],
    decided: Sequence[Decided],
    rules: RulesInForce,
    now: datetime,
) -> Counter[str]:
    """
    Open tickets, fill the review queue, raise alerts; return how many of each.

    In the transaction that logged the predictions: all of it is there, or nothing.
    """
    cases = [
        Case(subject, prediction, each.decision)
        for subject, prediction, each in zip(subjects, predictions, decided, strict=True)
    ]
    done: Counter[str] = Counter()
    leads = _leads(tenant, cases)
    for case in cases:
        done.update(_act_on(tenant, case, leads, rules, now))
    items = _review_items(tenant, cases, rules, now)
    review_queue.add(items=items, tenant=tenant, now=now)
    done["reviews"] += len(items)
    held = sum(item.state == ReviewState.HELD for item in items)
    if held:
        _raise_unscored_cap(tenant, held, rules, now)
    done["stops"] += _stop_at_limits(tenant, cases, rules, now)
    _tell_unreadable(tenant, cases, now)
    return done


def _leads(tenant: Tenant, cases: Sequence[Case]) -> Mapping[int, int]:
    """Return who answers for the sites at which a ticket opens; asked for once."""
    sites = {
        case.subject.site.pk
        for case in cases
        if case.decision.outcome is Outcome.AUTO_TICKET and case.subject.site is not None
    }
    return people.site_leads(tenant=tenant, site_ids=sites)


def _act_on(
    tenant: Tenant, case: Case, leads: Mapping[int, int], rules: RulesInForce, now: datetime
) -> tuple[str, ...]:
    """Do what one decision asks for; return what was done."""
    outcome, reason = case.decision.outcome, case.decision.reason
    if outcome is Outcome.AUTO_TICKET:
        return _open_ticket(tenant, case, leads, rules, now)
    if reason in (Reason.DUPLICATE, Reason.DUPLICATE_OF_CLOSED):
        tickets.add_evidence(
            tenant=tenant,
            place=rules.place(case.subject),
            prediction_id=case.prediction.id,
            occurred_at=case.prediction.occurred_at,
        )
    # The alert also fires for what was added to a ticket that is closed: nobody has to look at
    # closed tickets to learn of it.
    if outcome is Outcome.SUPPRESSED_DUPLICATE or (
        outcome is Outcome.HUMAN_REVIEW and _pages(rules, case.prediction)
    ):
        _raise(tenant, case, now)
        return ("alerts",)
    return ()


def _open_ticket(
    tenant: Tenant, case: Case, leads: Mapping[int, int], rules: RulesInForce, now: datetime
) -> tuple[str, ...]:
    subject, prediction = case.subject, case.prediction
    _, is_new = tickets.open_once(
        tenant=tenant,
        cause=tickets.Cause(
            log=subject.log,
            prediction_id=prediction.id,
            occurred_at=prediction.occurred_at,
            model_type=subject.model_type,
            place=rules.place(subject),
            title=subject.title,
            body=prediction_facts.body_of(prediction, person=subject.person),
            tag=prediction_facts.tag_of(subject.model_type),
            priority=_priority(prediction).value,
            site=subject.site,
            assignee_id=leads.get(subject.site.pk) if subject.site is not None else None,
            alert=_raise(tenant, case, now),
        ),
        opened_by=tickets.AUTOMATION,
        now=now,
    )
    return ("alerts", "tickets") if is_new else ("alerts",)


def _priority(prediction: ScoredPrediction) -> Priority:
    risk = prediction_facts.risk_of(prediction)
    return Priority.MEDIUM if risk is None else priority_of(risk)


def _pages(rules: RulesInForce, prediction: ScoredPrediction) -> bool:
    if rules.automation.stage == RolloutStage.METRICS_ONLY:
        return False
    return prediction_facts.risk_of(prediction) in PAGED


def _raise(tenant: Tenant, case: Case, now: datetime) -> AlertEvent:
    subject = case.subject
    alert, _ = alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type=_alert_type(subject),
            severity=_priority(case.prediction).value,
            fingerprint=alert_correlation.prediction_fingerprint(
                model_type=subject.model_type,
                entity_type=subject.entity_type,
                entity_id=subject.entity_id,
            ),
            message=subject.title,
            entity_type=subject.entity_type,
            entity_id=subject.entity_id,
            site=subject.site,
            metadata=_full_facts(tenant, case),
        ),
        now=now,
    )
    return alert


def _alert_type(subject: Subject) -> str:
    # By the model and not by who it is about: of some check-ins nobody is known but the device.
    return "ML_FRAUD_PREDICTION" if subject.model_type == FRAUD_DETECTOR else "ML_PREDICTION"


def _full_facts(tenant: Tenant, case: Case) -> Callable[[], dict[str, Any]]:
    # Explaining a score costs a walk through every tree: only a new alert pays for it.
    return lambda: prediction_facts.full_facts_of(
        case.prediction, person=case.subject.person, tenant=tenant
    )


def _review_items(
    tenant: Tenant, cases: Sequence[Case], rules: RulesInForce, now: datetime
) -> list[ReviewItem]:
    share = rules.values["audit_share"]
    unscored_left = int(rules.values["cannot_score_cap"]) - rules.unscored_today
    items = []
    for case in cases:
        kind, propensity = _review_kind(case, share)
        if kind is None:
            continue
        held = kind == review_queue.CANNOT_SCORE and unscored_left <= 0
        unscored_left -= kind == review_queue.CANNOT_SCORE
        items.append(_review_item(tenant, case, kind, propensity=propensity, held=held, now=now))
    return items


def _review_kind(case: Case, share: float) -> tuple[str | None, float]:
    """Return why a person looks at a case, and with which probability it came to that."""
    prediction, outcome = case.prediction, case.decision.outcome
    if outcome is Outcome.HUMAN_REVIEW:
        unscored = prediction.score is None
        return (review_queue.CANNOT_SCORE if unscored else review_queue.DECISION), 1.0
    quiet = outcome in (Outcome.LOG_ONLY, Outcome.AUTO_CLEAR)
    if quiet and review_queue.is_drawn(prediction.id, share=share):
        return review_queue.AUDIT_SAMPLE, share
    return None, 0.0


def _review_item(
    tenant: Tenant, case: Case, kind: str, *, propensity: float, held: bool, now: datetime
) -> ReviewItem:
    subject, prediction = case.subject, case.prediction
    return ReviewItem(
        tenant=tenant,
        kind=kind,
        reason=case.decision.reason.value,
        state=ReviewState.HELD if held else ReviewState.WAITING,
        site=subject.site,
        log=subject.log,
        prediction_id=prediction.id,
        occurred_at=prediction.occurred_at,
        model_type=subject.model_type,
        entity_id=subject.entity_id,
        score=prediction.score,
        propensity=propensity,
        metadata=prediction_facts.facts_of(prediction, person=subject.person),
        created_at=now,
    )


def _raise_unscored_cap(tenant: Tenant, held: int, rules: RulesInForce, now: datetime) -> None:
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


def _stop_at_limits(
    tenant: Tenant, cases: Sequence[Case], rules: RulesInForce, now: datetime
) -> int:
    """Write down each limit that a case met; return how many were met for the first time."""
    # A site matters to its own cap alone.
    met = {
        (reason, case.subject.site if reason is Reason.CAP_REACHED_SITE else None)
        for case in cases
        if (reason := case.decision.reason) in ticket_caps.KIND_OF
    }
    stops = [
        ticket_caps.stop(
            tenant=tenant,
            reason=reason,
            model_type=rules.model_type,
            site=site,
            values=rules.values,
            now=now,
        )
        for reason, site in met
    ]
    return sum(stop is not None for stop in stops)


def _tell_unreadable(tenant: Tenant, cases: Sequence[Case], now: datetime) -> None:
    """Tell once a batch and model version that its calibration could not be read."""
    versions = {
        (case.subject.model_type, case.prediction.model_version)
        for case in cases
        if case.decision.failing is Reason.CALIBRATION_UNREADABLE
    }
    for model_type, version in sorted(versions):
        calibrations.tell_unreadable(tenant=tenant, model_type=model_type, version=version, now=now)
