"""The fleet: all models side by side, which stand out, and whether they move together."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, figures, frame
from watchfloor.entrypoints.console.membership import member_page
from watchfloor.entrypoints.console.parts import Notice
from watchfloor.entrypoints.console.wording import number_text, percent_text, unknown
from watchfloor.ml.health.fleet import STRIP_DAYS, FleetModel, fleet_of
from watchfloor.tenants import access
from watchfloor.tenants.access import Actor
from watchfloor.tenants.models import User
from watchfloor.tenants.roles import Permission


@require_safe
@member_page(Permission.VIEW_MODELS)
def fleet(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every model that serves; to those who manage the platform, of every customer."""
    tenants = access.tenants_overseen_by(actor)
    found = fleet_of(tenants=tenants, now=clock.now())
    assert isinstance(request.user, User)
    own = {tenant.pk for tenant in access.tenants_of(request.user)}
    context = {
        "fleet": found,
        "models": [_row(model, may_open=model.tenant.pk in own) for model in found.models],
        "of_all": tenants != [actor.tenant],
        "days": STRIP_DAYS,
        "false_share": percent_text(found.false_share, decimals=0),
        "together": number_text(found.together, decimals=1),
        "needed": number_text(1 / found.false_share, decimals=0),
        "empty": None if found.models else _nothing(),
    }
    return frame.page(request, actor, "fleet.html", context, section="models")


def _nothing() -> Notice:
    return Notice(
        gettext("No model serves yet"),
        gettext("A model stands here from its first promotion, or its first posted prediction."),
    )


def _row(model: FleetModel, *, may_open: bool) -> dict[str, Any]:
    days = model.days_to_see_10_points
    return {
        "row": model,
        "name": drawing.words_of(model.model_type).capitalize(),
        "may_open": may_open,
        "stands": _stands(model),
        "severity": model.severity.value.lower() if model.severity else "",
        "kinds": ", ".join(drawing.words_of(kind) for kind, _ in model.episodes),
        "accuracy": percent_text(model.last_accuracy),
        "baseline": percent_text(model.baseline_accuracy) if model.baseline_accuracy else None,
        "spark": figures.sparkline(model.accuracy, target=model.baseline_accuracy),
        "e_value": unknown() if model.e_value is None else number_text(model.e_value, decimals=1),
        "days": unknown() if days is None else number_text(days, decimals=1),
    }


def _stands(model: FleetModel) -> str:
    """Return how a model stands among the others, in a few words."""
    if model.alarmed_at is not None:
        return gettext("errors have risen: nothing is automatic")
    if model.episodes:
        return gettext("something moved")
    if model.stands_out:
        return gettext("stands out among all, no alarm yet")
    if model.e_value is None:
        return gettext("too few outcomes to say")
    return gettext("as usual")
