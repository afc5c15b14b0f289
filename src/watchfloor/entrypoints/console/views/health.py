"""Health: is Watchfloor itself well?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.console import drawing, frame, pulse
from watchfloor.entrypoints.console.membership import may_manage_platform, member_page
from watchfloor.ledger import audit_queries, readiness
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

STATES = ("waiting", "running", "done", "failed")


@require_safe
@member_page(Permission.VIEW_FLOOR, Permission.VIEW_MODELS)
def health(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every part of the machinery and how it stands."""
    return frame.page(request, actor, "health.html", _state(request, actor), section="health")


@require_safe
@member_page(Permission.VIEW_FLOOR, Permission.VIEW_MODELS)
def health_state(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer how the parts stand, alone."""
    return frame.fragment(request, actor, "partials/health.html", _state(request, actor))


def _state(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    now = clock.now()
    counts = readiness.due_by_state(actor.tenant)
    work = audit_queries.due_work(tenant=actor.tenant, now=now)
    return {
        "signs": (
            pulse.database(),
            pulse.broker(),
            pulse.edge(actor, now=now),
            pulse.models(actor),
            pulse.planned_work(actor, now=now),
            pulse.relay(actor),
        ),
        # The counters are of all customers of this process, so they are the platform's to see.
        "counters": pulse.counters() if may_manage_platform(request, actor) else (),
        "due": [(state, counts.get(state, 0)) for state in STATES],
        "work": work,
        "work_rows": [
            {"row": row, "kind": drawing.words_of(row.kind)}
            for row in (*work.running, *work.failed, *work.planned)
        ],
        "later": pulse.later(),
    }
