"""Review: is this real? One prediction at a time, a verdict by one key, then the next."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame
from watchfloor.entrypoints.console.evidence import evidence_of
from watchfloor.entrypoints.console.forms import VerdictForm
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.wording import count_text, span_text
from watchfloor.noc.models import ReviewItem
from watchfloor.noc.models.work import Disposition, ReviewState
from watchfloor.noc.queries import floor, floor_pages, floor_queries
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import outcome_feedback, review_shortlist

NEXT_SHOWN = 8
DAY = timedelta(days=1)


@require_safe
@member_page(Permission.VIEW_FLOOR)
def review(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Lead to the prediction that has waited longest, or say that none waits."""
    item = floor_queries.find_next_review(tenant=actor.tenant, site_ids=actor.site_ids)
    if item is not None:
        return redirect("console:review_item", actor.tenant.code, item.pk)
    return frame.page(
        request, actor, "review_empty.html", {"empty": _nothing(actor)}, section="review"
    )


def _nothing(actor: Actor) -> Notice:
    lately = floor_queries.reviewed_since(
        tenant=actor.tenant, site_ids=actor.site_ids, since=clock.now() - DAY
    )
    words = gettext("Nothing was reviewed in the last 24 h.")
    if lately.median_wait_s is not None:
        words = gettext("Last 24 h: %(n)s reviewed, median wait %(span)s.") % {
            "n": count_text(lately.n),
            "span": span_text(lately.median_wait_s),
        }
    return Notice(
        gettext("Queue is empty"),
        words,
        gettext("To the wall"),
        reverse("console:floor", args=[actor.tenant.code]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Permission.VIEW_FLOOR)
def review_item(request: HttpRequest, actor: Actor, item_id: int) -> HttpResponse:
    """Show one prediction that waits for a verdict, or take the verdict and go on."""
    item = floor_pages.get_review(tenant=actor.tenant, item_id=item_id, site_ids=actor.site_ids)
    if request.method == "POST":
        return _judge(request, actor, item)
    prediction = floor_pages.get_prediction(
        tenant=actor.tenant, prediction_id=item.prediction_id, site_ids=None
    )
    names = people.names_of([item.done_by])
    context = {
        "item": item,
        "is_open": item.state != ReviewState.DONE,
        "kind_words": _kind_words(item),
        "rank_words": _rank_words(actor, item),
        "done_by": drawing.actor_words(item.done_by, names)[0],
        "evidence": evidence_of(actor, prediction),
        "next_href": _next_href(actor, item),
        "queue_path": reverse("console:review_queue", args=[actor.tenant.code, item.pk]),
        **_queue(actor, item.pk),
    }
    return frame.page(request, actor, "review.html", context, section="review")


def _kind_words(item: ReviewItem) -> str:
    words = {
        "decision": gettext("The decision was left to a person."),
        "audit_sample": gettext(
            "Drawn at random: nothing was wrong with it, and without such draws no rate is known."
        ),
        "cannot_score": gettext("It could not be scored, so only a person can tell."),
    }
    return words.get(item.kind, "")


def _rank_words(actor: Actor, item: ReviewItem) -> str:
    rank = review_shortlist.find_rank(
        tenant=actor.tenant, item=item, site_ids=actor.site_ids, now=clock.now()
    )
    if rank is None:
        return ""
    return gettext("On the shortlist of its day, place %(rank)s.") % {"rank": count_text(rank)}


def _next_href(actor: Actor, item: ReviewItem) -> str:
    """Return the item behind this one; the queue itself when it was the last."""
    behind = floor_queries.find_next_review(
        tenant=actor.tenant, site_ids=actor.site_ids, after=item
    )
    if behind is None:
        return reverse("console:review", args=[actor.tenant.code])
    return reverse("console:review_item", args=[actor.tenant.code, behind.pk])


def _judge(request: HttpRequest, actor: Actor, item: ReviewItem) -> HttpResponse:
    actor.require(Permission.REVIEW)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choose one of the three verdicts. Nothing was stored."))
        return redirect("console:review_item", actor.tenant.code, item.pk)
    disposition = Disposition(form.cleaned_data["disposition"])
    try:
        outcome_feedback.record_disposition(
            tenant=actor.tenant,
            item_id=item.pk,
            disposition=disposition,
            actor=actor.name,
            now=clock.now(),
        )
    except NotReady:
        messages.warning(
            request,
            gettext("Somebody gave a verdict on %(entity)s first; theirs is kept.")
            % {"entity": item.entity_id},
        )
    else:
        messages.success(
            request,
            gettext("%(entity)s: %(verdict)s.")
            % {"entity": item.entity_id, "verdict": disposition.label.lower()},
        )
    return redirect("console:review", actor.tenant.code)


@require_safe
@member_page(Permission.VIEW_FLOOR)
def review_queue(request: HttpRequest, actor: Actor, item_id: int) -> HttpResponse:
    """Answer what waits, and whether the item on the page has a verdict by now."""
    item = floor_pages.get_review(tenant=actor.tenant, item_id=item_id, site_ids=actor.site_ids)
    names = people.names_of([item.done_by])
    context: dict[str, Any] = {
        "taken_by": drawing.actor_words(item.done_by, names)[0] if item.done_by else "",
        **_queue(actor, item_id),
    }
    return frame.fragment(request, actor, "partials/review_queue.html", context)


def _queue(actor: Actor, item_id: int) -> dict[str, Any]:
    waiting = floor_queries.waiting_reviews(
        tenant=actor.tenant, site_ids=actor.site_ids, limit=NEXT_SHOWN + 1
    )
    n = floor.waiting_counts(actor.tenant, site_ids=actor.site_ids)["review"]
    return {
        "waiting": [item for item in waiting if item.pk != item_id][:NEXT_SHOWN],
        "waiting_words": ngettext("%(n)s waits", "%(n)s wait", n) % {"n": count_text(n)},
    }
