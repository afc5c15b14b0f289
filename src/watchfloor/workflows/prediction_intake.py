"""A prediction about any entity comes in: store once, score, decide, act, log; one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from watchfloor.core.decision.reason import Reason
from watchfloor.core.errors import InvalidInput
from watchfloor.core.identity import event_uuid
from watchfloor.core.local_time import local_day
from watchfloor.ledger import outbox
from watchfloor.ml.calibration import conformal_predictor, numeric_calibration
from watchfloor.ml.inference import serving, shadow
from watchfloor.ml.inference.serving import ServingModel
from watchfloor.ml.models import PredictionLog
from watchfloor.ml.predictions import numeric_estimates, prediction_log, rollups
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.ml.versions import external_models
from watchfloor.noc.decision import calibrations, decision_effects, decisions
from watchfloor.noc.decision.decisions import Subject
from watchfloor.noc.intake import ingest_keys
from watchfloor.tenants import directory, flags
from watchfloor.tenants.models import Site, Tenant

NO_VERSION = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRequest:
    """
    One event to predict about.

    Args:
        event_id: the sender's id; sent twice under one source it is one prediction.
        score: a score in [0, 1] of a model that runs elsewhere; None to score it here.
        model_version: the version that made `score` or `number`; ignored without one.
        number: an estimate of a number, by a model that runs elsewhere; instead of a score.
    """

    event_id: str
    source: str
    model_type: str
    entity_type: str
    entity_id: str
    occurred_at: datetime
    features: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    model_version: str | None = None
    site: str | None = None
    number: Number | None = None


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """What became of one request."""

    id: UUID
    duplicate: bool
    score: float | None = None
    lower: float | None = None
    upper: float | None = None
    width: float | None = None
    decision: str = ""
    reason: str = ""
    model_version: str = ""


def handle_predictions(
    *, tenant: Tenant, requests: Sequence[PredictionRequest], now: datetime
) -> list[PredictionResult | InvalidInput]:
    """
    Carry requests of one model type to their effect, exactly once; an answer for each, in order.

    A request that does not fit is answered with its error and the others go on.
    """
    try:
        return _handle(tenant=tenant, requests=requests, now=now)
    except IntegrityError:
        # Another process stored one of these events a moment ago: now it is found.
        return _handle(tenant=tenant, requests=requests, now=now)


@transaction.atomic
def _handle(
    *, tenant: Tenant, requests: Sequence[PredictionRequest], now: datetime
) -> list[PredictionResult | InvalidInput]:
    answers: dict[int, PredictionResult | InvalidInput] = {}
    sites = directory.look_up(
        tenant=tenant, sites=[r.site for r in requests if r.site], people=(), devices=()
    ).sites
    fresh: dict[int, PredictionRequest] = {}
    units = _units(tenant, requests)
    seen = ingest_keys.stored_among(
        tenant=tenant, keys=[(request.source, request.event_id) for request in requests]
    )
    for place, request in enumerate(requests):
        if (key := (request.source, request.event_id)) in seen:
            answers[place] = PredictionResult(id=seen[key], duplicate=True)
        elif (refusal := _refusal(request, sites, units)) is not None:
            answers[place] = refusal
        else:
            seen[key] = _id_of(tenant, request)
            fresh[place] = request
    # Before anything else is locked: every transaction takes events first, then the tenant.
    ingest_keys.claim(
        tenant=tenant, ids={(r.source, r.event_id): _id_of(tenant, r) for r in fresh.values()}
    )
    for model_type in sorted({request.model_type for request in fresh.values()}):
        of_type = {p: r for p, r in fresh.items() if r.model_type == model_type}
        for answer, are_numbers in ((_predict_group, False), (_estimate_group, True)):
            group = {p: r for p, r in of_type.items() if (r.number is not None) is are_numbers}
            if group:
                answers.update(answer(tenant, model_type, group, sites, now))
    return [answers[place] for place in range(len(requests))]


def _units(tenant: Tenant, requests: Sequence[PredictionRequest]) -> dict[str, str]:
    """Return the unit of each version that estimates numbers; a new one has that of its first."""
    units: dict[str, str] = {}
    for request in requests:
        if request.number is not None and (key := _version_key(request)) not in units:
            kept = numeric_estimates.unit_of(
                tenant=tenant, model_type=request.model_type, version=request.model_version or ""
            )
            units[key] = kept or request.number.unit
    return units


def _version_key(request: PredictionRequest) -> str:
    return f"{request.model_type} {request.model_version}"


def _refusal(
    request: PredictionRequest, sites: Mapping[str, Site], units: Mapping[str, str]
) -> InvalidInput | None:
    if request.site is not None and request.site not in sites:
        return InvalidInput(field="site", value=request.site, expected="a site of this tenant")
    if request.score is not None and not 0.0 <= request.score <= 1.0:
        return InvalidInput(field="score", value=request.score, expected="a number in [0, 1]")
    if (request.score is not None or request.number is not None) and not request.model_version:
        return InvalidInput(
            field="model_version", value=request.model_version, expected="who made the score"
        )
    if request.number is None:
        return None
    if request.score is not None:
        return InvalidInput(
            field="estimate", value=request.number.estimate, expected="no score beside it"
        )
    return numeric_estimates.refusal_of(request.number, unit=units[_version_key(request)])


def _id_of(tenant: Tenant, request: PredictionRequest) -> UUID:
    return event_uuid(
        tenant=tenant.code,
        source=request.source,
        event_id=request.event_id,
        occurred_at=request.occurred_at,
    )


def _predict_group(
    tenant: Tenant,
    model_type: str,
    group: Mapping[int, PredictionRequest],
    sites: Mapping[str, Site],
    now: datetime,
) -> dict[int, PredictionResult | InvalidInput]:
    requests = list(group.values())
    external_models.serve_first_posted(
        tenant=tenant,
        model_type=model_type,
        versions=[r.model_version or "" for r in requests if r.score is not None],
        now=now,
    )
    model = serving.serving_model(tenant=tenant, model_type=model_type)
    predictions = conformal_predictor.predict_posted(
        serving=model,
        rows=[r.features for r in requests],
        posted=[r.score for r in requests],
        versions=[r.model_version for r in requests],
    )
    subjects = [_subject(tenant, request, sites) for request in requests]
    rules = decisions.in_force(
        tenant=tenant,
        model_type=model_type,
        automation=flags.automation_in_force(tenant=tenant, model_type=model_type),
        now=now,
    )
    taken = decisions.decide_all(
        tenant=tenant,
        subjects=subjects,
        evidence=[conformal_predictor.evidence_of(p, serving=model, now=now) for p in predictions],
        rules=rules,
        now=now,
    )
    rows = [
        _row(
            tenant,
            request,
            subject,
            version=_version_of(request, model),
            columns=conformal_predictor.columns(prediction, serving=model) | decided.columns,
            now=now,
        )
        for request, subject, prediction, decided in zip(
            requests, subjects, predictions, taken, strict=True
        )
    ]
    prediction_log.write(rows)
    rollups.count_predictions(tenant=tenant, scored=[prediction_log.as_scored(row) for row in rows])
    shadow.score_beside(
        tenant=tenant, serving=model, rows=rows, features=[r.features for r in requests]
    )
    decision_effects.act(
        tenant=tenant,
        subjects=subjects,
        predictions=rows,
        decided=taken,
        rules=rules,
        now=now,
    )
    return _told(tenant, model_type, group, rows, now)


def _subject(tenant: Tenant, request: PredictionRequest, sites: Mapping[str, Site]) -> Subject:
    return Subject(
        log=prediction_log.LOG,
        prediction_id=_id_of(tenant, request),
        occurred_at=request.occurred_at,
        model_type=request.model_type,
        entity_type=request.entity_type,
        entity_id=request.entity_id,
        site=sites[request.site] if request.site else None,
        title=f"{request.model_type.replace('_', ' ')}: {request.entity_type} {request.entity_id}",
    )


def _version_of(request: PredictionRequest, model: ServingModel | None) -> str:
    posted = request.model_version if request.score is not None else None
    return posted or (model.version if model else NO_VERSION)


def _row(
    tenant: Tenant,
    request: PredictionRequest,
    subject: Subject,
    *,
    version: str,
    columns: Mapping[str, Any],
    now: datetime,
) -> PredictionLog:
    return PredictionLog(
        tenant=tenant,
        id=subject.prediction_id,
        occurred_at=request.occurred_at,
        source=request.source,
        event_id=request.event_id,
        entity_type=request.entity_type,
        entity_id=request.entity_id,
        site=subject.site,
        local_day=local_day(request.occurred_at, tenant.zone),
        model_type=request.model_type,
        model_version=version,
        features_json=dict(request.features),
        predicted_at=now,
        **columns,
    )


def _estimate_group(
    tenant: Tenant,
    model_type: str,
    group: Mapping[int, PredictionRequest],
    sites: Mapping[str, Site],
    now: datetime,
) -> dict[int, PredictionResult | InvalidInput]:
    """
    Log estimates of numbers beside the calibration in force; nothing acts on them.

    Where it cannot be read that is logged with them, and told once.
    """
    requests = list(group.values())
    versions = [request.model_version or NO_VERSION for request in requests]
    known = numeric_calibration.known_about(
        tenant=tenant, model_type=model_type, versions=set(versions)
    )
    subjects = [_subject(tenant, request, sites) for request in requests]
    rules = decisions.in_force(
        tenant=tenant,
        model_type=model_type,
        automation=flags.automation_in_force(tenant=tenant, model_type=model_type),
        now=now,
    )
    logged = decisions.log_all(
        subjects=subjects,
        reason=Reason.NUMERIC_ESTIMATE,
        failing=[
            Reason.CALIBRATION_UNREADABLE if version in known.unreadable else None
            for version in versions
        ],
        rules=rules,
        now=now,
    )
    rows = [
        _row(
            tenant,
            request,
            subject,
            version=version,
            columns=decided.columns,
            now=now,
        )
        for request, subject, version, decided in zip(
            requests, subjects, versions, logged, strict=True
        )
    ]
    prediction_log.write(rows)
    numeric_estimates.write(
        tenant=tenant,
        rows=rows,
        numbers=[request.number for request in requests if request.number is not None],
        calibrations=known.digests,
    )
    for version in sorted(known.unreadable):
        calibrations.tell_unreadable(tenant=tenant, model_type=model_type, version=version, now=now)
    return _told(tenant, model_type, group, rows, now)


def _told(
    tenant: Tenant,
    model_type: str,
    group: Mapping[int, PredictionRequest],
    rows: Sequence[PredictionLog],
    now: datetime,
) -> dict[int, PredictionResult | InvalidInput]:
    """Tell open pages that something was predicted, and return the answers by their place."""
    outbox.publish(
        tenant=tenant,
        kind="predictions",
        data={"n": len(rows), "model_type": model_type},
        now=now,
    )
    return {place: _result(row) for place, row in zip(group, rows, strict=True)}


def _result(row: PredictionLog) -> PredictionResult:
    return PredictionResult(
        id=row.id,
        duplicate=False,
        score=row.score,
        lower=row.prediction_lower_bound,
        upper=row.prediction_upper_bound,
        width=row.confidence_interval_width,
        decision=row.decision,
        reason=row.reason,
        model_version=row.model_version,
    )
