"""Nightly checks of scores and features, and of the volume; performance has its own monitor."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from watchfloor.core.drift import data_quality
from watchfloor.core.drift.statistical import (
    Move,
    judge_moves,
    measure_moves,
    permutations_for,
    persists,
    severity_of_move,
)
from watchfloor.core.errors import NotReady
from watchfloor.ml.health import (
    drift_advice,
    drift_reports,
    drift_windows,
    feature_days,
    performance,
)
from watchfloor.ml.health.drift_reports import Finding
from watchfloor.ml.health.drift_windows import Compared, Windows
from watchfloor.ml.models import Deployment, ModelVersion, ScoredPrediction
from watchfloor.ml.predictions.rollups import day_counts
from watchfloor.tenants.models import Tenant

SCORE, FEATURE = "score", "feature"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What one night can ask of a model.

    Args:
        compared: the histograms, or why there are none.
    """

    kind: str
    compared: Compared | str


@dataclass(frozen=True, slots=True)
class _Night:
    """The night of one deployment, for the reports."""

    tenant: Tenant
    deployment: Deployment
    version: str
    day: date
    now: datetime

    @property
    def model(self) -> str:
        return f"{self.deployment.model_type} {self.version}"

    def before(self, kind: str) -> list[Mapping[str, Any]]:
        return drift_reports.nights_before(
            tenant=self.tenant,
            model_type=self.deployment.model_type,
            version=self.version,
            kind=kind,
            day=self.day,
        )


def detect_drift_of_data(
    *,
    tenant: Tenant,
    deployment: Deployment,
    table: type[ScoredPrediction],
    day: date,
    now: datetime,
    estimated_drop: float = 0.0,
) -> list[Finding]:
    """
    Compare scores and features of the last week with those of four weeks two months ago.

    Score and features are one family of tests: the allowed share of false ones is over all of
    them. A move counts when it held on two of the last three nights.

    Args:
        estimated_drop: rise of the expected error over the week, in shares.

    Returns:
        One finding about the score and one about the features; each is a stored report.
    """
    assert deployment.stack is not None
    version = deployment.stack.model_version
    night = _Night(tenant, deployment, version.version, day, now)
    windows = drift_windows.windows_before(tenant=tenant, day=day)
    asked = [
        Asked(SCORE, _scores(night, windows)),
        Asked(FEATURE, _features(night, version, table, windows)),
    ]
    moves = _moves(night, asked)
    score_moved = any(move.drifted for move in moves.get(SCORE, ()))
    return [
        _report(night, one, windows, moves.get(one.kind, ()), score_moved, estimated_drop)
        for one in asked
    ]


def _scores(night: _Night, windows: Windows) -> Compared | str:
    try:
        return drift_windows.compare_scores(
            tenant=night.tenant,
            model_type=night.deployment.model_type,
            version=night.version,
            windows=windows,
        )
    except NotReady as error:
        return str(error)


def _features(
    night: _Night, version: ModelVersion, table: type[ScoredPrediction], windows: Windows
) -> Compared | str:
    try:
        bins = feature_days.bins_of(
            tenant=night.tenant, version=version, table=table, day=night.day, now=night.now
        )
        feature_days.fill(
            tenant=night.tenant,
            version=version,
            bins=bins,
            table=table,
            first=windows.first,
            last=windows.last,
        )
        by_day = feature_days.counted_days(
            tenant=night.tenant, version=version, days=(*windows.reference, *windows.current)
        )
        return drift_windows.compare_features(by_day, bins=bins, windows=windows)
    except NotReady as error:
        return str(error)


def _moves(night: _Night, asked: Iterable[Asked]) -> dict[str, list[Move]]:
    """Measure what can be compared, and judge it as one family."""
    able = [(one.kind, one.compared) for one in asked if isinstance(one.compared, Compared)]
    n = sum(len(compared.histograms.places) for _, compared in able)
    measured = [
        (kind, move)
        for kind, compared in able
        for move in _measured(night, kind, compared, permutations_for(n))
    ]
    found: dict[str, list[Move]] = {}
    judged = judge_moves([move for _, move in measured])
    for (kind, _), move in zip(measured, judged, strict=True):
        found.setdefault(kind, []).append(move)
    return found


def _measured(night: _Night, kind: str, compared: Compared, draws: int) -> tuple[Move, ...]:
    try:
        return measure_moves(
            compared.histograms,
            reference_weekdays=compared.reference_weekdays,
            current_weekdays=compared.current_weekdays,
            rng=_rng(night, kind),
            n_permutations=draws,
        )
    except NotReady:  # days enough, but next to no events on them
        return ()


def _rng(night: _Night, kind: str) -> np.random.Generator:
    """Return draws that follow from version and day: the same night done twice is the same."""
    text = f"{night.model} {night.day.isoformat()} {kind}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _report(
    night: _Night,
    asked: Asked,
    windows: Windows,
    moves: Sequence[Move],
    score_moved: bool,
    estimated_drop: float,
) -> Finding:
    if not moves:
        return _too_little(night, asked)
    before = night.before(asked.kind)
    named = [move for move in moves if _is_named(move, before)]
    harmed = score_moved and asked.kind == FEATURE
    severity = max(
        (
            severity_of_move(move.excess, score_moved=harmed, estimated_drop=estimated_drop)
            for move in named
        ),
        default=None,
    )
    if asked.kind == SCORE:
        _note_on_metrics(night, moves[0])
    assert isinstance(asked.compared, Compared)
    advice = drift_advice.Advice(asked.kind, night.model, moves, named, asked.compared, severity)
    return drift_reports.report(
        night.tenant,
        night.deployment,
        night.version,
        asked.kind,
        night.day,
        night.now,
        drifted=bool(named),
        severity=severity,
        evidence=_evidence(asked.kind, windows, moves, named, estimated_drop)
        | {"recommendation": advice.recommendation()},
        sentence=advice.sentence(),
    )


def _too_little(night: _Night, asked: Asked) -> Finding:
    why = asked.compared if isinstance(asked.compared, str) else "next to no events on the days"
    return drift_reports.insufficient(
        night.tenant,
        night.deployment,
        night.version,
        asked.kind,
        night.day,
        night.now,
        {"reason": why},
        sentence=f"There is too little to compare: {why}.",
    )


def _is_named(move: Move, before: Sequence[Mapping[str, Any]]) -> bool:
    """
    Return whether a move counts tonight: it held on two of three nights, or still goes on.

    What was named last night stays so while any of the three nights saw it, so that a move
    near the limit is one episode and not many.
    """
    nights = [*(move.name in night.get("moved_names", ()) for night in before), move.drifted]
    was_named = bool(before) and move.name in before[-1].get("named", ())
    return persists(nights) or (was_named and any(nights))


def _evidence(
    kind: str,
    windows: Windows,
    moves: Sequence[Move],
    named: Sequence[Move],
    estimated_drop: float,
) -> dict[str, Any]:
    ordered = sorted(moves, key=lambda move: (-move.ks, move.name))
    found: dict[str, Any] = {
        "moved_names": [move.name for move in ordered if move.drifted],
        "named": [move.name for move in ordered if move in named],
        "reference": [windows.reference[0].isoformat(), windows.reference[-1].isoformat()],
        "current": [windows.current[0].isoformat(), windows.current[-1].isoformat()],
        "estimated_drop": estimated_drop,
    }
    if kind == SCORE:
        return found | {"moved": ordered[0].drifted} | asdict(ordered[0])
    return found | {"features": [asdict(move) for move in ordered]}


def _note_on_metrics(night: _Night, score: Move) -> None:
    performance.note_drift(
        tenant=night.tenant,
        model_type=night.deployment.model_type,
        version=night.version,
        day=night.day,
        p_value=score.raw_p_value,
    )


def check_data_quality(
    *, tenant: Tenant, deployment: Deployment, day: date, now: datetime
) -> Finding:
    """Hold the day's number of predictions against the same weekdays before it."""
    assert deployment.stack is not None
    days = day_counts(
        tenant=tenant,
        model_type=deployment.model_type,
        first=day - timedelta(days=28),
        last=day,
    )
    n_by_day: dict[date, int] = {}
    for one in days:
        n_by_day[one.local_day] = n_by_day.get(one.local_day, 0) + one.counts.n
    same_weekdays = [n_by_day.get(day - timedelta(days=7 * k)) for k in (1, 2, 3, 4)]
    usual = [n for n in same_weekdays if n is not None]
    found = data_quality.check_volume(n_by_day.get(day, 0), usual)
    return drift_reports.report(
        tenant,
        deployment,
        deployment.stack.model_version.version,
        "data_quality",
        day,
        now,
        drifted=found is not None,
        severity=found.severity if found else None,
        evidence={"n": n_by_day.get(day, 0), "usual": usual},
        sentence=found.sentence if found else "The number of predictions is as usual.",
    )
