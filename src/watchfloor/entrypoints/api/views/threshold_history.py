"""Every turn of every threshold, as JSON page by page and as one CSV."""

import csv
import io
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.paging import page, read_query
from watchfloor.entrypoints.api.schema import EVERYWHERE, REFUSALS, described, page_of
from watchfloor.entrypoints.api.shapes.problem import Problem
from watchfloor.entrypoints.api.shapes.threshold_proposals import WatchOut, WatchQuery
from watchfloor.entrypoints.api.shapes.thresholds import ChangeOut, ChangeQuery, ThresholdQuery
from watchfloor.entrypoints.api.views import threshold_examples as examples
from watchfloor.entrypoints.problems import MEDIA_TYPE
from watchfloor.noc.decision import threshold_watches
from watchfloor.noc.models import ThresholdAuditLog
from watchfloor.noc.queries import threshold_queries
from watchfloor.tenants.roles import Permission

COLUMNS = ["at", "model_type", "key", "old_value", "new_value", "actor", "change_reason", "undoes"]


class ThresholdChanges(Endpoint):
    """Changes, newest first."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="thresholds",
        summary="List threshold changes",
        description="Newest first: who, when, why, from what to what, and what was simulated.",
        query=ChangeQuery,
        answers={200: page_of(ChangeOut, name="ThresholdChangePage")},
        example={"items": [examples.CHANGE], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(ChangeQuery, request)
        rows = threshold_queries.changes(
            tenant=self.actor.tenant,
            limit=asked["limit"] + 1,
            after=asked.get("after"),
            model_type=asked.get("model_type", ""),
            key=asked.get("key", ""),
        )
        return Response(
            page(
                rows,
                limit=asked["limit"],
                show=lambda row: ChangeOut(row).data,
                key=lambda row: row.pk,
            )
        )


class ThresholdWatches(Endpoint):
    """What came of changes."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="thresholds",
        operation="noc_threshold_watches_list",
        summary="List threshold watches",
        description=(
            "Newest first: a day after thresholds moved, tickets and reviews a day and the false "
            "ones among tickets, beside what the simulation had promised. Where more came than "
            "chance explains, the way back is proposed."
        ),
        query=WatchQuery,
        answers={200: page_of(WatchOut, name="ThresholdWatchPage")},
        example={"items": [examples.WATCH], "next": None},
    )
    def get(self, request: Request) -> Response:
        """Answer with one page."""
        asked = read_query(WatchQuery, request)
        rows = threshold_watches.watches(
            tenant=self.actor.tenant,
            limit=asked["limit"] + 1,
            after=asked.get("after"),
            model_type=asked.get("model_type", ""),
        )
        return Response(
            page(
                rows,
                limit=asked["limit"],
                show=lambda row: WatchOut(row).data,
                key=lambda row: row.pk,
            )
        )


class CSVText(BaseRenderer):
    """Text that is a CSV already."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, *_: Any, **__: Any) -> bytes:
        """Return the bytes."""
        return str(data).encode()


class ThresholdChangesCSV(Endpoint):
    """All changes as CSV."""

    permission = Permission.VIEW_MODELS
    renderer_classes = (CSVText,)

    @extend_schema(
        summary="Download threshold changes",
        description="Every change as CSV, oldest first; an empty value is the default.",
        tags=["thresholds"],
        parameters=[ThresholdQuery],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="Done."),
            **{
                (status, MEDIA_TYPE): OpenApiResponse(Problem, description=REFUSALS[status])
                for status in EVERYWHERE
            },
        },
        examples=[
            OpenApiExample(
                "answer",
                value=examples.CSV,
                response_only=True,
                status_codes=["200"],
                media_type="text/csv",
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Answer with the file."""
        asked = read_query(ThresholdQuery, request)
        rows = threshold_queries.all_changes(
            tenant=self.actor.tenant, model_type=asked.get("model_type", "")
        )
        headers = {"Content-Disposition": 'attachment; filename="threshold-changes.csv"'}
        return Response(_csv(rows), headers=headers)


def _csv(rows: list[ThresholdAuditLog]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        values = (row.old_value, row.new_value)
        what = (row.at.isoformat(), row.scope_id, row.key, *values)
        writer.writerow((*what, row.actor, _plain(row.change_reason), row.undoes_id))
    return text.getvalue()


def _plain(words: str) -> str:
    """Return words that no spreadsheet takes for a formula."""
    return f"'{words}" if words[:1] in "=+-@\t\r" and words else words
