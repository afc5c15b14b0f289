"""Alerts: which, in what order? Read them, say that they are seen, say that they are over."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice, severity_word
from watchfloor.noc.models import AlertEvent
from watchfloor.noc.models.alerts import AlertStatus
from watchfloor.noc.queries import floor_queries
from watchfloor.noc.queries.floor_queries import OPEN_ALERTS, Wanted
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.paging import Page
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import alert_handling

STATES: dict[str, tuple[str, ...]] = {
    "open": OPEN_ALERTS,
    "firing": (AlertStatus.FIRING.value,),
    "acknowledged": (AlertStatus.ACKNOWLEDGED.value,),
    "resolved": (AlertStatus.RESOLVED.value,),
    "all": (),
}
SEVERITIES = ("", *(severity.value for severity in reversed(Severity)))
MOST_AT_ONCE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.VIEW_FLOOR)
def alert_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show a page of alerts, or handle the ticked ones."""
    if request.method == "POST":
        return _handle(request, actor)
    wanted = _wanted(request, actor)
    page = floor_queries.alert_page(
        tenant=actor.tenant, wanted=wanted, place=lists.place_of(request)
    )
    status = lists.chosen(request, "status", STATES)
    is_newest = page.newer_than is None
    rows = reverse("console:alert_rows", args=[actor.tenant.code])
    context = _rows(actor, page.rows) | {
        "tabs": lists.tabs_of(status, _labels(), kept={"severity": wanted.severity}),
        "severities": [(value, _severity_label(value)) for value in SEVERITIES],
        "severity": wanted.severity,
        "status": status,
        "pager": lists.pager_of(request, page),
        "rows_path": _rows_path(rows, page, status, wanted) if is_newest else "",
        "empty": None if page.rows else _nothing(wanted, status),
    }
    return frame.page(request, actor, "alerts.html", context, section="alerts")


def _rows_path(address: str, page: Page[AlertEvent], status: str, wanted: Wanted) -> str:
    return lists.rows_path(
        address, page, read_at=clock.now(), status=status, severity=wanted.severity
    )


def _wanted(request: HttpRequest, actor: Actor) -> Wanted:
    return Wanted(
        states=STATES[lists.chosen(request, "status", STATES)],
        site_ids=actor.site_ids,
        severity=lists.chosen(request, "severity", SEVERITIES),
    )


def _severity_label(value: str) -> str:
    return severity_word(value) if value else gettext("Every severity")


def _labels() -> dict[str, str]:
    return {
        "open": gettext("Open"),
        "firing": gettext("Not seen yet"),
        "acknowledged": gettext("Seen"),
        "resolved": gettext("Over"),
        "all": gettext("All"),
    }


@require_safe
@member_page(Permission.VIEW_FLOOR)
def alert_rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer the rows that a page of alerts shows by now."""
    rows = floor_queries.alerts_since(
        tenant=actor.tenant,
        wanted=_wanted(request, actor),
        shown=lists.shown_of(request, now=clock.now()),
    )
    return frame.fragment(request, actor, "partials/alert_rows.html", _rows(actor, rows))


def _rows(actor: Actor, rows: Iterable[AlertEvent]) -> dict[str, Any]:
    alerts = list(rows)
    names = people.names_of(alert.acknowledged_by for alert in alerts)
    return {
        "alerts": [
            {
                "row": alert,
                "where": drawing.place_of(alert.site),
                "seen_by": drawing.actor_words(alert.acknowledged_by, names)[0],
                "is_open": alert.status != AlertStatus.RESOLVED,
                "is_new": alert.status == AlertStatus.FIRING,
            }
            for alert in alerts
        ]
    }


def _nothing(wanted: Wanted, status: str) -> Notice:
    if wanted.severity:
        word = severity_word(wanted.severity)
        return Notice(
            gettext("Nothing matches"),
            gettext("No alert of severity “%(word)s” is in this list.") % {"word": word},
            gettext("Clear the severity"),
            f"?status={status}",
        )
    if status in {"open", "firing"}:
        return Notice(gettext("No open alert"), gettext("Everything raised so far is over."))
    return Notice(gettext("Nothing here"), gettext("No alert is in this state."))


def _handle(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Acknowledge or resolve one alert or the ticked ones, and come back to the same list."""
    actor.require(Permission.ACT_ON_ALERTS)
    for name, act in _ACTS.items():
        if name in request.POST:
            # A row's button names its alert; the bar's button takes the ticked ones.
            wanted = [request.POST[name]] if request.POST[name] else request.POST.getlist("alert")
            act(request, actor, _seen_ids(actor, wanted))
            break
    return redirect(request.get_full_path())


def _seen_ids(actor: Actor, wanted: Iterable[str]) -> list[int]:
    """
    Return the ids of alerts this actor may see.

    Raises:
        NotFound: one of them is not there, or lies at a site not seen.
    """
    ids = [int(text) for text in wanted if text.isascii() and text.isdecimal() and len(text) < 19]
    for alert_id in ids[:MOST_AT_ONCE]:
        floor_queries.get_alert(tenant=actor.tenant, alert_id=alert_id, site_ids=actor.site_ids)
    return ids[:MOST_AT_ONCE]


def _acknowledge(request: HttpRequest, actor: Actor, ids: list[int]) -> None:
    done = alert_handling.acknowledge(
        tenant=actor.tenant, alert_ids=ids, actor=actor.name, now=clock.now()
    )
    n = len(done.moved)
    words = ngettext("%(n)s alert is marked as seen.", "%(n)s alerts are marked as seen.", n)
    _tell(request, words % {"n": n}, n, done.n_earlier)


def _resolve(request: HttpRequest, actor: Actor, ids: list[int]) -> None:
    done = alert_handling.resolve(
        tenant=actor.tenant, alert_ids=ids, actor=actor.name, now=clock.now()
    )
    n = len(done.moved)
    words = ngettext("%(n)s alert is over.", "%(n)s alerts are over.", n)
    _tell(request, words % {"n": n}, n, done.n_earlier)


_ACTS = {"acknowledge": _acknowledge, "resolve": _resolve}


def _tell(request: HttpRequest, words: str, n: int, n_earlier: int) -> None:
    if n:
        messages.success(request, words)
    if n_earlier:
        messages.info(request, gettext("Somebody was first with %(n)s of them.") % {"n": n_earlier})
    if not n and not n_earlier:
        messages.warning(request, gettext("No alert was ticked; nothing was changed."))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.VIEW_FLOOR)
def alert_detail(request: HttpRequest, actor: Actor, alert_id: int) -> HttpResponse:
    """Show one alert with what it came from, or handle it."""
    alert = floor_queries.get_alert(tenant=actor.tenant, alert_id=alert_id, site_ids=actor.site_ids)
    if request.method == "POST":
        return _handle(request, actor)
    tickets = floor_queries.tickets_of_alert(tenant=actor.tenant, alert=alert)
    names = people.names_of([alert.acknowledged_by, alert.resolved_by])
    context = {
        "alert": alert,
        "where": drawing.place_of(alert.site),
        "type_words": drawing.words_of(alert.alert_type.lower()),
        "seen_by": drawing.actor_words(alert.acknowledged_by, names)[0],
        "ended_by": drawing.actor_words(alert.resolved_by, names)[0],
        "tickets": tickets,
        "source": _source_of(actor, alert),
        "is_open": alert.status != AlertStatus.RESOLVED,
        "is_new": alert.status == AlertStatus.FIRING,
    }
    return frame.page(request, actor, "alert.html", context, section="alerts")


def _source_of(actor: Actor, alert: AlertEvent) -> dict[str, str]:
    """Return the way to what raised an alert: its prediction, or its model."""
    code = actor.tenant.code
    if prediction_id := alert.metadata.get("prediction_id"):
        href = reverse("console:prediction", args=[code, prediction_id])
        reason = drawing.sentence_of(str(alert.metadata.get("reason", "")))
        return {"words": gettext("The prediction that raised it"), "href": href, "reason": reason}
    if alert.entity_type == "ml_model" and actor.may(Permission.VIEW_MODELS):
        return {"words": gettext("Model health"), "href": reverse("console:models", args=[code])}
    return {}
