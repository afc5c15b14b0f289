"""Shortlist: which reviews of yesterday are worth looking at first?"""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, lists
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.wording import count_text, percent_text
from watchfloor.noc.desk import shortlist
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import review_shortlist
from watchfloor.workflows.review_shortlist import Objection, Shortlist, ShortlistEntry

# A model type whose reviews ended longer ago has no tab.
RECENT = timedelta(days=7)


@require_safe
@member_page(Permission.VIEW_FLOOR)
def day_shortlist(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the shortlist of yesterday for one model type."""
    now = clock.now()
    types = shortlist.reviewed_types(tenant=actor.tenant, start=now - RECENT)
    if not types:
        context: dict[str, Any] = {"empty": _nobody_asked(actor)}
        return frame.page(request, actor, "review_shortlist.html", context, section="review")
    labels = {name: name.replace("_", " ") for name in types}
    model_type = lists.chosen(request, "model_type", labels)
    found = review_shortlist.shortlist_of_day(
        tenant=actor.tenant, model_type=model_type, site_ids=actor.site_ids, now=now
    )
    context = {
        "tabs": lists.tabs_of(model_type, labels, name="model_type", kept={}),
        "day": found.day,
        "promise": _promise(found),
        "objection": _objection_words(found),
        "entries": [_entry(actor, entry) for entry in found.entries],
        "empty": None if found.entries else _nothing(actor, found),
    }
    return frame.page(request, actor, "review_shortlist.html", context, section="review")


def _promise(found: Shortlist) -> str:
    return gettext(
        "Averaged over days, at most %(eps)s of a shortlist is not confirmed; one day may hold "
        "more. Ranked were %(batch)s reviews, against %(known)s earlier ones with a known outcome."
    ) % {
        "eps": percent_text(found.eps),
        "batch": count_text(found.n_batch),
        "known": count_text(found.n_known),
    }


def _objection_words(found: Shortlist) -> str:
    if found.objection is None:
        return ""
    words = {
        Objection.NO_MODEL: gettext("No model of this type serves."),
        Objection.DAY_NOT_OVER: gettext("The day is not over: this is a look in between."),
        Objection.DRIFT_ALARM: gettext(
            "A drift alarm is open: the reviews before are no measure of these, and the promise "
            "does not hold."
        ),
        Objection.TOO_FEW_KNOWN: gettext(
            "Too few earlier outcomes are known: such a day needs %(n)s for one entry."
        ),
    }
    return words[found.objection] % {"n": count_text(found.fewest_known)}


def _entry(actor: Actor, entry: ShortlistEntry) -> dict[str, Any]:
    item = entry.item
    return {
        "rank": count_text(entry.rank),
        "title": item.entity_id,
        "href": reverse("console:review_item", args=[actor.tenant.code, item.pk]),
        "where": drawing.place_of(item.site),
        "score": item.score,
        "state": item.get_disposition_display() or item.get_state_display(),
        "at": item.created_at,
    }


def _nothing(actor: Actor, found: Shortlist) -> Notice:
    return Notice(
        gettext("No shortlist"),
        gettext("None of the day's reviews stands out enough to be promised."),
        gettext("To the review queue"),
        reverse("console:review", args=[actor.tenant.code]),
    )


def _nobody_asked(actor: Actor) -> Notice:
    return Notice(
        gettext("No shortlist"),
        gettext("In the last 7 days no decision was left to a person."),
        gettext("To the wall"),
        reverse("console:floor", args=[actor.tenant.code]),
    )
