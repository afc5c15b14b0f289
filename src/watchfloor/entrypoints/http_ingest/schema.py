"""What the OpenAPI document says of the ingest door, which no framework describes."""

from typing import Any

PATH = "/api/v2/events"

_ENVELOPE = {
    "type": "object",
    "required": ["device", "kind", "events"],
    "additionalProperties": False,
    "properties": {
        "device": {"type": "string", "description": "Code of a device of the token's tenant."},
        "kind": {
            "type": "string",
            "enum": ["checkin", "gps", "telemetry", "sensor", "badge", "alert", "system"],
        },
        "events": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Events as a device would publish them; each is judged alone.",
        },
    },
}
_RESULT = {
    "type": "object",
    "required": ["status", "event_id"],
    "properties": {
        "status": {"type": "string", "enum": ["stored", "duplicate", "dead"]},
        "event_id": {"type": "string"},
        "prediction_id": {"type": "string", "format": "uuid"},
        "score": {"type": ["number", "null"]},
        "decision": {"type": "string"},
        "reason": {"type": "string"},
        "field": {"type": "string"},
        "value": {},
        "expected": {"type": "string"},
    },
}
_RESULTS = {
    "type": "object",
    "required": ["stored", "duplicate", "dead", "results"],
    "properties": {
        "stored": {"type": "integer"},
        "duplicate": {"type": "integer"},
        "dead": {"type": "integer"},
        "results": {"type": "array", "items": {"$ref": "#/components/schemas/EventTaken"}},
    },
}
_BODY_EXAMPLE = {
    "device": "phone-7",
    "kind": "telemetry",
    "events": [{"event_id": "e1", "timestamp": "2026-03-02T11:59:58Z", "battery": 64}],
}
_ALL_STORED = {
    "stored": 1,
    "duplicate": 0,
    "dead": 0,
    "results": [{"status": "stored", "event_id": "e1"}],
}
_ONE_DEAD = {
    "stored": 0,
    "duplicate": 0,
    "dead": 1,
    "results": [
        {
            "status": "dead",
            "event_id": "",
            "field": "battery",
            "value": 340,
            "expected": "a number in [0, 100]",
        }
    ],
}
_REFUSED = {
    400: "The body cannot be read; it is kept as a dead letter.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The token may not submit events.",
    411: "Without a Content-Length.",
    413: "Larger than 1 MiB; its head is kept as a dead letter.",
    415: "Not application/json.",
    429: "More batches than the rate allows.",
    503: "The database did not answer; nothing was stored.",
}


def describe_ingest(result: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with the ingest door in it."""
    schemas = result["components"]["schemas"]
    schemas |= {"EventEnvelope": _ENVELOPE, "EventTaken": _RESULT, "EventsTaken": _RESULTS}
    envelope = {"$ref": "#/components/schemas/EventEnvelope"}
    result["paths"][PATH] = {
        "post": {
            "operationId": "events_create",
            "summary": "Post events of devices",
            "description": (
                "Up to 2,000 events of one device and kind, or a list of such batches. Each is "
                "stored once; a check-in is scored and decided at once. What cannot be read "
                "becomes a dead letter and the others go on."
            ),
            "tags": ["events"],
            "security": [{"token": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "anyOf": [envelope, {"type": "array", "items": envelope}],
                        },
                        "examples": {"one device": {"value": _BODY_EXAMPLE}},
                    }
                },
            },
            "responses": {
                "200": _answer("Every event was stored, or was known.", _ALL_STORED),
                "207": _answer("Some events became dead letters.", _ONE_DEAD),
                **{str(status): _refusal(words) for status, words in _REFUSED.items()},
            },
        }
    }
    return result


def _answer(description: str, example: dict[str, Any]) -> dict[str, Any]:
    content = {
        "schema": {"$ref": "#/components/schemas/EventsTaken"},
        "examples": {"answer": {"value": example}},
    }
    return {"description": description, "content": {"application/json": content}}


def _refusal(description: str) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": description, "content": {"application/problem+json": content}}
