"""
The twin of `decide` for many predictions at once: columns in, codes of outcomes and reasons out.

Beside each clause stands the function it is the twin of; a property test holds the two equal on
any evidence and any policy. NaN and NaT stand for None, so that what is missing objects here too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.decision.evidence import DecisionPolicy, EarlierTicket, Evidence
from watchfloor.core.decision.policy import Decision, Outcome
from watchfloor.core.decision.reason import Reason

OUTCOMES = tuple(Outcome)
REASONS = tuple(Reason)
EARLIER = tuple(EarlierTicket)
NONE = -1
"""The code of no reason at all."""

_CODE = {reason: code for code, reason in enumerate(REASONS)}
_OUTCOME = {outcome: code for code, outcome in enumerate(OUTCOMES)}
_MISSING = np.datetime64("NaT")

Moments = npt.NDArray[np.datetime64]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EvidenceColumns:
    """
    `Evidence` of n predictions, a column a field, each of shape (n,).

    NaN stands for a number that is None and NaT for a moment; `cannot_score` is the place of a
    reason in `REASONS` or `NONE`, `earlier_ticket` a place in `EARLIER`.
    """

    score: FloatArray
    now: Moments
    cannot_score: Codes
    width: FloatArray
    venn_abers_width: FloatArray
    certified_from: FloatArray
    certified_floor: FloatArray
    ticket_eps: FloatArray
    ticket_delta: FloatArray
    clear_below: FloatArray
    clear_eps: FloatArray
    clear_delta: FloatArray
    positives_limit: FloatArray
    positives_beta: FloatArray
    calibration_n: IntArray
    calibration_n_positive: IntArray
    calibrated_at: Moments
    calibration_unreadable: BoolArray
    drift_alarm: BoolArray
    exchangeability_lost: BoolArray
    earlier_ticket: Codes

    @classmethod
    def of(cls, rows: Sequence[Evidence]) -> Self:
        """Return evidence that was given one by one as columns."""
        columns: dict[str, Any] = {each.name: _column(each.name, rows) for each in fields(cls)}
        return cls(**columns)

    def part(self, rows: npt.NDArray[np.intp] | IntArray | BoolArray) -> Self:
        """Return some of the rows, or all of them in another order."""
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def __len__(self) -> int:
        return len(self.score)


def _column(name: str, rows: Sequence[Evidence]) -> npt.NDArray[np.generic]:
    values = [getattr(row, name) for row in rows]
    if name == "cannot_score":
        return np.array([NONE if v is None else _CODE[v] for v in values], dtype=np.int8)
    if name == "earlier_ticket":
        return np.array([EARLIER.index(v) for v in values], dtype=np.int8)
    if name in ("now", "calibrated_at"):
        naive = [_MISSING if v is None else np.datetime64(v.replace(tzinfo=None)) for v in values]
        return np.array(naive, dtype="datetime64[us]")
    if name in ("calibration_n", "calibration_n_positive"):
        return np.array(values, dtype=np.int64)
    if name in ("calibration_unreadable", "drift_alarm", "exchangeability_lost"):
        return np.array(values, dtype=np.bool_)
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PolicyColumns:
    """`DecisionPolicy` for many predictions: each field one value, or a column of shape (n,)."""

    review_score: float | FloatArray
    ticket_score: float | FloatArray
    width_limit: float | FloatArray
    eps_ticket: float | FloatArray
    eps_clear: float | FloatArray
    beta_clear: float | FloatArray
    delta: float | FloatArray
    min_calibration_n: int | IntArray
    min_calibration_positive: int | IntArray
    calibration_max_age_days: float
    automation_on: bool | BoolArray
    kill_switch: bool | BoolArray
    stage_on: bool | BoolArray
    clear_on: bool | BoolArray
    breaker_open: bool | BoolArray
    site_cap_left: int | IntArray
    cap_left: int | IntArray

    @classmethod
    def of(cls, policy: DecisionPolicy) -> Self:
        """Return one policy for all."""
        return cls(**{each.name: getattr(policy, each.name) for each in fields(cls)})


@dataclass(frozen=True, slots=True, eq=False)
class DecidedColumns:
    """
    Decisions as codes, each of shape (n,).

    `outcome` is a place in `OUTCOMES`; `reason` and `failing` places in `REASONS`, `failing`
    being `NONE` where nothing stood in the way.
    """

    outcome: Codes
    reason: Codes
    failing: Codes

    def decision(self, row: int) -> Decision:
        """Return one of them as `decide` would."""
        failing = int(self.failing[row])
        return Decision(
            OUTCOMES[self.outcome[row]],
            REASONS[self.reason[row]],
            None if failing == NONE else REASONS[failing],
        )

    def is_(self, outcome: Outcome) -> BoolArray:
        """Return which rows have an outcome, shape (n,)."""
        found: BoolArray = self.outcome == _OUTCOME[outcome]
        return found


Holds = Callable[[EvidenceColumns, PolicyColumns], BoolArray]


def _large_enough(e: EvidenceColumns, p: PolicyColumns) -> BoolArray:
    n, events, fewest = e.calibration_n, e.calibration_n_positive, p.min_calibration_positive
    fits: BoolArray = (n >= p.min_calibration_n) & (events >= fewest) & (n - events >= fewest)
    return fits


def _fresh(e: EvidenceColumns, p: PolicyColumns) -> BoolArray:
    oldest = e.now - np.timedelta64(timedelta(days=p.calibration_max_age_days))
    fresh: BoolArray = e.calibrated_at >= oldest
    return fresh


def _ticket_promise(e: EvidenceColumns, p: PolicyColumns) -> BoolArray:
    kept: BoolArray = (e.ticket_eps <= p.eps_ticket) & (e.ticket_delta <= p.delta)
    return kept


def _clear_promise(e: EvidenceColumns, p: PolicyColumns) -> BoolArray:
    kept: BoolArray = (
        (e.positives_beta <= p.beta_clear)
        & (e.clear_eps <= p.eps_clear)
        & (e.clear_delta <= p.delta)
    )
    return kept


def _certified_ticket(e: EvidenceColumns, p: PolicyColumns) -> BoolArray:
    speaks = (p.ticket_score <= e.certified_from) | (p.ticket_score <= e.certified_floor)
    certified: BoolArray = (e.score >= e.certified_from) & speaks
    return certified


def _known_well(e: EvidenceColumns, p: PolicyColumns) -> BoolArray:
    known: BoolArray = (e.width < p.width_limit) | (e.venn_abers_width < p.width_limit)
    return known


def _all(e: EvidenceColumns, value: bool | BoolArray) -> BoolArray:
    return np.broadcast_to(np.asarray(value, dtype=np.bool_), e.score.shape)


_CALIBRATED: tuple[tuple[Reason, Holds], ...] = (
    (Reason.CALIBRATION_UNREADABLE, lambda e, _p: ~e.calibration_unreadable),
    (Reason.NO_CALIBRATION, lambda e, _p: ~np.isnat(e.calibrated_at) & (e.calibration_n > 0)),
    (Reason.CALIBRATION_TOO_SMALL, _large_enough),
    (Reason.CALIBRATION_STALE, _fresh),
)
_HEALTHY: tuple[tuple[Reason, Holds], ...] = (
    (Reason.PROBABILITY_NOT_KNOWN_WELL, _known_well),
    (Reason.DRIFT_ALARM, lambda e, _p: ~e.drift_alarm),
    (Reason.EXCHANGEABILITY_LOST, lambda e, _p: ~e.exchangeability_lost),
    (Reason.KILL_SWITCH, lambda e, p: ~_all(e, p.kill_switch)),
    (Reason.STAGE_NOT_ON, lambda e, p: _all(e, p.stage_on)),
)
TICKET_CLAUSES: tuple[tuple[Reason, Holds], ...] = (
    *_CALIBRATED,
    (Reason.BELOW_TICKET_SCORE, lambda e, p: e.score >= p.ticket_score),
    (Reason.CERTIFICATE_LOOSER, _ticket_promise),
    (Reason.NOT_CERTIFIED, _certified_ticket),
    *_HEALTHY,
    (Reason.AUTOMATION_OFF, lambda e, p: _all(e, p.automation_on)),
)
CLEAR_CLAUSES: tuple[tuple[Reason, Holds], ...] = (
    *_CALIBRATED,
    (Reason.CERTIFICATE_LOOSER, _clear_promise),
    (Reason.NOT_CERTIFIED, lambda e, _p: e.score <= e.clear_below),
    (Reason.EVENTS_MAY_HIDE, lambda e, _p: e.score < e.positives_limit),
    *_HEALTHY,
    (Reason.AUTOMATION_OFF, lambda e, p: _all(e, p.clear_on)),
)
CAP_CLAUSES: tuple[tuple[Reason, Holds], ...] = (
    (Reason.BREAKER_OPEN, lambda e, p: ~_all(e, p.breaker_open)),
    (Reason.CAP_REACHED_SITE, lambda e, p: _all(e, np.asarray(p.site_cap_left) > 0)),
    (Reason.CAP_REACHED, lambda e, p: _all(e, np.asarray(p.cap_left) > 0)),
)


def decide_columns(evidence: EvidenceColumns, policy: PolicyColumns) -> DecidedColumns:
    """
    Decide many predictions, each as `decide` would.

    Cost: some forty passes over the columns; nothing is done row by row.

    >>> from datetime import UTC, datetime
    >>> unsure = EvidenceColumns.of([Evidence(score=0.9, now=datetime(2026, 1, 1, tzinfo=UTC))])
    >>> decide_columns(unsure, PolicyColumns.of(DecisionPolicy())).decision(0).reason
    <Reason.NO_CALIBRATION: 'no_calibration'>
    """
    ticket = _first_objection(TICKET_CLAUSES, evidence, policy)
    clear = _first_objection(CLEAR_CLAUSES, evidence, policy)
    caps = _first_objection(CAP_CLAUSES, evidence, policy)
    is_scored, below = np.isfinite(evidence.score), evidence.score < policy.review_score
    # Where `decide` returns first, the first branch of `select` that fits.
    branches = (
        ~is_scored,
        below & (clear == NONE),
        below,
        ticket != NONE,
        evidence.earlier_ticket == EARLIER.index(EarlierTicket.NOT_CONFIRMED),
        evidence.earlier_ticket != EARLIER.index(EarlierTicket.NONE),
        caps != NONE,
    )
    unscored = np.where(
        evidence.cannot_score == NONE, _CODE[Reason.CANNOT_SCORE], evidence.cannot_score
    )
    again = _CODE[Reason.DUPLICATE_OF_CLOSED]
    review = _OUTCOME[Outcome.HUMAN_REVIEW]
    outcome = np.select(
        branches,
        (
            review,
            _OUTCOME[Outcome.AUTO_CLEAR],
            _OUTCOME[Outcome.LOG_ONLY],
            review,
            review,
            _OUTCOME[Outcome.SUPPRESSED_DUPLICATE],
            review,
        ),
        _OUTCOME[Outcome.AUTO_TICKET],
    )
    reason = np.select(
        branches,
        (
            unscored,
            _CODE[Reason.CLEARED],
            _CODE[Reason.BELOW_REVIEW_SCORE],
            ticket,
            again,
            _CODE[Reason.DUPLICATE],
            caps,
        ),
        _CODE[Reason.CERTIFIED],
    )
    failing = np.select(branches, (unscored, NONE, clear, ticket, again, NONE, caps), NONE)
    return DecidedColumns(*(each.astype(np.int8) for each in (outcome, reason, failing)))


def _first_objection(
    clauses: tuple[tuple[Reason, Holds], ...], evidence: EvidenceColumns, policy: PolicyColumns
) -> Codes:
    """Return the code of the first clause that objects, by row; `NONE` where all hold."""
    found = np.full(len(evidence), NONE, dtype=np.int8)
    for reason, holds in reversed(clauses):
        found[~holds(evidence, policy)] = _CODE[reason]
    return found
