"""One prediction: what it said, what is known about such scores, and what became of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from watchfloor.entrypoints.console import frame
from watchfloor.entrypoints.console.evidence import evidence_of
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.noc.queries import floor_pages
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission


@require_safe
@member_page(Permission.VIEW_FLOOR)
def prediction(request: HttpRequest, actor: Actor, prediction_id: UUID) -> HttpResponse:
    """Show one prediction of any log."""
    found = floor_pages.get_prediction(
        tenant=actor.tenant, prediction_id=prediction_id, site_ids=actor.site_ids
    )
    context = {"evidence": evidence_of(actor, found), "prediction": found}
    return frame.page(request, actor, "prediction.html", context, section="floor")
