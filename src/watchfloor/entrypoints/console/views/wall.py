"""The wall: is anything wrong now? Five numbers, the last predictions, and Watchfloor's pulse."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists, middleware, pulse
from watchfloor.entrypoints.console.kpis import kpis_of
from watchfloor.entrypoints.console.membership import ask_to_sign_in, member_page
from watchfloor.entrypoints.console.parts import Notice, StreamRow
from watchfloor.noc.queries import prediction_queries, wall_numbers
from watchfloor.tenants import access, directory
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import User
from watchfloor.tenants.roles import Permission

STREAM = 50


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead somebody to the first page they may open: of the tenant they name, or of their first."""
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    wanted = request.GET.get("tenant", "")
    own = [tenant for tenant in access.tenants_of(user) if wanted in {"", tenant.code}]
    # What belongs to no customer comes last: nobody works there every day.
    for tenant in sorted(own, key=lambda each: each.code == directory.PLATFORM):
        if (address := frame.first_page(user, tenant)) is not None:
            return redirect(address)
    return middleware.nothing_for_you(request)


@require_safe
@member_page(Permission.VIEW_FLOOR)
def floor(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the wall."""
    now = clock.now()
    rows = _rows(actor)
    code = actor.tenant.code
    context = {
        "kpis": _kpis(actor, now),
        "kpis_path": reverse("console:kpis", args=[code]),
        "rows": rows,
        "stream_path": reverse("console:stream", args=[code]),
        "signs": pulse.strip_of(actor, now=now),
        "pulse_path": reverse("console:pulse", args=[code]),
        "empty": _nothing_yet(actor) if not rows else None,
    }
    return frame.page(request, actor, "wall.html", context, section="floor")


@require_safe
@member_page(Permission.VIEW_FLOOR)
def kpis(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer the five numbers alone."""
    context: dict[str, Any] = {"kpis": _kpis(actor, clock.now())}
    return frame.fragment(request, actor, "partials/kpi_list.html", context)


@require_safe
@member_page(Permission.VIEW_FLOOR)
def stream(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer the last predictions as rows: those decided since `after`, or all of them."""
    since = lists.moment_of(request, "after")
    return frame.fragment(
        request, actor, "partials/stream_rows.html", {"rows": _rows(actor, since=since)}
    )


@require_safe
@member_page(Permission.VIEW_FLOOR)
def strip(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer the pulse alone."""
    signs = pulse.strip_of(actor, now=clock.now())
    return frame.fragment(request, actor, "partials/pulse.html", {"signs": signs})


def _kpis(actor: Actor, now: datetime) -> Any:
    numbers = wall_numbers.wall_numbers(tenant=actor.tenant, site_ids=actor.site_ids, now=now)
    return kpis_of(numbers, actor=actor, now=now)


def _rows(actor: Actor, *, since: datetime | None = None) -> tuple[StreamRow, ...]:
    rows = prediction_queries.latest(tenant=actor.tenant, site_ids=actor.site_ids, limit=STREAM)
    rows = [row for row in rows if since is None or row.predicted_at >= since]
    known = prediction_queries.known_about_many(tenant=actor.tenant, predictions=rows)
    return drawing.stream_rows(rows, known, tenant=actor.tenant.code)


def _nothing_yet(actor: Actor) -> Notice:
    may_give_tokens = actor.may(Permission.MANAGE_TENANT)
    return Notice(
        title=gettext("Nothing has been predicted yet"),
        words=gettext("Predictions appear here as events come in over MQTT or HTTP."),
        action=gettext("Make a token for a sender") if may_give_tokens else "",
        href=reverse("console:tokens", args=[actor.tenant.code]) if may_give_tokens else "",
    )
