"""Audit: who did what, when and why, and is the record whole?"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from watchfloor.entrypoints.console import drawing, frame, lists
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.wording import number_text
from watchfloor.ledger import audit, audit_queries
from watchfloor.ledger.models import AuditEntry
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.noc.queries import threshold_queries
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

# What somebody types to look for is at most as long as what can be stored.
LONGEST_WORD = 60


@require_safe
@member_page(Permission.VIEW_AUDIT)
def entries(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show a page of deeds; with `verify` both chains are walked first."""
    action = request.GET.get("action", "").strip()[:LONGEST_WORD]
    page = audit_queries.entry_page(
        tenant=actor.tenant, place=lists.place_of(request), action=action
    )
    names = people.names_of(entry.actor for entry in page.rows)
    context = {
        "entries": [_entry(entry, names) for entry in page.rows],
        "action": action,
        "pager": lists.pager_of(request, page),
        "length": audit_queries.length_of(actor.tenant),
        "chains": _chains(actor) if "verify" in request.GET else [],
        "tab": "deeds",
        "empty": None if page.rows else _nothing(action),
    }
    return frame.page(request, actor, "audit.html", context, section="audit")


def _nothing(action: str) -> Notice:
    if action:
        words = gettext("No deed begins with “%(action)s”.") % {"action": action}
        return Notice(gettext("Nothing matches"), words, gettext("Show all deeds"), "?")
    return Notice(gettext("Nothing was done yet"), gettext("Every deed is written down here."))


def _entry(entry: AuditEntry, names: Mapping[str, str]) -> dict[str, Any]:
    who, is_person = drawing.actor_words(entry.actor, names)
    return {
        "row": entry,
        "who": who,
        "is_person": is_person,
        "did": drawing.words_of(entry.action.replace(".", " ")).capitalize(),
        "what": f"{drawing.words_of(entry.target_kind)} {entry.target_id}",
        "details": audit_queries.details_of(entry),
    }


def _chains(actor: Actor) -> list[dict[str, Any]]:
    """Walk both chains of a tenant from their first rows, and say what was found."""
    tables: Iterable[tuple[str, Any]] = (
        (gettext("Deeds"), AuditEntry),
        (gettext("Threshold changes"), ThresholdAuditLog),
    )
    return [
        {"name": name, "check": audit.verify_chain(tenant=actor.tenant, table=table)}
        for name, table in tables
    ]


@require_safe
@member_page(Permission.VIEW_AUDIT)
def changes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show a page of threshold changes."""
    page = threshold_queries.change_page(tenant=actor.tenant, place=lists.place_of(request))
    context = {
        "changes": change_rows(page.rows),
        "pager": lists.pager_of(request, page),
        "chains": _chains(actor) if "verify" in request.GET else [],
        "tab": "thresholds",
        "empty": None if page.rows else _no_change(),
    }
    return frame.page(request, actor, "audit_thresholds.html", context, section="audit")


def _no_change() -> Notice:
    words = gettext("Every threshold is still where it was at the beginning.")
    return Notice(gettext("No threshold was moved yet"), words)


def change_rows(rows: Iterable[ThresholdAuditLog]) -> list[dict[str, Any]]:
    """Return threshold changes as they are listed."""
    changes = list(rows)
    names = people.names_of(change.actor for change in changes)
    return [
        {
            "row": change,
            "who": drawing.actor_words(change.actor, names)[0],
            "what": drawing.words_of(change.key),
            "model": drawing.words_of(change.scope_id),
            "before": value_or_default(change.old_value),
            "after": value_or_default(change.new_value),
        }
        for change in changes
    ]


def value_or_default(value: float | None) -> str:
    """
    Return the value of a threshold; None was the default.

    >>> value_or_default(0.35), value_or_default(50.0), value_or_default(None)
    ('0.35', '50', 'default')
    """
    if value is None:
        return gettext("default")
    return number_text(value, decimals=0) if value >= 10 else f"{value:.4f}".rstrip("0").rstrip(".")
