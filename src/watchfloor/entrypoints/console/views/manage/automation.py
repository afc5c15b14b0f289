"""What may act by itself: flags, the stage of the roll-out, and the switch that stops all."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from watchfloor.core.errors import NotAllowed, NotFound, NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame
from watchfloor.entrypoints.console.forms import (
    ConsoleForm,
    FlagForm,
    KillSwitchForm,
    ReasonForm,
    StageForm,
)
from watchfloor.entrypoints.console.membership import may_manage_platform, member_page
from watchfloor.entrypoints.console.views.manage.tabs import manage_tabs
from watchfloor.entrypoints.console.wording import count_text
from watchfloor.noc.decision import ticket_caps
from watchfloor.noc.models import TicketStop
from watchfloor.noc.models.work import StopKind
from watchfloor.tenants import switch_queries
from watchfloor.tenants.access import Actor
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models.places import RolloutStage
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import automation_stop, policy_switch, ticket_stops

FORMS: dict[str, type[ConsoleForm]] = {
    "flag": FlagForm,
    "stage": StageForm,
    "stop": ReasonForm,
    "breaker": ReasonForm,
    "kill_switch": KillSwitchForm,
}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*frame.MANAGING)
def automation(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every switch of a tenant, or turn one."""
    wanted = request.POST.get("do", "")
    bound: ConsoleForm | None = None
    if request.method == "POST":
        bound = _permitted(request, actor, wanted)
        if bound.is_valid():
            ACTS[wanted](request, actor, bound)
            return redirect("console:manage", actor.tenant.code)
    return _page(request, actor, wanted, bound)


def _permitted(request: HttpRequest, actor: Actor, wanted: str) -> ConsoleForm:
    """Return what was sent, if this actor may send it."""
    if wanted not in FORMS:
        raise NotFound(f"there is no switch {wanted!r}")
    if wanted == "kill_switch":
        if not may_manage_platform(request, actor):
            raise NotAllowed(f"{actor.name} may not stop every customer")
    else:
        actor.require(Permission.SWITCH_AUTOMATION)
    return FORMS[wanted](request.POST)


def _page(
    request: HttpRequest, actor: Actor, wanted: str, bound: ConsoleForm | None
) -> HttpResponse:
    switches = switch_queries.switches_of(actor.tenant)
    given = {wanted: bound} if bound is not None else {}
    context = {
        "tabs": manage_tabs(actor, current="manage"),
        "switches": switches,
        "stage_label": RolloutStage(switches.stage).label,
        "flags": [_flag_row(state, given.get("flag")) for state in switches.flags],
        "stage_form": given.get("stage") or StageForm(initial={"stage": switches.stage}),
        "stop_form": given.get("stop") or ReasonForm(auto_id="stop_%s"),
        "limits": _limits(actor, given.get("breaker")),
        "kill_form": given.get("kill_switch") or KillSwitchForm(auto_id="kill_%s"),
        "may_stop_all": may_manage_platform(request, actor),
        "n_on": sum(state.is_on for state in switches.flags),
    }
    return frame.page(
        request,
        actor,
        "manage/automation.html",
        context,
        section="manage",
        status=422 if bound is not None else 200,
        is_live=False,
    )


def _limits(actor: Actor, bound: ConsoleForm | None) -> list[dict[str, Any]]:
    """Return the limits on automatic tickets that are reached now; a breaker with its form."""
    stops = ticket_caps.open_stops(tenant=actor.tenant, now=clock.now())
    return [
        {
            "row": stop,
            "words": limit_words(stop),
            "form": (bound or ReasonForm(auto_id="breaker_%s"))
            if stop.kind == StopKind.BREAKER
            else None,
        }
        for stop in stops
    ]


def limit_words(stop: TicketStop) -> str:
    """Return which limit was reached, in one sentence."""
    words = {
        StopKind.BREAKER.value: gettext("The breaker is open: %(n)s tickets in an hour."),
        StopKind.SITE_CAP.value: gettext("%(scope)s: %(n)s tickets in an hour."),
        StopKind.DAY_CAP.value: gettext("%(scope)s: %(n)s tickets today."),
    }[stop.kind]
    scope = stop.scope
    if stop.kind == StopKind.DAY_CAP:
        scope = drawing.words_of(stop.scope).capitalize()
    return words % {"n": count_text(stop.cap), "scope": scope}


def _flag_row(state: switch_queries.FlagState, bound: ConsoleForm | None) -> dict[str, Any]:
    is_this = (
        bound is not None
        and bound.data.get("flag") == state.flag.value
        and bound.data.get("model_type", "") == state.model_type
    )
    auto_id = f"{state.flag.value}_{state.model_type or 'all'}_%s"
    return {
        "state": state,
        "name": drawing.words_of(state.flag.value).capitalize(),
        "about": about_flag(state.flag),
        "model": drawing.words_of(state.model_type),
        "form": _again(bound, auto_id)
        if is_this and bound is not None
        else FlagForm(auto_id=auto_id),
    }


def _again(bound: ConsoleForm, auto_id: str) -> forms.Form:
    """Return a refused form under the names its place on the page has."""
    return FlagForm(bound.data, auto_id=auto_id)


def about_flag(flag: Flag) -> str:
    """Return what a flag lets happen, in one sentence."""
    return {
        Flag.AUTO_TICKET: gettext("Certified scores open tickets without a person."),
        Flag.AUTO_CLEAR: gettext("Scores certified as harmless are cleared without a person."),
        Flag.AUTO_RETRAIN: gettext("Drift may start a retrain, if all five safeguards pass."),
        Flag.AUTO_ROLLBACK: gettext("A promoted model that is worse goes back by itself."),
    }[flag]


def _switch_flag(request: HttpRequest, actor: Actor, form: ConsoleForm) -> None:
    told = form.cleaned_data
    flag = Flag(told["flag"])
    policy_switch.switch_flag(
        tenant=actor.tenant,
        flag=flag,
        model_type=told["model_type"],
        is_on=told["is_on"],
        actor=actor.name,
        reason=told["reason"],
        now=clock.now(),
    )
    name = drawing.words_of(flag.value).capitalize()
    words = gettext("%(flag)s is on.") if told["is_on"] else gettext("%(flag)s is off.")
    messages.success(request, words % {"flag": name})


def _move_stage(request: HttpRequest, actor: Actor, form: ConsoleForm) -> None:
    stage = RolloutStage(form.cleaned_data["stage"])
    policy_switch.move_stage(
        tenant=actor.tenant,
        stage=stage,
        actor=actor.name,
        reason=form.cleaned_data["reason"],
        now=clock.now(),
    )
    messages.success(request, gettext("The roll-out is at “%(stage)s”.") % {"stage": stage.label})


def _stop(request: HttpRequest, actor: Actor, form: ConsoleForm) -> None:
    n = automation_stop.stop_tenant(
        tenant=actor.tenant,
        actor=actor.name,
        reason=form.cleaned_data["reason"],
        now=clock.now(),
    )
    words = ngettext(
        "Stopped: %(n)s automation is switched off; people decide everything.",
        "Stopped: %(n)s automations are switched off; people decide everything.",
        n,
    )
    messages.success(request, words % {"n": n})


def _close_breaker(request: HttpRequest, actor: Actor, form: ConsoleForm) -> None:
    try:
        ticket_stops.close_breaker(
            tenant=actor.tenant,
            actor=actor.name,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
    except NotReady:
        messages.warning(request, gettext("The breaker was closed already."))
    else:
        messages.success(request, gettext("The breaker is closed; it counts anew from now."))


def _set_kill_switch(request: HttpRequest, actor: Actor, form: ConsoleForm) -> None:
    engaged = form.cleaned_data["engaged"]
    policy_switch.set_kill_switch(
        engaged=engaged, actor=actor.name, reason=form.cleaned_data["reason"], now=clock.now()
    )
    words = (
        gettext("Everything automatic is stopped, for every customer.")
        if engaged
        else gettext("The kill switch is released; what each customer has switched on goes on.")
    )
    messages.success(request, words)


ACTS: dict[str, Callable[[HttpRequest, Actor, ConsoleForm], None]] = {
    "flag": _switch_flag,
    "stage": _move_stage,
    "stop": _stop,
    "breaker": _close_breaker,
    "kill_switch": _set_kill_switch,
}
