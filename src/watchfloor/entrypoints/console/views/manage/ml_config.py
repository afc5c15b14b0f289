"""ML_CONFIG as one tenant has it: every key, what it does, and values of the tenant's own."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from watchfloor.core.errors import InvalidInput, NotFound
from watchfloor.core.ml_config import ABOUT, KEYS, RANGES
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import frame
from watchfloor.entrypoints.console.forms import OverrideForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.views.manage.tabs import ML_CONFIG, manage_tabs
from watchfloor.tenants import ml_config, switch_queries
from watchfloor.tenants.access import Actor
from watchfloor.workflows import policy_switch


@require_safe
@member_page(ML_CONFIG)
def key_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every key with its value in force."""
    context = {
        "tabs": manage_tabs(actor, current="ml_config"),
        "keys": _rows(actor),
        "n_own": len(switch_queries.overrides_of(actor.tenant)),
    }
    return frame.page(request, actor, "manage/ml_config.html", context, section="manage")


def _rows(actor: Actor) -> list[dict[str, Any]]:
    installed = ml_config.installed().to_mapping()
    own = switch_queries.overrides_of(actor.tenant)
    return [
        {
            "key": key,
            "about": ABOUT[key],
            "range": RANGES[key],
            "value": written(own[key][0] if key in own else installed[key]),
            "installed": written(installed[key]),
            "is_own": key in own,
            "changed_at": own[key][1] if key in own else None,
        }
        for key in KEYS
    ]


def written(value: Any) -> str:
    """
    Return a value as somebody would type it into the form.

    >>> written(True), written(["acme"]), written("ml_engineering")
    ('true', '["acme"]', 'ml_engineering')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(ML_CONFIG)
def key(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """Show one key, or give it another value for this tenant."""
    row = next((each for each in _rows(actor) if each["key"] == key), None)
    if row is None:
        raise NotFound(f"{key!r} is no key of ML_CONFIG")
    form = OverrideForm(request.POST or None, initial={"value": row["value"]})
    if request.method == "POST" and form.is_valid() and _override(request, actor, key, form):
        return redirect("console:ml_config", actor.tenant.code)
    context = {"tabs": manage_tabs(actor, current="ml_config"), "row": row, "form": form}
    return frame.page(
        request,
        actor,
        "manage/ml_config_key.html",
        context,
        section="manage",
        status=422 if form.is_bound else 200,
        is_live=False,
    )


def _override(request: HttpRequest, actor: Actor, key: str, form: OverrideForm) -> bool:
    """Store the value; False when it was refused, and the form says why."""
    value = form.cleaned_data["value"]
    if "installed" in request.POST:
        value = ml_config.installed().to_mapping()[key]
    try:
        policy_switch.override_ml_config(
            tenant=actor.tenant,
            key=key,
            value=value,
            actor=actor.name,
            reason=form.cleaned_data["reason"],
            now=clock.now(),
        )
    except InvalidInput as error:
        where = "reason" if error.field == "reason" else "value"
        named = "" if error.field in {key, "reason"} else f"{error.field}: "
        form.add_error(where, f"{named}{error.expected}.")
        return False
    messages.success(request, gettext("%(key)s is changed.") % {"key": key})
    return True
