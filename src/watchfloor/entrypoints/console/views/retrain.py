"""One retrain job with what held or passed it, and the way back to the model before."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from watchfloor.core.errors import NotFound, NotReady
from watchfloor.core.thresholds import SPECS
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame
from watchfloor.entrypoints.console.forms import ReasonForm, RollBackForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.views.models import evidence_text, find_card, job_row
from watchfloor.entrypoints.console.wording import number_text
from watchfloor.ml.inference.model_queries import ModelCard
from watchfloor.ml.models import ModelStack, RetrainJob
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.retraining import auto_retrain
from watchfloor.ml.versions import registry
from watchfloor.noc.decision import thresholds
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import retrain_approval, safe_retrain

DECISIONS: dict[str, Callable[..., RetrainJob]] = {
    "approve": retrain_approval.approve,
    "reject": retrain_approval.reject,
}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.VIEW_MODELS)
def job(request: HttpRequest, actor: Actor, model_type: str, job_id: int) -> HttpResponse:
    """Show one job; while it waits for a person, take their word."""
    found = auto_retrain.get_job(tenant=actor.tenant, job_id=job_id)
    if found.model_type != model_type:
        raise NotFound(f"retrain job {job_id} of {model_type} does not exist")
    form = ReasonForm(request.POST or None)
    if request.method == "POST":
        actor.require(Permission.APPROVE_RETRAIN)
        decision = request.POST.get("decision", "")
        if decision in DECISIONS and form.is_valid():
            return _decide(request, actor, found, decision, form.cleaned_data["reason"])
    context = {
        "model_name": drawing.words_of(found.model_type).capitalize(),
        "job": job_row(found),
        "is_waiting": found.state == RetrainState.AWAITING_APPROVAL,
        "validation": [
            (drawing.words_of(str(key)), evidence_text(value))
            for key, value in found.validation.items()
            if key != "sentence"
        ],
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return frame.page(
        request, actor, "retrain_job.html", context, section="models", status=status, is_live=False
    )


def _decide(
    request: HttpRequest, actor: Actor, found: RetrainJob, decision: str, reason: str
) -> HttpResponse:
    try:
        done = DECISIONS[decision](
            tenant=actor.tenant,
            job_id=found.pk,
            actor=actor.name,
            reason=reason,
            now=clock.now(),
        )
    except NotReady:
        messages.warning(request, gettext("Somebody decided about this retrain first."))
    else:
        words = {
            RetrainState.QUEUED.value: gettext("Approved: it is queued, and trains at once."),
            RetrainState.REJECTED.value: gettext("Refused: the model that serves goes on."),
        }
        messages.success(request, words.get(done.state, done.state))
    return redirect("console:model", actor.tenant.code, found.model_type)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.MANAGE_MODELS, Permission.APPROVE_RETRAIN)
def roll_back(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Show what going back would change, and do it once its version was typed."""
    card = find_card(actor, model_type)
    good = card.deployment.last_known_good if card.deployment else None
    if not card.can_roll_back or good is None:
        messages.info(request, gettext("There is nothing to go back to."))
        return redirect("console:model", actor.tenant.code, model_type)
    # Read before it is offered: what does not have its digest any more cannot come back.
    content = registry.stack_bytes(good)
    form = RollBackForm(request.POST or None, expected=good.model_version.version)
    if request.method == "POST" and form.is_valid():
        return _go_back(request, actor, model_type, form.cleaned_data["reason"])
    context = {
        "card": card,
        "name": drawing.words_of(model_type).capitalize(),
        "good": good,
        "parts": _parts(card, good),
        "changes": _threshold_changes(actor, model_type, content.thresholds),
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return frame.page(
        request, actor, "roll_back.html", context, section="models", status=status, is_live=False
    )


def _go_back(request: HttpRequest, actor: Actor, model_type: str, reason: str) -> HttpResponse:
    try:
        stack = safe_retrain.roll_back(
            tenant=actor.tenant,
            model_type=model_type,
            actor=actor.name,
            reason=reason,
            now=clock.now(),
        )
    except NotReady as error:
        messages.warning(request, gettext("Nothing was changed: %(why)s.") % {"why": error})
    else:
        words = gettext("%(version)s serves again, verified byte for byte.")
        messages.success(request, words % {"version": stack.model_version.version})
    return redirect("console:model", actor.tenant.code, model_type)


def _parts(card: ModelCard, good: ModelStack) -> list[dict[str, Any]]:
    """Return the parts of both stacks side by side, by their digests."""
    stack = card.deployment.stack if card.deployment else None
    assert stack is not None
    pairs = (
        (
            gettext("Model"),
            stack.model_version.artifact_sha256,
            good.model_version.artifact_sha256,
        ),
        (gettext("Calibration"), stack.calibration_sha256, good.calibration_sha256),
        (gettext("Thresholds"), stack.thresholds_sha256, good.thresholds_sha256),
        (gettext("Monitor"), stack.monitor_sha256, good.monitor_sha256),
    )
    return [
        {"name": name, "now": now[:12], "then": then[:12], "changes": now != then}
        for name, now, then in pairs
    ]


def _threshold_changes(actor: Actor, model_type: str, content: bytes) -> list[tuple[str, str, str]]:
    """Return the thresholds that would move: label, value now, value then."""
    now = thresholds.values_in_force(tenant=actor.tenant, model_type=model_type)
    then = {key: float.fromhex(text) for key, text in json.loads(content or b"{}").items()}
    return [
        (SPECS[key].label, _shown(now[key]), _shown(value))
        for key, value in then.items()
        if key in SPECS and value != now[key]
    ]


def _shown(value: float) -> str:
    return number_text(value, decimals=0 if value >= 10 else 3)
