"""Messages that could not be read: see them, and take one again once its cause is mended."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock, problems
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.paging import page, read_query
from watchfloor.entrypoints.api.schema import EVERYWHERE, described, page_of
from watchfloor.entrypoints.api.shapes.floor import LetterOut, LetterQuery, ReplayOut
from watchfloor.noc.queries import floor_pages
from watchfloor.noc.queries.floor_pages import Window
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import security_anomaly
from watchfloor.workflows.security_anomaly import SignalResult

LETTER_EXAMPLE = {
    "id": 2,
    "door": "http",
    "topic": "wf/acme/phone-7/telemetry",
    "field": "battery",
    "error": "battery: got 340, expected a number in [0, 100]",
    "state": "open",
    "occurrences": 1,
    "first_received_at": "2026-03-02T12:00:00Z",
    "last_received_at": "2026-03-02T12:00:00Z",
    "payload_size": 78,
    "payload_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "truncated": False,
    "preview": '{"event_id": "e1", "timestamp": "2026-03-02T11:59:58Z", "battery": 340}',
}


class DeadLetters(Endpoint):
    """Dead letters, newest first."""

    permission = Permission.REPLAY_DEAD_LETTERS

    @described(
        tag="dead letters",
        summary="List dead letters",
        description="Newest first, open and settled; `field` names what did not fit.",
        query=LetterQuery,
        answers={200: page_of(LetterOut, name="LetterPage")},
        example={"items": [LETTER_EXAMPLE], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(LetterQuery, request)
        rows = floor_pages.letters(
            tenant=self.actor.tenant,
            window=Window(
                limit=asked["limit"] + 1,
                after=asked.get("after"),
                site_ids=self.actor.site_ids,
            ),
            state=asked.get("state"),
        )
        return Response(
            page(rows, limit=asked["limit"], show=lambda m: LetterOut(m).data, key=lambda m: m.pk)
        )


class DeadLetterReplay(Endpoint):
    """Take a dead letter again."""

    permission = Permission.REPLAY_DEAD_LETTERS

    @described(
        tag="dead letters",
        summary="Replay a dead letter",
        description="It is read as if it came now, and closed if every event of it was stored.",
        answers={200: ReplayOut},
        example={
            "state": "open",
            "results": [
                {
                    "status": "dead",
                    "event_id": "",
                    "field": "battery",
                    "value": 340,
                    "expected": "a number in [0, 100]",
                }
            ],
        },
        refusals=(*EVERYWHERE, 404, 409),
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Replay it."""
        results = security_anomaly.replay_dead_letter(
            tenant=self.actor.tenant,
            letter_id=letter_id,
            actor=self.actor.name,
            now=clock.now(),
        )
        still_dead = any(result.status == "dead" for result in results)
        return Response(
            {
                "state": "open" if still_dead else "replayed",
                "results": [_shown(result) for result in results],
            }
        )


def _shown(result: SignalResult) -> dict[str, Any]:
    told: dict[str, Any] = {"status": result.status, "event_id": result.event_id}
    if result.error is not None:
        told |= {
            "field": problems.shown(result.error.field),
            "value": problems.shown(result.error.value),
            "expected": problems.shown(result.error.expected, most=400),
        }
    return told
