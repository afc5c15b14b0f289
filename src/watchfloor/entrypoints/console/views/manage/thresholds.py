"""Thresholds: what each is, what it was, and moving one with a reason that is kept."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from watchfloor.core.errors import ChangedMeanwhile, InvalidInput, SecondPersonWanted
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists
from watchfloor.entrypoints.console.forms import ReasonForm, ThresholdForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.views.audit import change_rows, value_or_default
from watchfloor.entrypoints.console.views.manage.tabs import THRESHOLDS, manage_tabs
from watchfloor.entrypoints.console.views.models import find_card
from watchfloor.ml.inference import model_queries
from watchfloor.noc.queries import prediction_queries, threshold_queries
from watchfloor.noc.queries.threshold_queries import ThresholdInForce
from watchfloor.tenants.access import Actor
from watchfloor.tenants.paging import Place
from watchfloor.workflows import threshold_change


@require_safe
@member_page(THRESHOLDS)
def threshold_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every threshold of one model type."""
    cards = model_queries.model_cards(
        tenant=actor.tenant, model_types=prediction_queries.model_types(actor.tenant)
    )
    names = {card.model_type: drawing.words_of(card.model_type).capitalize() for card in cards}
    current = lists.chosen(request, "model_type", names) if names else ""
    values = (
        threshold_queries.thresholds_of(tenant=actor.tenant, model_type=current) if current else []
    )
    context = {
        "tabs": manage_tabs(actor, current="thresholds"),
        "models": lists.tabs_of(current, names, name="model_type", kept={}),
        "model_type": current,
        "thresholds": [_row(each) for each in values],
        "empty": None if names else _nothing(),
    }
    return frame.page(request, actor, "manage/thresholds.html", context, section="manage")


def _nothing() -> Notice:
    words = gettext("Thresholds belong to a model type, and none has predicted anything yet.")
    return Notice(gettext("No threshold yet"), words)


def _row(each: ThresholdInForce) -> dict[str, Any]:
    return {
        "each": each,
        "value": value_or_default(each.value),
        "default": value_or_default(each.spec.default),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(THRESHOLDS)
def threshold(request: HttpRequest, actor: Actor, model_type: str, key: str) -> HttpResponse:
    """Show one threshold with its history, or move it."""
    find_card(actor, model_type)
    found = threshold_queries.get_threshold(tenant=actor.tenant, model_type=model_type, key=key)
    form = _form(request, found)
    if (
        request.method == "POST"
        and form.is_valid()
        and _move(request, actor, found, model_type, form)
    ):
        return redirect("console:threshold", actor.tenant.code, model_type, key)
    page = threshold_queries.change_page(
        tenant=actor.tenant, place=Place(), model_type=model_type, key=key
    )
    context = _row(found) | {
        "tabs": manage_tabs(actor, current="thresholds"),
        "model_type": model_type,
        "model_name": drawing.words_of(model_type),
        "form": form,
        "changes": change_rows(page.rows),
        "undo_form": ReasonForm(auto_id="undo_%s"),
    }
    return frame.page(
        request,
        actor,
        "manage/threshold.html",
        context,
        section="manage",
        status=422 if form.is_bound else 200,
        is_live=False,
    )


def _form(request: HttpRequest, found: ThresholdInForce) -> ThresholdForm:
    if request.method == "POST":
        return ThresholdForm(request.POST, spec=found.spec)
    initial = {"value": found.value, "version": found.version}
    return ThresholdForm(initial=initial, spec=found.spec)


def _move(
    request: HttpRequest,
    actor: Actor,
    found: ThresholdInForce,
    model_type: str,
    form: ThresholdForm,
) -> bool:
    """Move it; False when a room refused, and the form says why."""
    told = form.cleaned_data
    try:
        threshold_change.apply(
            tenant=actor.tenant,
            model_type=model_type,
            key=found.spec.key,
            value=None if "default" in request.POST else told["value"],
            expected_version=told["version"],
            actor=actor.name,
            reason=told["reason"],
            now=clock.now(),
        )
    except InvalidInput as error:
        form.refuse(error)
        return False
    except ChangedMeanwhile:
        words = gettext("Somebody moved it to %(value)s meanwhile. Look again, and send it again.")
        form.add_error(None, words % {"value": value_or_default(found.value)})
        # What was typed stays; only the version becomes that of the value shown now.
        form.data = request.POST.dict() | {"version": str(found.version)}
        return False
    except SecondPersonWanted:
        words = gettext(
            "This is further than one person alone may move it. Propose it on the thresholds page "
            "of the model, and somebody else approves it."
        )
        form.add_error("value", words)
        return False
    messages.success(request, gettext("%(label)s: moved.") % {"label": found.spec.label})
    return True


@require_POST
@member_page(THRESHOLDS)
def take_back(request: HttpRequest, actor: Actor, entry_id: int) -> HttpResponse:
    """Undo one change by a new row that points to it."""
    entry = threshold_queries.get_change(tenant=actor.tenant, entry_id=entry_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Say why it is taken back. Nothing was changed."))
    else:
        try:
            threshold_change.take_back(
                tenant=actor.tenant,
                entry_id=entry.pk,
                actor=actor.name,
                reason=form.cleaned_data["reason"],
                now=clock.now(),
            )
        except ChangedMeanwhile:
            messages.warning(request, gettext("Somebody moved it in this very moment."))
        else:
            messages.success(request, gettext("The change is taken back."))
    if request.POST.get("then") == "what_if":
        return redirect("console:what_if", actor.tenant.code, entry.scope_id)
    return redirect("console:threshold", actor.tenant.code, entry.scope_id, entry.key)
