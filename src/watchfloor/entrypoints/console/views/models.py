"""Models: which one serves, can it be trusted, what moved, and why no retrain?"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import local_day
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists, model_figures, promises
from watchfloor.entrypoints.console.calibration_list import calibrations
from watchfloor.entrypoints.console.figures import Tick
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice, Progress
from watchfloor.entrypoints.console.wording import number_text, percent_text, score_text
from watchfloor.ml.health import drift_reports
from watchfloor.ml.inference import model_queries
from watchfloor.ml.inference.model_queries import ModelCard
from watchfloor.ml.models import DriftReport, RetrainJob, RollbackWatch
from watchfloor.ml.models.retrain import ACTIVE_STATES, RetrainState
from watchfloor.ml.predictions import score_queries
from watchfloor.ml.retraining import auto_retrain
from watchfloor.ml.versions import model_pages
from watchfloor.noc.decision import thresholds
from watchfloor.noc.queries import prediction_queries, threshold_queries
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import safe_retrain

STRIP_DAYS = 60
SCORE_DAYS = 30
REPORTS, JOBS, WATCHES, VERSIONS = 12, 10, 6, 10
MAY_SEE = Permission.VIEW_MODELS
# A monitor without a state is stored as no bytes, and these have a digest like any others.
NO_BYTES = hashlib.sha256(b"").hexdigest()


@require_safe
@member_page(MAY_SEE)
def model_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every model type: what serves it, and how it stands."""
    cards = model_queries.model_cards(
        tenant=actor.tenant, model_types=prediction_queries.model_types(actor.tenant)
    )
    context = {
        "cards": [_card_row(card) for card in cards],
        "empty": None if cards else _nothing(),
    }
    return frame.page(request, actor, "models.html", context, section="models")


def _nothing() -> Notice:
    return Notice(
        gettext("No model yet"),
        gettext("A model type appears with its first prediction, whoever makes the score."),
    )


def _card_row(card: ModelCard) -> dict[str, Any]:
    return {
        "card": card,
        "name": drawing.words_of(card.model_type).capitalize(),
        "state": state_words(card),
        "job": progress_of(card.active_job) if card.active_job else None,
    }


def state_words(card: ModelCard) -> str:
    """Return how a model stands, in a few words."""
    if card.version is None:
        return gettext("nothing serves; people see every event")
    if card.alarmed_at is not None:
        return gettext("drift alarm: nothing is automatic")
    if card.watch is not None:
        return gettext("watched after its promotion")
    if card.calibration_unreadable:
        return gettext("calibration cannot be read: nothing is automatic")
    if card.calibration is None:
        return gettext("no calibration: nothing is automatic")
    return gettext("well")


def progress_of(job: RetrainJob) -> Progress:
    """Return how far a retrain is."""
    done = round(100 * job.progress)
    return Progress(state_label(job.state), done, 100, gettext("steps"), job.note)


def state_label(state: str) -> str:
    """Return the operator's word for the state of a job."""
    return str(RetrainState(state).label)


@require_safe
@member_page(MAY_SEE)
def model(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Show one model type in full."""
    card = find_card(actor, model_type)
    reports = drift_reports.reports_of(
        tenant=actor.tenant, model_type=model_type, limit=STRIP_DAYS * 3
    )
    watches = model_queries.watches_of(tenant=actor.tenant, model_type=model_type, limit=WATCHES)
    metric = lists.chosen(request, "metric", model_figures.METRICS)
    labels = model_figures.metric_labels()
    context = {
        "card": card,
        "name": drawing.words_of(model_type).capitalize(),
        "state": state_words(card),
        "serving": _serving(actor, card),
        "tabs": lists.tabs_of(metric, labels, name="metric", kept={}),
        "metrics": _strip(actor, model_type, metric, reports, watches),
        "reports": [_report_row(report) for report in reports[:REPORTS]],
        "watches": [_watch_row(watch) for watch in watches],
        "versions": model_pages.versions(
            tenant=actor.tenant, limit=VERSIONS, model_type=model_type
        ),
        **calibrations(tenant=actor.tenant, model_type=model_type, now=clock.now()),
        **_jobs(actor, model_type),
        **_scores(actor, card),
    }
    return frame.page(request, actor, "model.html", context, section="models")


def find_card(actor: Actor, model_type: str) -> ModelCard:
    """
    Return the card of one model type of the actor's tenant.

    Raises:
        NotFound: this tenant neither serves nor predicts it.
    """
    known = prediction_queries.model_types(actor.tenant)
    return model_queries.get_card(
        tenant=actor.tenant, model_type=model_type, is_predicted=model_type in known
    )


def _serving(actor: Actor, card: ModelCard) -> dict[str, Any]:
    stack = card.deployment.stack if card.deployment else None
    calibration = card.calibration
    return {
        "stack": stack,
        "monitor": stack.monitor_sha256 if stack and stack.monitor_sha256 != NO_BYTES else "",
        "certified_from": _score_or(
            calibration.certified_from if calibration else None, gettext("no score")
        ),
        "clear_below": _score_or(
            calibration.clear_below if calibration else None, gettext("no score")
        ),
        "agreement": percent_text(calibration.calibration_score if calibration else None),
        "base_rate": percent_text(calibration.base_rate if calibration else None),
        "promises": promises.promise_notes(
            calibration,
            thresholds.values_in_force(tenant=actor.tenant, model_type=card.model_type),
        ),
    }


def _score_or(score: float | None, words: str) -> str:
    return words if score is None else score_text(score)


def _strip(
    actor: Actor,
    model_type: str,
    metric: str,
    reports: Iterable[DriftReport],
    watches: Iterable[RollbackWatch],
) -> Any:
    last_day = local_day(clock.now(), actor.tenant.zone) - timedelta(days=1)
    days = model_queries.metric_strip(
        tenant=actor.tenant, model_type=model_type, last_day=last_day, days=STRIP_DAYS
    )
    marks = model_figures.day_marks(reports, watches, zone=actor.tenant.zone)
    return model_figures.metric_strip(days, metric=metric, marks=marks)


def _scores(actor: Actor, card: ModelCard) -> dict[str, Any]:
    """Return how the champion's scores lie; nothing while no model serves."""
    if card.version is None:
        return {"histogram": None, "agreement": None}
    values = threshold_queries.thresholds_of(tenant=actor.tenant, model_type=card.model_type)
    review = next(each.value for each in values if each.spec.key == "review_score")
    ticks = [Tick(review, gettext("review"))]
    if card.calibration is not None and card.calibration.certified_from is not None:
        ticks.append(Tick(card.calibration.certified_from, gettext("certified")))
    slices = score_queries.score_slices(
        tenant=actor.tenant,
        model_type=card.model_type,
        version=card.version.version,
        last_day=local_day(clock.now(), actor.tenant.zone),
        days=SCORE_DAYS,
        edges=[tick.value for tick in ticks],
    )
    return {
        "histogram": model_figures.score_histogram(slices, ticks=tuple(ticks)),
        "agreement": model_figures.agreement(slices),
    }


def _report_row(report: DriftReport) -> dict[str, Any]:
    return {
        "row": report,
        "kind": drawing.words_of(report.kind).capitalize(),
        "severity": report.severity if report.drifted else "",
        "word": drawing.words_of(report.severity),
        "sentence": report.evidence.get("sentence", ""),
        "evidence": [
            (drawing.words_of(str(key)), evidence_text(value))
            for key, value in report.evidence.items()
            if key != "sentence"
        ],
    }


def evidence_text(value: Any) -> str:
    """
    Return one piece of stored evidence as people read it; what is infinite is unknown.

    >>> evidence_text(0.0312345), evidence_text([12, None])
    ('0.0312', '12, unknown')
    """
    if value is None:
        return gettext("unknown")
    if isinstance(value, list):
        return ", ".join(evidence_text(each) for each in value) or gettext("none")
    if isinstance(value, float):
        return number_text(value, decimals=4 if abs(value) < 10 else 1)
    return drawing.value_text(value)


def _watch_row(watch: RollbackWatch) -> dict[str, Any]:
    evidence = model_queries.evidence_of(watch)
    return {
        "row": watch,
        "state": drawing.words_of(watch.state).capitalize(),
        "new": watch.new_stack.model_version.version,
        "old": watch.old_stack.model_version.version,
        "difference": (
            gettext("%(points)s points")
            % {"points": number_text(100 * evidence.difference, decimals=1)}
            if evidence.difference is not None
            else gettext("no pair yet")
        ),
        "evidence": number_text(evidence.evidence, decimals=2),
        "needed": number_text(evidence.threshold, decimals=0),
    }


@require_safe
@member_page(MAY_SEE)
def model_jobs(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Answer the retrain jobs alone; a page refreshes them while one runs."""
    find_card(actor, model_type)
    return frame.fragment(request, actor, "partials/model_jobs.html", _jobs(actor, model_type))


def _jobs(actor: Actor, model_type: str) -> dict[str, Any]:
    jobs = auto_retrain.jobs_of(tenant=actor.tenant, model_type=model_type, limit=JOBS)
    blocked = jobs[0] if jobs and jobs[0].state == RetrainState.BLOCKED else None
    return {
        "model_type": model_type,
        "jobs": [job_row(job) for job in jobs],
        "blocked": job_row(blocked) if blocked else None,
    }


def job_row(job: RetrainJob) -> dict[str, Any]:
    """Return what is shown of a retrain job in a list."""
    verdicts = sorted(job.safeguards.all(), key=lambda each: each.pk)
    return {
        "row": job,
        "state": state_label(job.state),
        "is_active": job.state in ACTIVE_STATES,
        "is_waiting": job.state == RetrainState.AWAITING_APPROVAL,
        "progress": progress_of(job),
        "asked_by": _asker(job),
        "verdicts": [
            {"name": drawing.words_of(v.safeguard).capitalize(), "row": v} for v in verdicts
        ],
    }


def _asker(job: RetrainJob) -> str:
    kind, _, _ = job.requested_by.partition(":")
    return gettext("drift") if kind == "drift" else drawing.words_of(kind)


@require_POST
@member_page(Permission.MANAGE_MODELS)
def first_model(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Train the first model of a type and let it serve; it answers when that is done."""
    find_card(actor, model_type)
    try:
        version = safe_retrain.first_model(
            tenant=actor.tenant, model_type=model_type, now=clock.now()
        )
    except NotReady as error:
        messages.warning(request, gettext("Nothing was trained: %(why)s.") % {"why": error})
    else:
        words = gettext("%(version)s is trained, and serves from now on.")
        messages.success(request, words % {"version": version.version})
    return redirect("console:model", actor.tenant.code, model_type)
