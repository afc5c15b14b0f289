"""Dead letters: what could not be read, why, and whether to take it again or let it go."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists
from watchfloor.entrypoints.console.forms import ReasonForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.noc.models import DeadLetter
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.noc.queries import floor_queries
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import dead_letter_care, security_anomaly

SHOWN_BYTES = 16_384


@require_safe
@member_page(Permission.REPLAY_DEAD_LETTERS)
def letter_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show a page of dead letters."""
    labels = {"open": gettext("Open"), "settled": gettext("Settled")}
    status = lists.chosen(request, "status", labels)
    page = floor_queries.letter_page(
        tenant=actor.tenant, is_open=status == "open", place=lists.place_of(request)
    )
    context = {
        "letters": [
            {"row": letter, "preview": text_of(bytes(letter.head))}  # type: ignore[attr-defined]
            for letter in page.rows
        ],
        "tabs": lists.tabs_of(status, labels, kept={}),
        "pager": lists.pager_of(request, page),
        "empty": None if page.rows else _nothing(status),
    }
    return frame.page(request, actor, "dead_letters.html", context, section="dead_letters")


def _nothing(status: str) -> Notice:
    if status == "open":
        words = gettext("Every message so far could be read, or somebody has settled it.")
        return Notice(gettext("No dead letter"), words)
    return Notice(gettext("Nothing here"), gettext("No dead letter was settled yet."))


def text_of(content: bytes) -> str:
    """
    Return bytes as text; those that are none are written as escapes.

    >>> text_of(b'{"a": 1}'), text_of(b"\\xff\\x00")
    ('{"a": 1}', '\\\\xff\\x00')
    """
    return content.decode(errors="backslashreplace")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.REPLAY_DEAD_LETTERS)
def letter(request: HttpRequest, actor: Actor, letter_id: int) -> HttpResponse:
    """Show one dead letter with its payload, replay it, or dismiss it with a reason."""
    found = floor_queries.get_letter(tenant=actor.tenant, letter_id=letter_id)
    form = ReasonForm(request.POST if "dismiss" in request.POST else None)
    if request.method == "POST":
        if "replay" in request.POST:
            return _replay(request, actor, found)
        if form.is_valid():
            return _dismiss(request, actor, found, form.cleaned_data["reason"])
    names = people.names_of([found.settled_by])
    context = {
        "letter": found,
        "is_open": found.state == DeadLetterState.OPEN,
        "payload": _payload(bytes(found.payload)),
        "is_cut": len(found.payload) > SHOWN_BYTES,
        "settled_by": drawing.actor_words(found.settled_by, names)[0],
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return frame.page(
        request,
        actor,
        "dead_letter.html",
        context,
        section="dead_letters",
        status=status,
        is_live=False,
    )


def _payload(content: bytes) -> str:
    """Return a payload to read: JSON with its lines apart, anything else as it came."""
    if len(content) > SHOWN_BYTES:
        return text_of(content[:SHOWN_BYTES])
    try:
        return json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text_of(content)


def _replay(request: HttpRequest, actor: Actor, found: DeadLetter) -> HttpResponse:
    try:
        results = security_anomaly.replay_dead_letter(
            tenant=actor.tenant, letter_id=found.pk, actor=actor.name, now=clock.now()
        )
    except (NotReady, InvalidInput) as error:
        messages.warning(request, gettext("It was not taken again: %(why)s.") % {"why": error})
        return redirect("console:dead_letter", actor.tenant.code, found.pk)
    dead = [result.error for result in results if result.status == "dead"]
    if dead:
        why = dead[0] or gettext("it cannot be read")
        messages.error(request, gettext("It still cannot be read: %(why)s.") % {"why": why})
        return redirect("console:dead_letter", actor.tenant.code, found.pk)
    n = len(results)
    words = ngettext("Taken again: %(n)s event stored.", "Taken again: %(n)s events stored.", n)
    messages.success(request, words % {"n": n})
    return redirect("console:dead_letters", actor.tenant.code)


def _dismiss(request: HttpRequest, actor: Actor, found: DeadLetter, reason: str) -> HttpResponse:
    try:
        dead_letter_care.dismiss_dead_letter(
            tenant=actor.tenant,
            letter_id=found.pk,
            actor=actor.name,
            reason=reason,
            now=clock.now(),
        )
    except NotReady as error:
        messages.warning(request, gettext("Nothing was changed: %(why)s.") % {"why": error})
    else:
        messages.success(request, gettext("The letter is dismissed; it stays under “Settled”."))
    return redirect("console:dead_letters", actor.tenant.code)
