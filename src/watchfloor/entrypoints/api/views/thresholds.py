"""Thresholds as programs see them: read, moved with a reason, given back and taken back."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.bodies import read_object
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.fitting import fitted
from watchfloor.entrypoints.api.paging import read_query
from watchfloor.entrypoints.api.schema import EVERYWHERE, WITH_BODY, described
from watchfloor.entrypoints.api.shapes.thresholds import (
    BatchIn,
    BatchOut,
    MovedOut,
    ResetIn,
    ThresholdIn,
    ThresholdOut,
    ThresholdQuery,
    ThresholdsOut,
    WhyIn,
)
from watchfloor.entrypoints.api.views import threshold_examples as examples
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.noc.queries import threshold_queries
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import threshold_change
from watchfloor.workflows.threshold_change import Change

WHY = {"change_reason": "We missed two breaches last week."}


class Thresholds(Endpoint):
    """Every threshold of the tenant."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="thresholds",
        operation="noc_thresholds_list",
        summary="List thresholds",
        description="By model type, in the order of the registry, defaults included.",
        query=ThresholdQuery,
        answers={200: ThresholdsOut},
        example={"items": [examples.THRESHOLD]},
    )
    def get(self, request: Request) -> Response:
        """Answer with all of them, or those of one model type."""
        asked = read_query(ThresholdQuery, request)
        found = threshold_queries.registered(
            tenant=self.actor.tenant, model_type=asked.get("model_type", "")
        )
        return Response({"items": ThresholdOut(found, many=True).data})


class Threshold(Endpoint):
    """One threshold."""

    permission = Permission.VIEW_MODELS
    permission_to_change = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        summary="Read a threshold",
        description="What it is, how far it goes, where it stands, and the version to send back.",
        answers={200: ThresholdOut},
        example=examples.THRESHOLD,
        refusals=(*EVERYWHERE, 404),
    )
    def get(self, request: Request, threshold_id: str) -> Response:
        """Answer with it."""
        found = threshold_queries.get_registered(
            tenant=self.actor.tenant, threshold_id=threshold_id
        )
        return Response(ThresholdOut(found).data)

    @described(
        tag="thresholds",
        summary="Move a threshold",
        description=(
            "In force for new decisions within a second. A reason is asked for, and `version` as "
            "it was read: 409 if somebody was faster. What the simulation of the last four weeks "
            "said is kept with the change."
        ),
        body=ThresholdIn,
        body_example={"value": 0.35, "version": 0, **WHY},
        answers={200: MovedOut},
        example=examples.MOVED,
        refusals=(*WITH_BODY, 404, 409),
    )
    def patch(self, request: Request, threshold_id: str) -> Response:
        """Move it."""
        found = threshold_queries.get_registered(
            tenant=self.actor.tenant, threshold_id=threshold_id
        )
        told = fitted(ThresholdIn, read_object(request))
        change = Change(found.key, told["value"], told["version"])
        return Response(_moved(self.actor, found.model_type, [change], told["change_reason"])[0])


class ThresholdReset(Endpoint):
    """Back to the default."""

    permission = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        summary="Give a threshold back to its default",
        description="The default follows the product again when that changes.",
        body=ResetIn,
        body_example={"version": 1, **WHY},
        answers={200: MovedOut},
        example=examples.MOVED | {"value": 0.4, "is_default": True, "version": 2},
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request, threshold_id: str) -> Response:
        """Reset it."""
        found = threshold_queries.get_registered(
            tenant=self.actor.tenant, threshold_id=threshold_id
        )
        told = fitted(ResetIn, read_object(request))
        change = Change(found.key, None, told["version"])
        return Response(_moved(self.actor, found.model_type, [change], told["change_reason"])[0])


class ThresholdBatch(Endpoint):
    """Several at once."""

    permission = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        summary="Move several thresholds together",
        description="All of them or none, by one transaction, with one reason.",
        body=BatchIn,
        body_example={
            "model_type": "sla_breach",
            "changes": [{"key": "review_score", "value": 0.35, "version": 0}],
            **WHY,
        },
        answers={200: BatchOut},
        example={"items": [examples.MOVED]},
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request) -> Response:
        """Move them."""
        told = fitted(BatchIn, read_object(request))
        threshold_queries.refuse_unknown(tenant=self.actor.tenant, model_type=told["model_type"])
        changes = [Change(one["key"], one["value"], one["version"]) for one in told["changes"]]
        items = _moved(self.actor, told["model_type"], changes, told["change_reason"])
        return Response({"items": items})


class ThresholdRollback(Endpoint):
    """Take one change back."""

    permission = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        summary="Take a change back",
        description=(
            "A new row that points to the change; the value before it is in force again, whatever "
            "was moved since."
        ),
        body=WhyIn,
        body_example={"change_reason": "Too many reviews."},
        answers={200: MovedOut},
        example=examples.MOVED | {"value": 0.4, "is_default": True, "version": 2},
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request, entry_id: int) -> Response:
        """Take it back."""
        threshold_queries.get_change(tenant=self.actor.tenant, entry_id=entry_id)
        told = fitted(WhyIn, read_object(request))
        entry = threshold_change.take_back(
            tenant=self.actor.tenant,
            entry_id=entry_id,
            actor=self.actor.name,
            reason=told["change_reason"],
            now=clock.now(),
        )
        return Response(_shown(self.actor, entry))


def _moved(
    actor: Actor, model_type: str, changes: list[Change], reason: str
) -> list[dict[str, Any]]:
    entries = threshold_change.apply_all(
        tenant=actor.tenant,
        model_type=model_type,
        changes=changes,
        actor=actor.name,
        reason=reason,
        now=clock.now(),
    )
    return [_shown(actor, entry) for entry in entries]


def _shown(actor: Actor, entry: ThresholdAuditLog) -> dict[str, Any]:
    found = threshold_queries.get_registered(
        tenant=actor.tenant, threshold_id=f"{entry.scope_id}.{entry.key}"
    )
    simulation = entry.simulation or None
    moved = {"audit_log_id": entry.pk, "simulation": simulation}
    return {**ThresholdOut(found).data, **moved}
