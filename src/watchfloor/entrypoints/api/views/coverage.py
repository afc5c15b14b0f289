"""Whether the intervals of a model hold, as programs see it."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.api.endpoint import Endpoint
from watchfloor.entrypoints.api.paging import read_query
from watchfloor.entrypoints.api.schema import EVERYWHERE, described
from watchfloor.entrypoints.api.shapes.coverage import CoverageOut, CoverageQuery
from watchfloor.ml.inference import model_queries
from watchfloor.noc.queries import prediction_queries
from watchfloor.noc.queries.model_coverage import model_coverage
from watchfloor.tenants.roles import Permission

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
GROUP: dict[str, Any] = {
    "level": 95,
    "coverage": 0.9541,
    "band": {"lower": 0.9412, "upper": 0.9649},
    "verdict": "within",
    "may_be_luck_of_the_set": True,
    "set_range": {"lower": 0.9361, "upper": 0.9634},
    "n": 1221,
    "covered": 1165,
    "n_unlabelled": 311,
}
CURVE = {
    "delta": 0.1,
    "smallest_eps": 0.1,
    "n": 1221,
    "n_positive": 204,
    "points": [
        {
            "eps": 0.1,
            "threshold": 0.91,
            "share": 0.082,
            "share_of_events": 0.466,
            "n_certified": 100,
            "false_certified": 5,
        }
    ],
}
COVERAGE_EXAMPLE = {
    "model_type": "sla_breach",
    "first": "2025-12-02",
    "last": "2026-03-02",
    "review_score": 0.4,
    "high_score": 0.6,
    "n": 1640,
    "without_interval": 108,
    "unreadable": [],
    "overall": [GROUP],
    "from_review": GROUP,
    "from_high": GROUP,
    "by_score": [{"lower": 0.0, "upper": 0.02, "coverage": GROUP}],
    "by_site_group": [{"site_group": "harbour-gate", "coverage": GROUP}],
    "by_calibration": [
        {
            "sha256": DIGEST,
            "model_version": "2026-03-01",
            "created_at": "2026-02-23T04:00:00Z",
            "n": 1000,
            "n_positive": 171,
            "coverage": GROUP,
        }
    ],
    "by_week": [{"begins": "2026-02-24", "coverage": GROUP}],
    "bins_of": DIGEST,
    "bins": [
        {
            "lower": 0.9,
            "upper": 1.0,
            "stated_lower": 0.871,
            "stated_upper": 0.982,
            "set_n": 64,
            "set_events": 61,
            "n": 71,
            "events": 67,
            "mean_score": 0.953,
        }
    ],
    "decided": [
        {
            "begins": "2026-02-24",
            "n": 128,
            "ticketed": 9,
            "added": 2,
            "cleared": 0,
            "reviewed": 24,
            "logged": 93,
        }
    ],
    "certificates": [
        {
            "calibration_sha256": DIGEST,
            "model_version": "2026-03-01",
            "cut_at": "2026-02-23T04:00:00Z",
            "threshold": 0.91,
            "eps": 0.1,
            "delta": 0.1,
            "n_automatic": 31,
            "n_known": 27,
            "n_false": 1,
            "false_share": 0.037,
            "band": {"lower": 0.0009, "upper": 0.1897},
            "is_broken": False,
        }
    ],
    "eps_ticket": 0.1,
    "eps_clear": 0.01,
    "delta": 0.1,
    "ticket_promises": CURVE,
    "clear_promises": CURVE,
    "live": {
        "version": "2026-03-01",
        "since": "2026-02-02T03:00:00Z",
        "delay": 41.5,
        "levels": [
            {
                "percent": 95,
                "coverage": 0.9512,
                "n": 1024,
                "misses": 50,
                "asked_for": 95.4,
                "quantile": 0.61,
            }
        ],
    },
    "numbers": None,
    "widths": [
        {"kind": "narrow", "n": 1402, "n_unscored": 0, "high_risk": 171, "mean_score": 0.184}
    ],
}


class ModelCoverage(Endpoint):
    """What the intervals of one model type promised, and what came of it."""

    permission = Permission.VIEW_MODELS

    @described(
        tag="models",
        summary="Report the coverage of a model type",
        description=(
            "Realised coverage with exact bands, by score, site group, calibration and week; what "
            "was decided, each certificate beside what came of it, and what could be certified at "
            "other promises. `verdict` is `below` or `above` where the band misses the promise, "
            "`within` where it holds it and enough outcomes are known that it might not have, "
            "`too_few` otherwise."
        ),
        query=CoverageQuery,
        answers={200: CoverageOut},
        example=COVERAGE_EXAMPLE,
        refusals=(*EVERYWHERE, 404),
    )
    def get(self, request: Request, model_type: str) -> Response:
        """Answer with the report."""
        asked = read_query(CoverageQuery, request)
        tenant = self.actor.tenant
        known = prediction_queries.model_types(tenant)
        card = model_queries.get_card(
            tenant=tenant, model_type=model_type, is_predicted=model_type in known
        )
        found = model_coverage(
            tenant=tenant,
            card=card,
            level=asked["level"],
            weeks=asked["weeks"],
            now=clock.now(),
            shown_set=asked.get("calibration", ""),
        )
        return Response(CoverageOut(found).data)
