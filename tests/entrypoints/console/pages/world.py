"""Two customers with a few weeks behind them, made by the workflows alone: what the pages show."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from cast import acme, borealis

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.retrain_gate import GateFacts, judge
from watchfloor.core.local_time import local_day
from watchfloor.core.ml_config import MLConfig
from watchfloor.ledger.models import AuditEntry
from watchfloor.ml.models import RetrainJob
from watchfloor.ml.retraining import auto_retrain
from watchfloor.noc.desk.alert_correlation import Condition, raise_alert
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.noc.models import DeadLetter, ReviewItem, ThresholdAuditLog, Ticket
from watchfloor.noc.models.work import Disposition
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import ApiToken, Site, Tenant
from watchfloor.tenants.roles import Permission, Role
from watchfloor.tenants.tokens import issue_token
from watchfloor.workflows import (
    alert_handling,
    calibration_load,
    model_health,
    outcome_feedback,
    policy_switch,
    safe_retrain,
    security_anomaly,
    threshold_change,
)
from watchfloor.workflows.calibration_load import FileRow
from watchfloor.workflows.outcome_feedback import OutcomeRequest
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions
from watchfloor.workflows.security_anomaly import Incoming

DESK, LIFTS = "sla_breach", "lift_outage"
DAYS, A_DAY = 24, 30
SITES = ("harbour-gate", "north-campus")
WHO = "system:sample"


@dataclass(frozen=True)
class World:
    """Acme's rows by what they are, and when it is."""

    acme: Tenant
    borealis: Tenant
    now: datetime


def build(*, now: datetime) -> World:
    """Return the filled world."""
    world = World(acme(now=now - timedelta(days=DAYS + 1)), borealis(now=now), now)
    _name_sites(world.acme)
    _desk_history(world)
    _lift_history(world)
    _switch_on(world)
    _today(world)
    _nights(world)
    _retrains(world)
    _edge(world)
    _tokens(world)
    return world


def _name_sites(tenant: Tenant) -> None:
    for code, name in (("harbour-gate", "Harbour Gate 2"), ("north-campus", "North Campus")):
        Site.objects.for_tenant(tenant).filter(code=code).update(name=name, site_group=code)


def _desk_request(n: int, at: datetime, score: float) -> PredictionRequest:
    return PredictionRequest(
        event_id=f"INC{n:05d}",
        source="itsm",
        model_type=DESK,
        entity_type="incident",
        entity_id=f"INC{n:05d}",
        occurred_at=at,
        features={"priority": 1 + n % 4, "category": "network", "open_tickets": n % 17},
        score=score,
        model_version="2026-02",
        site=SITES[n % 2],
    )


def _desk_history(world: World) -> None:
    """Scores of a model that runs elsewhere, well calibrated, with most outcomes known."""
    rng = np.random.default_rng(20260302)
    for day in range(DAYS, 0, -1):
        at = world.now - timedelta(days=day)
        scores = np.where(
            rng.random(A_DAY) < 0.3, rng.uniform(0.94, 0.99, A_DAY), rng.beta(1, 8, A_DAY)
        )
        requests = [
            _desk_request(day * 100 + i, at + timedelta(minutes=4 * i), float(score))
            for i, score in enumerate(scores)
        ]
        until = at + timedelta(hours=3)
        handle_predictions(tenant=world.acme, requests=requests, now=until)
        # Fixed-sequence testing begins at the top: one false case there certifies nothing.
        truth = (rng.random(A_DAY) < scores) | (scores > 0.975)
        told_at = until + timedelta(days=1)
        if told_at <= world.now:
            _tell(world.acme, requests, truth.tolist(), told_at)
        if day == DAYS // 2:
            _calibrate(world, told_at)


def _tell(
    tenant: Tenant, requests: list[PredictionRequest], truth: list[bool], at: datetime
) -> None:
    outcome_feedback.record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                event=(request.source, request.event_id),
                value=float(happened),
                known_at=at,
                source="api",
                labeller="token:desk",
                dedupe_key=f"truth:{request.event_id}",
            )
            for request, happened in zip(requests, truth, strict=True)
        ],
        now=at,
    )


def _lift_history(world: World) -> None:
    """Events without a score: people labelled them, and the first model learned from it."""
    requests = [_lift_request(n, world.now - timedelta(days=20 - n // 30)) for n in range(420)]
    later = world.now - timedelta(days=4)
    quiet = [request for request in requests if request.occurred_at < later]
    handle_predictions(tenant=world.acme, requests=quiet, now=later)
    _tell(world.acme, quiet, [_fails(request) for request in quiet], later)
    trained_at = world.now - timedelta(days=3)
    version = safe_retrain.first_model(tenant=world.acme, model_type=LIFTS, now=trained_at)
    rng = np.random.default_rng(7)
    scores = rng.random(200)
    # A second calibration, so that there is another stack to go back to.
    lines = [
        FileRow(line=n, prediction=float(score), actual=float(rng.random() < score))
        for n, score in enumerate(scores, start=2)
    ]
    calibration_load.load(
        tenant=world.acme,
        loading=calibration_load.from_file(
            tenant=world.acme,
            model_type=LIFTS,
            version=version.version,
            lines=lines,
            stated_not_trained_on=True,
        ),
        min_samples=30,
        actor=WHO,
        now=trained_at + timedelta(hours=6),
    )


def _lift_request(n: int, at: datetime) -> PredictionRequest:
    rng = np.random.default_rng([3, n])
    return PredictionRequest(
        event_id=f"L{n:04d}",
        source="bms",
        model_type=LIFTS,
        entity_type="lift",
        entity_id=f"lift-{n % 9}",
        occurred_at=at + timedelta(minutes=n % 30),
        features={
            "vibration": float(rng.uniform(0, 10)),
            "door_cycles": float(rng.integers(100, 900)),
            "crew": str(rng.choice(["day", "night"])),
        },
        site=SITES[n % 2],
    )


def _fails(request: PredictionRequest) -> bool:
    is_worn = float(request.features["vibration"]) > 6.5
    luck = np.random.default_rng([5, int(request.event_id[1:])]).random()
    return is_worn if luck > 0.15 else not is_worn


def _switch_on(world: World) -> None:
    """Thresholds first: the calibration certifies what they promise."""
    at = world.now - timedelta(days=2)
    for key, value in (("width_limit", 0.15), ("eps_ticket", 0.2)):
        threshold_change.apply(
            tenant=world.acme,
            model_type=DESK,
            key=key,
            value=value,
            expected_version=0,
            actor=WHO,
            reason="Few outcomes are known yet.",
            now=at,
        )
    _calibrate(world, at)
    policy_switch.switch_flag(
        tenant=world.acme,
        flag=Flag.AUTO_TICKET,
        is_on=True,
        actor=WHO,
        reason="The reviews of February agreed with the model.",
        now=at,
    )
    policy_switch.override_ml_config(
        tenant=world.acme,
        key="RETRAIN_COOLDOWN_DAYS",
        value=14,
        actor=WHO,
        reason="The desk changes slowly.",
        now=at,
    )


def _calibrate(world: World, at: datetime) -> None:
    loading = calibration_load.from_log(
        tenant=world.acme,
        source="prediction_log",
        model_type=DESK,
        version="2026-02",
        days=30,
        now=at,
    )
    calibration_load.load(tenant=world.acme, loading=loading, min_samples=30, actor=WHO, now=at)


def _today(world: World) -> None:
    rng = np.random.default_rng(99)
    for n in range(70):
        at = world.now - timedelta(minutes=3 * (70 - n))
        score = float(rng.uniform(0.95, 0.99)) if n % 3 == 0 else float(rng.beta(2, 3))
        handle_predictions(
            tenant=world.acme, requests=[_desk_request(90_000 + n, at, score)], now=at
        )
    lifts = [_lift_request(5000 + n, world.now - timedelta(minutes=40)) for n in range(8)]
    handle_predictions(tenant=world.acme, requests=lifts, now=world.now)
    _work_off(world)
    raise_alert(
        tenant=world.acme,
        condition=Condition(
            alert_type="ML_DRIFT_DETECTED",
            severity="CRITICAL",
            fingerprint="drift:performance:lift_outage",
            message="lift_outage errs 21.0 points more often since 27 Feb, over 96 outcomes.",
            entity_type="ml_model",
            entity_id="lift_outage",
        ),
        now=world.now - timedelta(minutes=25),
    )


def _work_off(world: World) -> None:
    """The desk closes a few tickets, and sees one alert."""
    rows = list(Ticket.objects.for_tenant(world.acme).order_by("pk")[:12])
    for n, ticket in enumerate(rows):
        outcome_feedback.resolve_ticket(
            tenant=world.acme,
            ticket_id=ticket.pk,
            disposition=Disposition.FALSE_POSITIVE if n == 5 else Disposition.TRUE_POSITIVE,
            actor="user:1",
            note="Waited a day for a spare part." if n == 0 else "",
            now=world.now - timedelta(minutes=30),
        )
    open_alert = rows and Ticket.objects.for_tenant(world.acme).order_by("-pk").first()
    if open_alert and open_alert.alert_id:
        alert_handling.acknowledge(
            tenant=world.acme,
            alert_ids=[open_alert.alert_id],
            actor="user:1",
            now=world.now - timedelta(minutes=4),
        )


def _nights(world: World) -> None:
    last_day = local_day(world.now, world.acme.zone) - timedelta(days=1)
    model_health.backfill_metrics(tenant=world.acme, last_day=last_day, days=DAYS, now=world.now)
    for back in (1, 0):
        night = local_day(world.now, world.acme.zone) - timedelta(days=back)
        for kind in (model_health.STATISTICAL, model_health.PERFORMANCE):
            model_health.run_night(
                tenant=world.acme,
                kind=kind,
                payload={"night": night.isoformat()},
                now=world.now - timedelta(days=back, hours=8),
            )


def _retrains(world: World) -> None:
    """A retrain that the safeguards held back, and one that waits for a person."""
    facts = GateFacts(
        tenant="acme", model_type=DESK, now=world.now, severity=Severity.MEDIUM, n_labelled=412
    )
    sound = replace(
        facts,
        model_type=LIFTS,
        severity=Severity.CRITICAL,
        flag_on=True,
        data_is_clean=True,
        n_labelled=900,
        n_positive=300,
        n_holdout_since_change=90,
    )
    willing = MLConfig(enable_auto_retrain=True, auto_retrain_enabled_tenants=("acme",))
    for each, config, cause in ((facts, MLConfig(), "drift:1"), (sound, willing, "drift:2")):
        auto_retrain.open_job(
            tenant=world.acme,
            model_type=each.model_type,
            requested_by=cause,
            severity=each.severity.value,
            verdicts=judge(each, config),
            needs_approval=each.severity is Severity.CRITICAL,
            now=world.now - timedelta(hours=3),
        )


def _edge(world: World) -> None:
    """Check-ins that no model scores yet, and messages that nobody can read."""
    for n, payload in enumerate((_check_in(world.now), b'{"event_id": "t1", "battery": 340}')):
        security_anomaly.handle_signals(
            tenant=world.acme,
            messages=[
                Incoming(
                    door="mqtt",
                    topic=f"wf/acme/phone-alice/{'checkin' if n == 0 else 'telemetry'}",
                    device="phone-alice",
                    kind="checkin" if n == 0 else "telemetry",
                    payload=payload,
                )
            ],
            now=world.now - timedelta(minutes=2),
        )
    security_anomaly.keep_unreadable(
        tenant_code="acme",
        unreadable=Unreadable(
            door="mqtt",
            topic="wf/acme/phone-bob/gps",
            payload=b"<script>alert(1)</script>\xff" + b"x" * 2_000_000,
            field="payload",
            error="payload: got 2000026 bytes, expected at most 1048576",
        ),
        now=world.now - timedelta(hours=5),
    )


def _check_in(now: datetime) -> bytes:
    at = (now - timedelta(minutes=3)).isoformat()
    return (
        '{"event_id": "c-1", "event_type": "check_in", "guard_id": "alice", '
        f'"site_id": "harbour-gate", "device_at": "{at}", "lat": 52.0, "lon": 13.0, '
        '"accuracy_m": 12.0}'
    ).encode()


def _tokens(world: World) -> None:
    issue_token(
        tenant=world.acme,
        name="help desk model",
        role=Role.SERVICE_ACCOUNT,
        scopes=[Permission.SUBMIT_PREDICTIONS, Permission.SUBMIT_OUTCOMES],
        now=world.now - timedelta(days=10),
    )


def ids_of(world: World) -> dict[str, object]:
    """Return one of Acme's rows for each name that stands in an address."""
    tenant = world.acme
    ticket = Ticket.objects.for_tenant(tenant).filter(status="open").order_by("-pk")[0]
    review = ReviewItem.objects.for_tenant(tenant).filter(state="waiting").order_by("pk")[0]
    return {
        "alert_id": ticket.alert_id,
        "ticket_id": ticket.pk,
        "item_id": review.pk,
        "prediction_id": ticket.prediction_id,
        "model_type": LIFTS,
        "job_id": RetrainJob.objects.for_tenant(tenant).get(model_type=LIFTS).pk,
        "letter_id": DeadLetter.objects.for_tenant(tenant).filter(truncated=False)[0].pk,
        "entry_id": ThresholdAuditLog.objects.for_tenant(tenant)[0].pk,
        "token_id": ApiToken.objects.for_tenant(tenant)[0].pk,
        "key": "review_score",
        "part": "bands",
    }


def deeds(tenant: Tenant) -> list[str]:
    """Return what was done in a tenant, oldest first."""
    rows = AuditEntry.objects.for_tenant(tenant).order_by("seq")
    return list(rows.values_list("action", flat=True))
