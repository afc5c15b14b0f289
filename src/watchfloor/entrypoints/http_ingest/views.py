"""POST /api/v2/events: store, score and decide a batch, and say what became of each event."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from watchfloor.core.errors import InvalidInput, MalformedReading
from watchfloor.core.strict_json import MAX_BYTES
from watchfloor.entrypoints import bearer, clock, problems, rate_limits, telemetry
from watchfloor.entrypoints.http_ingest.envelopes import Event, read_events, topic_of
from watchfloor.entrypoints.problems import Refusal
from watchfloor.entrypoints.rate_limits import Allowance
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import security_anomaly
from watchfloor.workflows.security_anomaly import Incoming, SignalResult

DOOR = "http"
# The address stands where a topic would: whose device it was is not known.
ADDRESS = "/api/v2/events"


@csrf_exempt
def ingest(request: HttpRequest) -> HttpResponse:
    """Take one batch; whatever is wrong with it is a problem response and, once read, kept."""
    allowance: Allowance | None = None
    try:
        if request.method != "POST":
            raise Refusal(problems.plain(405, "Only POST is taken.", headers={"Allow": "POST"}))
        actor = _actor(request)
        allowance = _allowance(actor)
        response = _taken(actor, _body(request, actor))
    except problems.KNOWN as error:
        problem = problems.problem_of(error)
        assert problem is not None
        response = problems.problem_answer(problem, request=request)
    response[problems.REQUEST_ID] = problems.request_id_of(request)
    response["Cache-Control"] = "no-store"
    for name, value in allowance.headers().items() if allowance else ():
        response[name] = value
    return response


def _actor(request: HttpRequest) -> Actor:
    text = bearer.token_of(request)
    actor = bearer.find_actor(text, now=clock.now()) if text is not None else None
    if actor is None:
        raise Refusal(
            problems.plain(
                *(401, "Send a valid token as Authorization: Bearer."),
                headers={"WWW-Authenticate": bearer.CHALLENGE},
            )
        )
    actor.require(Permission.SUBMIT_EVENTS)
    return actor


def _allowance(actor: Actor) -> Allowance:
    allowance = rate_limits.take(
        key=f"ingest:{actor.tenant.pk}:{actor.name}", rate=settings.ENV.ingest_rate
    )
    if not allowance.allowed:
        raise Refusal(
            problems.plain(
                *(429, "More batches than the rate allows."), headers=allowance.headers()
            )
        )
    return allowance


def _body(request: HttpRequest, actor: Actor) -> bytes:
    """
    Return the body, read no further than it may be long.

    Raises:
        Refusal: not JSON by its headers, without a length, or too long; of what is too long the
            head is kept.
    """
    if request.content_type != "application/json" or request.headers.get("Content-Encoding"):
        raise Refusal(
            problems.plain(
                *(415, "Send application/json, not encoded further."),
                field="Content-Type",
                value=request.content_type,
                expected="application/json",
            )
        )
    if "chunked" in request.headers.get("Transfer-Encoding", ""):
        raise Refusal(problems.plain(411, "Send the body with its Content-Length."))
    body: bytes = request.read(MAX_BYTES + 1)
    if len(body) <= MAX_BYTES:
        return body
    size = request.headers.get("Content-Length", f"more than {MAX_BYTES}")
    misfit = MalformedReading(
        field="body", value=f"{size} bytes", expected=f"at most {MAX_BYTES} bytes"
    )
    _keep(actor, body, misfit)
    raise Refusal(
        problems.plain(
            *(413, str(misfit)), field="body", value=misfit.value, expected=misfit.expected
        )
    )


def _taken(actor: Actor, body: bytes) -> HttpResponse:
    began = time.perf_counter()
    try:
        events = read_events(body)
    except MalformedReading as misfit:
        _keep(actor, body, misfit)
        raise
    results = security_anomaly.handle_signals(
        tenant=actor.tenant,
        messages=[_incoming(actor, event) for event in events],
        now=clock.now(),
    )
    telemetry.BATCH_SECONDS.labels(door=DOOR).observe(time.perf_counter() - began)
    return _answer(results)


def _incoming(actor: Actor, event: Event) -> Incoming:
    # One message an event, so that a dead letter holds the one event that could not be read.
    return Incoming(
        door=DOOR,
        topic=topic_of(tenant=actor.tenant.code, device=event.device, kind=event.kind),
        device=event.device,
        kind=event.kind,
        payload=event.payload,
    )


def _keep(actor: Actor, body: bytes, misfit: InvalidInput) -> None:
    security_anomaly.keep_unreadable(
        tenant_code=actor.tenant.code,
        unreadable=Unreadable(
            door=DOOR, topic=ADDRESS, payload=body, field=misfit.field, error=str(misfit)
        ),
        now=clock.now(),
    )
    telemetry.EVENTS.labels(door=DOOR, status="unreadable").inc()


def _answer(results: Sequence[SignalResult]) -> HttpResponse:
    counts = {"stored": 0, "duplicate": 0, "dead": 0}
    for result in results:
        counts[result.status] += 1
    for status, n in counts.items():
        telemetry.EVENTS.labels(door=DOOR, status=status).inc(n)
    telemetry.count_decisions(results)
    content = counts | {"results": [_shown(result) for result in results]}
    return HttpResponse(
        msgspec.json.encode(content),
        status=207 if counts["dead"] else 200,
        content_type="application/json",
    )


def _shown(result: SignalResult) -> dict[str, Any]:
    told: dict[str, Any] = {"status": result.status, "event_id": result.event_id}
    if result.prediction_id is not None:
        told |= {
            "prediction_id": str(result.prediction_id),
            "score": result.score,
            "decision": result.decision,
            "reason": result.reason,
        }
    if result.error is not None:
        told |= {
            "field": _text(result.error.field),
            "value": _text(result.error.value),
            "expected": _text(result.error.expected),
        }
    return told


def _text(value: Any) -> Any:
    shown = problems.shown(value, most=400)
    # What a stranger sent may hold halves of characters that UTF-8 has no place for.
    return shown.encode(errors="backslashreplace").decode() if isinstance(shown, str) else shown
