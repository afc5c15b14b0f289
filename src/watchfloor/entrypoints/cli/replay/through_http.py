"""
Through the HTTP API: a server of this process on a free port, and a client with a token.

The server's clock stands at the stream's time, so nothing else may be served by it; that is why
it is started here and a server that runs already is not used.
"""

import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import uvicorn
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.cli.replay.door import SOURCE, Fate, Told
from watchfloor.entrypoints.cli.replay.protocol import (
    BrokenRow,
    RecordedEvent,
    RecordedOutcome,
)
from watchfloor.tenants import tokens
from watchfloor.tenants.models import Tenant
from watchfloor.tenants.roles import Permission, Role

START_WITHIN_S = 30.0
ANSWER_WITHIN_S = 120.0
# A token lives a year at most, and a stream may be longer: a new one a month before its end.
TOKEN_LIFE = timedelta(days=360)
RENEWED_AFTER = timedelta(days=330)

FATES = {201: Fate.STORED, 200: Fate.DUPLICATE}
TOLD = {201: Told.RECORDED, 200: Told.DUPLICATE}


class HttpDoor:
    """Posts predictions and outcomes as a customer's own system does."""

    def __init__(self, *, tenant: Tenant, model_type: str) -> None:
        self._tenant = tenant
        self._model_type = model_type
        self._server = _Server()
        self._client = httpx.Client(
            base_url=self._server.url,
            headers={"Host": _allowed_host()},
            timeout=ANSWER_WITHIN_S,
            # A proxy of the environment is for other machines.
            trust_env=False,
        )
        self._token: tuple[str, datetime] | None = None

    def predict(self, events: Sequence[RecordedEvent | BrokenRow], *, now: datetime) -> list[Fate]:
        """Post events as one batch; what is answered with a problem is dead."""
        items = [self._item(event) for event in events]
        statuses = self._post("/api/v2/predictions", items, now)
        return [FATES.get(status, Fate.DEAD) for status in statuses]

    def _item(self, event: RecordedEvent | BrokenRow) -> Mapping[str, Any]:
        if isinstance(event, BrokenRow):
            # It is posted as it stands: what the API says of it is for the API to decide.
            return {"row": event.payload.decode(errors="replace")}
        item = {
            "event_id": event.event_id,
            "source": SOURCE,
            "model_type": self._model_type,
            "entity_type": event.entity_type,
            "entity_id": event.entity_id,
            "occurred_at": event.occurred_at.isoformat(),
            "features": dict(event.features),
        }
        return item if event.site is None else item | {"site": event.site}

    def tell(self, outcomes: Sequence[RecordedOutcome], *, now: datetime) -> list[Told]:
        """Post outcomes as one batch."""
        items = [
            {
                "source": SOURCE,
                "event_id": outcome.event_id,
                "value": outcome.value,
                "known_at": outcome.known_at.isoformat(),
            }
            for outcome in outcomes
        ]
        statuses = self._post("/api/v2/outcomes", items, now)
        return [TOLD.get(status, Told.REFUSED) for status in statuses]

    def _post(self, path: str, items: Sequence[Mapping[str, Any]], now: datetime) -> list[int]:
        clock.hold(now)
        headers = {
            "Authorization": f"Bearer {self._token_at(now)}",
            "Content-Type": "application/json",
        }
        content = json.dumps({"items": items}).encode()
        while True:
            response = self._client.post(path, content=content, headers=headers)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        if response.status_code not in (httpx.codes.OK, httpx.codes.MULTI_STATUS):
            raise NotReady(f"{path} answered {response.status_code}: {response.text[:300]}")
        return [int(result["status"]) for result in response.json()["results"]]

    def _token_at(self, now: datetime) -> str:
        if self._token is None or now - self._token[1] > RENEWED_AFTER:
            _, text = tokens.issue_token(
                tenant=self._tenant,
                name="replay",
                role=Role.SERVICE_ACCOUNT,
                scopes=(Permission.SUBMIT_PREDICTIONS, Permission.SUBMIT_OUTCOMES),
                now=now,
                life=TOKEN_LIFE,
            )
            self._token = (text, now)
        return self._token[0]

    def close(self) -> None:
        """Stop the server, and let time pass again."""
        self._client.close()
        self._server.stop()
        clock.hold(None)


class _Server:
    """The pages and the API of this installation in a thread, on a port nobody else uses."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        pages: Any = get_wsgi_application()
        config = uvicorn.Config(
            WSGIMiddleware(pages, workers=2),
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        until = time.monotonic() + START_WITHIN_S
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                raise NotReady("the server of this replay did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(START_WITHIN_S)


def _allowed_host() -> str:
    first = next(iter(settings.ALLOWED_HOSTS), "localhost")
    return "localhost" if first == "*" else str(first).lstrip(".")
