"""The live wire of a page: says that something changed, never what; one group a tenant."""

import asyncio
import contextlib
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.urls import path

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.live_groups import group_of
from watchfloor.ledger.clock import read_clock
from watchfloor.noc.live import broadcast, presence
from watchfloor.noc.queries import floor
from watchfloor.tenants import access, directory
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

BEAT_S = 1.0
SEEN_EVERY_BEATS = 10
NOT_SIGNED_IN, NOT_FOUND = 4401, 4404
LISTENING = (Permission.VIEW_FLOOR, Permission.VIEW_MODELS)
OF_ALL_SITES = frozenset({"counts", "new", "critical"})


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """One open page; it is told changes of its tenant's group and a beat a second."""

    actor: Actor | None = None
    _beats: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Let a member of the tenant in; anybody else learns nothing about it."""
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_SIGNED_IN)
            return
        self.actor = await self._find_actor(self.scope["url_route"]["kwargs"]["tenant"])
        if self.actor is None:
            await self.close(code=NOT_FOUND)
            return
        group = group_of(self.actor.tenant.pk)
        await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()
        await self._send_state("hello")
        self._beats = asyncio.create_task(self._beat())

    async def disconnect(self, code: int) -> None:
        """Leave the group and stop to count as a listener."""
        if self._beats is not None:
            self._beats.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beats
        if self.actor is not None:
            group = group_of(self.actor.tenant.pk)
            await self.channel_layer.group_discard(group, self.channel_name)
            await database_sync_to_async(presence.gone)(channel=self.channel_name)

    async def live_change(self, event: dict[str, Any]) -> None:
        """Pass a change on, without what lies beyond the sites somebody may see."""
        assert self.actor is not None
        await self.send_json(frame_for(self.actor, event["frame"]))

    async def _beat(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(BEAT_S)
            beats += 1
            await self._send_state("beat", is_seen=beats % SEEN_EVERY_BEATS == 0)

    async def _send_state(self, kind: str, *, is_seen: bool = True) -> None:
        await self.send_json(await self._state(kind, is_seen=is_seen))

    @database_sync_to_async
    def _state(self, kind: str, *, is_seen: bool) -> dict[str, Any]:
        assert self.actor is not None
        tenant = self.actor.tenant
        if is_seen:
            presence.seen(
                tenant=tenant,
                channel=self.channel_name,
                user_id=self.scope["user"].pk,
                real_now=clock.real_now(),
            )
        row = read_clock()
        return {
            "type": kind,
            "seq": broadcast.last_seq(tenant),
            "as_of": clock.now().isoformat(),
            "speed": row.speed if row else 1.0,
            "counts": (
                floor.waiting_counts(tenant, site_ids=self.actor.site_ids)
                if self.actor.may(Permission.VIEW_FLOOR)
                else {}
            ),
        }

    @database_sync_to_async
    def _find_actor(self, code: str) -> Actor | None:
        tenant = directory.find_tenant(code)
        if tenant is None:
            return None
        actor = access.find_actor(user=self.scope["user"], tenant=tenant)
        may_listen = actor is not None and any(actor.may(each) for each in LISTENING)
        return actor if may_listen else None


def frame_for(actor: Actor, frame: dict[str, Any]) -> dict[str, Any]:
    """
    Return a frame as one actor may hear it.

    Counts and words are of the whole tenant. Who sees some sites only is told that something
    changed; the page fetches what it may show, and the next beat brings its own counts.
    """
    if actor.site_ids is None and actor.may(Permission.VIEW_FLOOR):
        return frame
    return {key: value for key, value in frame.items() if key not in OF_ALL_SITES}


WEBSOCKET_ROUTES = [path("ws/live/<slug:tenant>/", LiveConsumer.as_asgi())]
