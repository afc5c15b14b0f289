"""What the OpenAPI document shows of thresholds and their simulation."""

from typing import Any

from watchfloor.core.decision.simulation.comparison import Doubt


def _tally(n: int, events: int, clean: int) -> dict[str, Any]:
    unknown = n - events - clean
    return {
        "n": n,
        "events": events,
        "clean": clean,
        "unknown": unknown,
        "unlabelled": round(unknown / n, 4),
    }


def _share(k: int, n: int, lower: float, upper: float) -> dict[str, Any]:
    return {"value": round(k / n, 4), "lower": lower, "upper": upper, "k": k, "n": n}


WHAT_IF: dict[str, Any] = {
    "tickets": _tally(61, 52, 4),
    "reviews": _tally(143, 61, 52),
    "cleared": _tally(88, 0, 61),
    "logged": _tally(404, 19, 240),
    "tickets_a_day": {"value": 2.1786, "lower": 1.6664, "upper": 2.7985, "n": 61},
    "reviews_a_day": {"value": 5.1071, "lower": 4.3044, "upper": 6.0161, "n": 143},
    "hours_a_day": 0.4256,
    "ticket_precision": _share(52, 56, 0.8271, 0.9802),
    "false_discovery": _share(4, 56, 0.0198, 0.1729),
    "precision": _share(113, 169, 0.5923, 0.7393),
    "recall": _share(113, 132, 0.7844, 0.9109),
    "recall_of_tickets": _share(52, 132, 0.3098, 0.4828),
    "automation": _share(149, 696, 0.1842, 0.2465),
    "missed_a_day": {"value": 1.0402, "lower": 0.7131, "upper": 1.9444},
    "false_tickets_a_day": {"value": 0.1558, "lower": 0.1429, "upper": 0.2214},
    "cost_a_day": {"value": 442.45, "lower": 310.84, "upper": 808.07},
    "unlabelled": 0.2974,
}
GUARANTEE: dict[str, Any] = {
    "threshold": 0.71,
    "asked": 0.1,
    "eps": 0.1,
    "delta": 0.1,
    "n": 1221,
    "is_kept": True,
    "refusal": None,
    "missing": None,
    "promised_from": 0.7093,
}
SIMULATION: dict[str, Any] = {
    "snapshot": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "days": 28,
    "n": 696,
    "n_known": 489,
    "first": "2026-02-02",
    "last": "2026-03-01",
    "model_version": "2026-02-01",
    "before": WHAT_IF,
    "after": WHAT_IF,
    "moves": [
        {"before": "log_only", "after": "human_review", "predictions": _tally(24, 5, 11)},
    ],
    "doubts": [{"code": Doubt.FEW_OUTCOMES.value, "sentence": Doubt.FEW_OUTCOMES.sentence}],
    "guarantee_before": GUARANTEE,
    "guarantee_after": GUARANTEE,
}
THRESHOLD: dict[str, Any] = {
    "id": "sla_breach.review_score",
    "model_type": "sla_breach",
    "key": "review_score",
    "label": "A person sees scores from",
    "unit": "probability",
    "value": 0.4,
    "default": 0.4,
    "lowest": 0.0,
    "highest": 1.0,
    "is_default": True,
    "version": 0,
    "last_changed": None,
    "last_changed_by": "",
}
MOVED: dict[str, Any] = THRESHOLD | {
    "value": 0.35,
    "is_default": False,
    "version": 1,
    "last_changed": "2026-03-02T12:00:00Z",
    "last_changed_by": "user:17",
    "audit_log_id": 12,
    "simulation": SIMULATION,
}
CHANGE: dict[str, Any] = {
    "id": 12,
    "model_type": "sla_breach",
    "key": "review_score",
    "at": "2026-03-02T12:00:00Z",
    "actor": "user:17",
    "change_reason": "We missed two breaches last week.",
    "old_value": None,
    "new_value": 0.35,
    "undoes": None,
    "simulation": SIMULATION,
}
SUGGESTIONS: dict[str, Any] = {
    "items": [
        {
            "aim": "most_automation",
            "review_score": 0.4,
            "ticket_score": 0.7093,
            "why_not": "",
            "found": WHAT_IF,
        },
        {
            "aim": "least_cost",
            "review_score": None,
            "ticket_score": None,
            "why_not": "No outcome is known in some score bands: no cost can be told.",
            "found": None,
        },
    ]
}
CSV = (
    "at,model_type,key,old_value,new_value,actor,change_reason,undoes\r\n"
    "2026-03-02T12:00:00+00:00,sla_breach,review_score,,0.35,user:17,"
    "We missed two breaches last week.,\r\n"
)
PROPOSAL: dict[str, Any] = {
    "id": 3,
    "model_type": "sla_breach",
    "changes": [{"key": "review_score", "before": 0.4, "value": 0.8, "version": 0}],
    "reason": "The night shift is alone for a week.",
    "proposed_by": "user:17",
    "proposed_at": "2026-03-02T12:00:00Z",
    "state": "waiting",
    "decided_by": "",
    "decided_at": None,
    "decision_reason": "",
    "simulation": SIMULATION,
}
PROPOSAL_APPLIED: dict[str, Any] = PROPOSAL | {
    "state": "applied",
    "decided_by": "user:23",
    "decided_at": "2026-03-02T12:30:00Z",
    "decision_reason": "Two weeks of reviews say the same.",
}
WATCH: dict[str, Any] = {
    "id": 5,
    "model_type": "sla_breach",
    "changes": [12],
    "started_at": "2026-03-02T12:00:00Z",
    "due_at": "2026-03-03T12:00:00Z",
    "state": "kept",
    "checked_at": "2026-03-03T12:00:01Z",
    "findings": [
        {
            "figure": "reviews_a_day",
            "promised": 5.1071,
            "realised": 7.0,
            "n": 7,
            "chance": 0.2514,
            "is_broken": False,
        }
    ],
    "proposal": None,
}
REPLAYED: dict[str, Any] = {
    "outcomes": [{"outcome": "auto_ticket", "predictions": _tally(41, 35, 3)}],
    "reasons": [{"reason": "below_review_score", "n": 492}, {"reason": "certified", "n": 41}],
}
EXACT: dict[str, Any] = {
    "first": "2026-02-02",
    "last": "2026-03-01",
    "n": 696,
    "before": REPLAYED,
    "after": REPLAYED,
}
