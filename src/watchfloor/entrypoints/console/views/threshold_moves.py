"""Moving thresholds from the what-if page: applied at once, or proposed and decided by another."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from watchfloor.core.errors import (
    ChangedMeanwhile,
    InvalidInput,
    NotAllowed,
    NotReady,
    SecondPersonWanted,
)
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console.forms import TRIED, ReasonForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.views.models import find_card
from watchfloor.entrypoints.console.views.what_if import Asked, asked_of, page_of
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import threshold_change
from watchfloor.workflows.threshold_change import Change


@require_POST
@member_page(Permission.CHANGE_THRESHOLDS)
def apply(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Move what differs from the thresholds in force, together or not at all."""
    asked = asked_of(actor, model_type, request.POST)
    reason = ReasonForm(request.POST)
    status = 422
    if reason.is_valid() and asked.form.is_valid():
        try:
            moved = _move(request, actor, asked, reason.cleaned_data["reason"])
        except InvalidInput as error:
            reason.refuse(error)
        except ChangedMeanwhile:
            words = gettext("Somebody moved a threshold meanwhile. Look again, and send it again.")
            reason.add_error(None, words)
            status = 409
        except SecondPersonWanted:
            _propose(request, actor, asked, reason.cleaned_data["reason"])
            return redirect("console:what_if", actor.tenant.code, model_type)
        else:
            _say(request, moved)
            return redirect("console:what_if", actor.tenant.code, model_type)
    return page_of(request, actor, model_type, asked=asked, reason=reason, status=status)


@require_POST
@member_page(Permission.CHANGE_THRESHOLDS)
def decide(request: HttpRequest, actor: Actor, model_type: str) -> HttpResponse:
    """Agree to what somebody else proposed, or turn it down."""
    find_card(actor, model_type)
    reason, told = ReasonForm(request.POST), request.POST.get("proposal", "")
    if not (reason.is_valid() and told.isascii() and told.isdecimal() and len(told) < 19):
        messages.error(request, gettext("Say why. Nothing was changed."))
        return redirect("console:what_if", actor.tenant.code, model_type)
    agree = "approve" in request.POST
    try:
        (threshold_change.approve if agree else threshold_change.refuse)(
            tenant=actor.tenant,
            proposal_id=int(told),
            actor=actor.name,
            reason=reason.cleaned_data["reason"],
            now=clock.now(),
        )
    except ChangedMeanwhile:
        words = gettext("A threshold moved since this was proposed. Refuse it, and propose anew.")
        messages.warning(request, words)
    except (NotReady, NotAllowed) as error:
        messages.warning(request, str(error))
    else:
        messages.success(
            request, gettext("Approved: it is in force.") if agree else gettext("Refused.")
        )
    return redirect("console:what_if", actor.tenant.code, model_type)


def _changes(request: HttpRequest, asked: Asked) -> list[Change]:
    past = asked.simulation.past
    return [
        Change(key, asked.form.cleaned_data[key], _version(request, key))
        for key in TRIED
        if asked.form.cleaned_data[key] != past.values[key]
    ]


def _propose(request: HttpRequest, actor: Actor, asked: Asked, reason: str) -> None:
    threshold_change.propose(
        tenant=actor.tenant,
        model_type=asked.simulation.past.model_type,
        changes=_changes(request, asked),
        actor=actor.name,
        reason=reason,
        now=clock.now(),
    )
    words = gettext("This is a large step, so it is proposed: somebody else has to approve it.")
    messages.info(request, words)


def _move(request: HttpRequest, actor: Actor, asked: Asked, reason: str) -> int:
    changes = _changes(request, asked)
    if changes:
        threshold_change.apply_all(
            tenant=actor.tenant,
            model_type=asked.simulation.past.model_type,
            changes=changes,
            actor=actor.name,
            reason=reason,
            now=clock.now(),
        )
    return len(changes)


def _version(request: HttpRequest, key: str) -> int:
    text = request.POST.get(f"version_{key}", "")
    # What is no version is none that is in force, and so meets no threshold.
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _say(request: HttpRequest, moved: int) -> None:
    if moved:
        messages.success(request, gettext("Moved. New events are decided by it within a second."))
    else:
        messages.info(request, gettext("These are the thresholds in force: nothing was changed."))
