"""Tokens of machines: make one, whose text is shown once, and end one."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from watchfloor.core.errors import InvalidInput, NotAllowed
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame
from watchfloor.entrypoints.console.forms import TokenForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.views.manage.tabs import TOKENS, manage_tabs
from watchfloor.tenants import token_queries
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import ApiToken
from watchfloor.tenants.roles import Permission, Role
from watchfloor.workflows import token_care


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(TOKENS)
def token_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show a tenant's tokens, or make one and show its text this one time."""
    form = TokenForm(
        request.POST if request.method == "POST" else None, grantable=_grantable(actor)
    )
    text = _issue(actor, form) if request.method == "POST" and form.is_valid() else ""
    if text:
        form = TokenForm(grantable=_grantable(actor))
    now = clock.now()
    context = {
        "tabs": manage_tabs(actor, current="tokens"),
        "tokens": [
            {
                "row": token,
                "role": Role(token.role).label,
                "scopes": ", ".join(drawing.words_of(scope) for scope in token.scopes),
                "is_in_force": token.revoked_at is None and now < token.expires_at,
            }
            for token in token_queries.tokens_of(actor.tenant)
        ],
        "form": form,
        "text": text,
    }
    return frame.page(
        request,
        actor,
        "manage/tokens.html",
        context,
        section="manage",
        status=422 if form.is_bound else 200,
        is_live=False,
    )


def _grantable(actor: Actor) -> set[Permission]:
    """Return what this actor may give to a token of any role."""
    return {scope for role in Role for scope in token_care.grantable(actor, role)}


def _issue(actor: Actor, form: TokenForm) -> str:
    """Make a token and return its text; an empty one when a room refused, and the form says why."""
    told: dict[str, Any] = form.cleaned_data
    try:
        _, text = token_care.issue(
            actor=actor,
            name=told["name"],
            role=Role(told["role"]),
            scopes=[Permission(scope) for scope in told["scopes"]],
            life=timedelta(days=told["days"]),
            now=clock.now(),
        )
    except InvalidInput as error:
        form.refuse(error)
        return ""
    except NotAllowed:
        words = gettext("A token of this role may not do all of this, or you may not give it.")
        form.add_error("scopes", words)
        return ""
    return text


@require_POST
@member_page(TOKENS)
def revoke(request: HttpRequest, actor: Actor, token_id: int) -> HttpResponse:
    """End a token at once."""
    token: ApiToken = token_care.revoke(actor=actor, token_id=token_id, now=clock.now())
    messages.success(request, gettext("“%(name)s” is ended.") % {"name": token.name})
    return redirect("console:tokens", actor.tenant.code)
