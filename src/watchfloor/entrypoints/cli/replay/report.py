"""
The report of a replay: what the database holds of the stream, and whether the sums are right.

Its keys are a contract: docs/reference/replay-report.md lists them and a test compares. Everything
but `this_run`, `wall_seconds` and `events_per_second` is read from the database at the end, so
a second run over the same database says the same.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from watchfloor.core.score_rollup import ScoreMetrics
from watchfloor.entrypoints.cli.replay.door import EventCounts, Told
from watchfloor.entrypoints.cli.replay.driver import Passed
from watchfloor.entrypoints.cli.replay.protocol import Dataset
from watchfloor.entrypoints.cli.replay.tenancy import assumptions_of
from watchfloor.ml.models import DriftReport, RetrainJob, RollbackWatch
from watchfloor.ml.predictions import prediction_log
from watchfloor.ml.reports import certificate_facts, stream_facts
from watchfloor.ml.reports.certificate_facts import Found, Kept
from watchfloor.ml.reports.stream_facts import Logged, Week
from watchfloor.noc.intake import logs
from watchfloor.noc.queries import stream_facts as floor_facts
from watchfloor.tenants.models import Tenant

FORMAT = "watchfloor-replay-1"

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """A sum that must be right; a replay that breaks one has failed."""

    name: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """True when both sides are equal."""
        return self.left == self.right


def report_on(
    *, dataset: Dataset, tenant: Tenant, passed: Passed, through: str, wall_seconds: float
) -> Report:
    """Return the report of a run that has ended, as JSON can carry it."""
    model_type = dataset.about.model_type
    table = logs.table_of(prediction_log.LOG)
    log = stream_facts.logged(table, tenant=tenant, model_type=model_type)
    weeks = stream_facts.weeks(log, table, tenant=tenant, model_type=model_type)
    checks = stream_facts.drift_checks(tenant=tenant, model_type=model_type)
    promotions = stream_facts.promotions(tenant=tenant, model_type=model_type)
    identities = _identities(log, passed, tenant, model_type)
    return {
        "format": FORMAT,
        "dataset": _dataset(dataset, tenant),
        "through": through,
        "assumptions": assumptions_of(dataset, code=tenant.code),
        "events": _events(passed.stream),
        "scored": log.n_scored,
        "cannot_score": log.n - log.n_scored,
        "decisions": {"by_outcome": log.by_decision, "by_reason": log.by_reason},
        "tickets": floor_facts.tickets(tenant=tenant, model_type=model_type),
        "reviews": floor_facts.reviews(tenant=tenant, model_type=model_type),
        "alerts": floor_facts.n_alerts(tenant=tenant),
        "outcomes": {
            "joined": log.n_joined,
            "still_open": log.n - log.n_joined,
            "refused": passed.told[Told.REFUSED],
            "label_delay_h": stream_facts.delay_quantiles(log),
        },
        "coverage": _coverage(log, tenant),
        "certificates": [
            _certificate(each)
            for each in certificate_facts.kept(table, tenant=tenant, model_type=model_type)
        ],
        "metric_days": stream_facts.n_metric_days(tenant=tenant, model_type=model_type),
        "drift": {
            "checks": len(checks),
            "checks_by_kind": _by_kind(checks),
            "alerts": _drift_alerts(tenant, checks),
        },
        "failed_work": floor_facts.n_failed_work(tenant=tenant),
        "first_model": _first_model(tenant, model_type),
        "retrain_jobs": [
            _job(job) for job in stream_facts.retrain_jobs(tenant=tenant, model_type=model_type)
        ],
        "promotions": [_promotion(watch) for watch in promotions],
        "rollbacks": [_promotion(watch) for watch in promotions if watch.state == "roll_back"],
        "weeks": [_week(week) for week in weeks],
        "identities": [asdict(each) | {"holds": each.holds} for each in identities],
        "this_run": {
            "events": _events(passed.this_run),
            "outcomes": {told.value: n for told, n in passed.told.items()},
            "due_work": passed.due_work,
        },
        "wall_seconds": round(wall_seconds, 3),
        "events_per_second": round(passed.this_run.received / max(wall_seconds, 1e-9), 1),
    }


def broken_identities(report: Report) -> list[str]:
    """Return the sums of a report that are wrong, as sentences."""
    return [
        f"{each['name']}: {each['left']} is not {each['right']}"
        for each in report["identities"]
        if not each["holds"]
    ]


def _identities(
    log: Logged, passed: Passed, tenant: Tenant, model_type: str
) -> tuple[Identity, ...]:
    stream, run = passed.stream, passed.this_run
    cannot_score = log.n - log.n_scored
    decided = sum(log.by_decision.values())
    in_force = stream_facts.n_outcomes(tenant=tenant, model_type=model_type)
    return (
        Identity(
            "events received = stored + duplicate + dead",
            run.received,
            stream.stored + stream.duplicate + stream.dead,
        ),
        Identity("events stored = predictions logged", stream.stored, log.n),
        Identity("stored = scored + cannot_score", stream.stored, log.n_scored + cannot_score),
        Identity("decisions = scored + cannot_score", decided, log.n_scored + cannot_score),
        Identity("outcomes told = outcomes joined", len(passed.about), log.n_joined),
        Identity("outcomes joined = statements in force", log.n_joined, in_force),
    )


def _dataset(dataset: Dataset, tenant: Tenant) -> Report:
    about = dataset.about
    return {
        "name": about.name,
        "tenant": tenant.code,
        "model_type": about.model_type,
        "time_zone": about.time_zone,
        "unit": about.unit,
        "features": list(about.features),
        "first_model_wanted_at": about.first_model_at.isoformat(),
    }


def _events(counts: EventCounts) -> Report:
    return {"received": counts.received, **asdict(counts)}


def _coverage(log: Logged, tenant: Tenant) -> Report:
    return {
        str(each.level): {
            "n": each.n,
            "inside": each.inside,
            "share": round(each.inside / each.n, 6) if each.n else None,
        }
        for each in stream_facts.coverage(log, tenant=tenant)
    }


def _certificate(kept: Kept) -> Report:
    promised = kept.certificate
    return {
        "calibration_hash": kept.calibration_hash,
        "model_version": kept.model_version,
        "cut_at": kept.cut_at.isoformat(),
        "threshold": promised.threshold,
        "eps": promised.eps,
        "delta": promised.delta,
        "n": promised.n,
        "automatic": _found(kept.automatic),
        "chance": None if kept.chance is None else round(kept.chance, 6),
        "broken": kept.is_broken,
        "held_back": [
            {"reason": each.reason, "since": each.since.isoformat(), **_found(each.found)}
            for each in kept.held_back
        ],
    }


def _found(found: Found) -> Report:
    share = found.false_share
    return {
        "predictions": found.n,
        "known": found.n_known,
        "false": found.n_false,
        "false_share": None if share is None else round(share, 6),
    }


def _by_kind(checks: list[DriftReport]) -> Report:
    counts: dict[str, Counter[str]] = {}
    for check in checks:
        counts.setdefault(check.kind, Counter())[check.severity] += 1
    return {kind: dict(sorted(found.items())) for kind, found in sorted(counts.items())}


def _drift_alerts(tenant: Tenant, checks: list[DriftReport]) -> list[Report]:
    """Return one entry an alert; nights on which it was found again are its occurrences."""
    by_id = {check.pk: check for check in checks}
    found = []
    for alert in floor_facts.model_alerts(tenant=tenant):
        check = by_id.get(alert.metadata.get("report_id", 0))
        if check is None:
            continue
        found.append(
            {
                "kind": check.kind,
                "severity": alert.severity,
                "date": check.day.isoformat(),
                "raised_at": alert.created_at.isoformat(),
                "model_version": check.model_version,
                "occurrences": alert.occurrences,
                "evidence": alert.metadata["drift_report"],
            }
        )
    return found


def _first_model(tenant: Tenant, model_type: str) -> Report | None:
    version = stream_facts.first_model(tenant=tenant, model_type=model_type)
    if version is None:
        return None
    return {
        "version": version.version,
        "trained_at": _moment(version.trained_at),
        "n": version.manifest.get("n"),
    }


def _job(job: RetrainJob) -> Report:
    return {
        "requested_at": _moment(job.requested_at),
        "state": job.state,
        "severity": job.severity,
        "note": job.note,
        "challenger": job.challenger.version if job.challenger else None,
        "finished_at": _moment(job.finished_at),
        "safeguards": [
            {"safeguard": each.safeguard, "passed": each.passed, "reason": each.reason}
            for each in sorted(job.safeguards.all(), key=lambda each: each.pk)
        ],
        "validation": job.validation,
    }


def _promotion(watch: RollbackWatch) -> Report:
    return {
        "promoted_at": _moment(watch.started_at),
        "model_version": watch.new_stack.model_version.version,
        "replaced": watch.old_stack.model_version.version,
        "watch": watch.state,
        "pairs": watch.n_pairs,
        "decided_at": _moment(watch.decided_at),
    }


def _week(week: Week) -> Report:
    return {
        "week": week.monday.isoformat(),
        "n": week.served.n_labelled,
        **_quality("", week.served),
        **_quality("frozen_", week.frozen),
    }


def _quality(prefix: str, found: ScoreMetrics) -> Mapping[str, float | None]:
    return {
        f"{prefix}{name}": None if value is None else round(value, 6)
        for name, value in (
            ("brier", found.brier),
            ("roc_auc", found.roc_auc),
            ("pr_auc", found.pr_auc),
        )
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
