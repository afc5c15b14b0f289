"""Large moves of thresholds, proposed by one person and decided by another."""

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.bodies import read_object
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.fitting import fitted
from watchfloor.entrypoints.api.paging import page, read_query
from watchfloor.entrypoints.api.schema import WITH_BODY, described, page_of
from watchfloor.entrypoints.api.shapes.threshold_proposals import (
    DecisionIn,
    ProposalOut,
    ProposalQuery,
)
from watchfloor.entrypoints.api.shapes.thresholds import BatchIn
from watchfloor.entrypoints.api.views import threshold_examples as examples
from watchfloor.noc.decision import threshold_proposals
from watchfloor.noc.queries import threshold_queries
from watchfloor.tenants.roles import Permission
from watchfloor.workflows import threshold_change
from watchfloor.workflows.threshold_change import Change

AGREED = {"reason": "Two weeks of reviews say the same."}


class ThresholdProposals(Endpoint):
    """What waits for a second person, and what was decided."""

    permission = Permission.VIEW_MODELS
    permission_to_change = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        operation="noc_threshold_proposals_list",
        summary="List threshold proposals",
        description="Newest first: what is proposed, by whom, and what was decided.",
        query=ProposalQuery,
        answers={200: page_of(ProposalOut, name="ThresholdProposalPage")},
        example={"items": [examples.PROPOSAL], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(ProposalQuery, request)
        rows = threshold_proposals.proposals(
            tenant=self.actor.tenant,
            limit=asked["limit"] + 1,
            after=asked.get("after"),
            model_type=asked.get("model_type", ""),
            state=asked.get("state", ""),
        )
        return Response(
            page(
                rows,
                limit=asked["limit"],
                show=lambda row: ProposalOut(row).data,
                key=lambda row: row.pk,
            )
        )

    @described(
        tag="thresholds",
        summary="Propose to move thresholds",
        description=(
            "Nothing moves until somebody else approves it. A move by more than `alone_step` of a "
            "threshold's range is refused with 409 unless it comes this way; a smaller one may."
        ),
        body=BatchIn,
        body_example={
            "model_type": "sla_breach",
            "changes": [{"key": "review_score", "value": 0.8, "version": 0}],
            "change_reason": "The night shift is alone for a week.",
        },
        answers={201: ProposalOut},
        example=examples.PROPOSAL,
        refusals=(*WITH_BODY, 404),
    )
    def post(self, request: Request) -> Response:
        """Write it down."""
        told = fitted(BatchIn, read_object(request))
        threshold_queries.refuse_unknown(tenant=self.actor.tenant, model_type=told["model_type"])
        row = threshold_change.propose(
            tenant=self.actor.tenant,
            model_type=told["model_type"],
            changes=[Change(one["key"], one["value"], one["version"]) for one in told["changes"]],
            actor=self.actor.name,
            reason=told["change_reason"],
            now=clock.now(),
        )
        return Response(ProposalOut(row).data, status=201)


class ProposalApprove(Endpoint):
    """Agree."""

    permission = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        summary="Approve a threshold proposal",
        description=(
            "By somebody else than who proposed it; it is in force at once. 409 if a threshold "
            "moved since it was proposed."
        ),
        body=DecisionIn,
        body_example=AGREED,
        answers={200: ProposalOut},
        example=examples.PROPOSAL_APPLIED,
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Apply it."""
        threshold_proposals.get_proposal(tenant=self.actor.tenant, proposal_id=proposal_id)
        told = fitted(DecisionIn, read_object(request))
        threshold_change.approve(
            tenant=self.actor.tenant,
            proposal_id=proposal_id,
            actor=self.actor.name,
            reason=told["reason"],
            now=clock.now(),
        )
        row = threshold_proposals.get_proposal(tenant=self.actor.tenant, proposal_id=proposal_id)
        return Response(ProposalOut(row).data)


class ProposalRefuse(Endpoint):
    """Turn down."""

    permission = Permission.CHANGE_THRESHOLDS

    @described(
        tag="thresholds",
        summary="Refuse a threshold proposal",
        description="Nothing moves. Who proposed it may take it back this way.",
        body=DecisionIn,
        body_example={"reason": "Wait for the new calibration."},
        answers={200: ProposalOut},
        example=examples.PROPOSAL_APPLIED | {"state": "refused"},
        refusals=(*WITH_BODY, 404, 409),
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Refuse it."""
        threshold_proposals.get_proposal(tenant=self.actor.tenant, proposal_id=proposal_id)
        told = fitted(DecisionIn, read_object(request))
        row = threshold_change.refuse(
            tenant=self.actor.tenant,
            proposal_id=proposal_id,
            actor=self.actor.name,
            reason=told["reason"],
            now=clock.now(),
        )
        return Response(ProposalOut(row).data)
