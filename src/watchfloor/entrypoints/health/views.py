"""GET /livez, /readyz, /version and /metrics."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from watchfloor import __version__
from watchfloor.entrypoints import bearer, clock, problems, telemetry
from watchfloor.entrypoints.health import checks
from watchfloor.entrypoints.health.floor_metrics import FloorCollector, Together
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.roles import Permission

LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; it asks nobody else."""
    return _unkept(JsonResponse({"status": checks.OK}))


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether work may be sent here: 200, or 503 with what failed."""
    found = checks.run_checks()
    ready = checks.is_ready(found)
    content = {"status": checks.OK if ready else checks.FAILED, "checks": found}
    return _unkept(JsonResponse(content, status=200 if ready else 503))


@require_safe
def version(request: HttpRequest) -> HttpResponse:
    """Say which version answers."""
    return _unkept(JsonResponse({"version": __version__, "environment": settings.ENV.environment}))


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a token that may view models with its tenant, and this machine with all of them."""
    try:
        tenants = _tenants_seen(request)
    except problems.KNOWN as error:
        problem = problems.problem_of(error)
        assert problem is not None
        return problems.problem_answer(problem, request=request)
    registry = Together(telemetry.REGISTRY, FloorCollector(tenants))
    return _unkept(HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST))


def _tenants_seen(request: HttpRequest) -> list[Tenant]:
    """
    Return whose numbers the caller may see.

    Raises:
        Refusal: neither a valid token nor this machine.
        NotAllowed: the token may not view models.
    """
    text = bearer.token_of(request)
    if text is None and _is_this_machine(request):
        return directory.customers()
    actor = bearer.find_actor(text, now=clock.now()) if text is not None else None
    if actor is None:
        raise problems.Refusal(
            problems.plain(
                *(401, "Send a token that may view models, or ask from this machine."),
                headers={"WWW-Authenticate": bearer.CHALLENGE},
            )
        )
    actor.require(Permission.VIEW_MODELS)
    return [actor.tenant]


def _is_this_machine(request: HttpRequest) -> bool:
    # Behind a proxy on the same machine every stranger comes from the loopback address.
    forwarded = any(name in request.headers for name in _FORWARDED)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not forwarded


def _unkept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
