"""
Logged predictions as a simulation needs them: counts by score, calibration and outcome.

The cost of every question grows with the distinct scores and the calibrations, never with the
number of predictions.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.calibration_error import EDGES
from watchfloor.core.conformal.coverage import (
    NO_CALIBRATION,
    ScoredCounts,
    refuse_unknown_calibrations,
)
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.decision.columns import NONE, EvidenceColumns
from watchfloor.core.decision.evidence import EarlierTicket
from watchfloor.core.errors import InvalidInput
from watchfloor.core.score_grid import PROBABILITY

# Every cell is decided at one moment, by a calibration of that moment: age is no part of a count.
_MOMENT = np.datetime64("2000-01-01T00:00:00", "us")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class History:
    """
    Predictions of some days, merged into one cell for each score and calibration.

    Args:
        days: local days that the predictions lie in, at least one.
        calibration: index into the calibrations given to `history_of`, or NO_CALIBRATION.
        clean, event, unknown: predictions of each cell by outcome, shape (cells,).
        evidence: what the decision knows of each cell, scores ascending within a calibration.
        band: the score band of each cell; within one, outcomes become known by the same chance.
        n_bands: how many there are.
        digest: names the snapshot: equal histories have equal ones.
    """

    days: int
    calibration: IntArray
    clean: IntArray
    event: IntArray
    unknown: IntArray
    evidence: EvidenceColumns
    band: IntArray
    n_bands: int
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if self.days < 1:
            raise InvalidInput(field="days", value=self.days, expected="at least one day")
        object.__setattr__(self, "digest", _digest(self))

    @property
    def scores(self) -> FloatArray:
        """The score of each cell, shape (cells,)."""
        return self.evidence.score

    @property
    def n(self) -> int:
        """All predictions."""
        return int(self.clean.sum() + self.event.sum() + self.unknown.sum())

    @property
    def n_known(self) -> int:
        """Predictions whose outcome is known."""
        return int(self.clean.sum() + self.event.sum())


def history_of(
    counts: ScoredCounts,
    calibrations: Sequence[Calibration],
    *,
    days: int,
    borders: Sequence[float] = (),
) -> History:
    """
    Merge counted predictions into cells, and look up once what the decision knows of each.

    Args:
        counts: predictions by score, calibration and outcome, rows in any order; no count
            is negative.
        calibrations: that the rows point to.
        days: local days that they lie in.
        borders: scores at which the chance to learn an outcome changed, such as the review
            thresholds that were in force; bands are cut there, too.

    Raises:
        InvalidInput: a score off the grid, a calibration that is not among those given, a
            negative count, or fewer than one day.
    """
    refuse_unknown_calibrations(counts.calibration, len(calibrations))
    merged = _merged(counts, len(calibrations))
    key = np.flatnonzero(merged.any(axis=0))
    calibration, bins = key // PROBABILITY.size - 1, key % PROBABILITY.size
    scores = PROBABILITY.points[bins]
    edges = tuple(sorted({*EDGES, *(each for each in borders if 0 < each < 1)}))
    clean, event, unknown = merged[:, key]
    return History(
        days=days,
        calibration=calibration,
        clean=clean,
        event=event,
        unknown=unknown,
        evidence=evidence_at(scores, calibration, calibrations),
        band=bin_of(scores, edges),
        n_bands=len(edges) + 1,
    )


def _merged(counts: ScoredCounts, n_calibrations: int) -> IntArray:
    """Return counts by outcome, of shape (3, (calibrations + 1) x grid), the lowest without one."""
    bins = np.searchsorted(PROBABILITY.points, counts.scores)
    on_grid = PROBABILITY.points[np.minimum(bins, PROBABILITY.size - 1)] == counts.scores
    if not on_grid.all():
        first = int(np.argmin(on_grid))
        raise InvalidInput(
            field=f"scores[{first}]",
            value=float(counts.scores[first]),
            expected="a quantised score",
        )
    merged = np.zeros((3, (n_calibrations + 1) * PROBABILITY.size), dtype=np.int64)
    key = (counts.calibration - NO_CALIBRATION) * PROBABILITY.size + bins
    for row, name in enumerate(("clean", "event", "unknown")):
        np.add.at(merged[row], key, getattr(counts, name))
        if merged[row].min(initial=0) < 0:
            raise InvalidInput(
                field=name, value=int(merged[row].min()), expected="no negative count"
            )
    return merged


def evidence_at(
    scores: FloatArray, calibration: IntArray, calibrations: Sequence[Calibration]
) -> EvidenceColumns:
    """
    Return what the decision knows of scores, each under the calibration it was made with.

    As at one moment, by fresh calibrations, with no alarm open and no earlier ticket.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,).
        calibration: index into `calibrations`, or NO_CALIBRATION, shape (n,).
    """
    n = len(scores)
    width, pair_width = np.full(n, np.nan), np.full(n, np.nan)
    for index, each in enumerate(calibrations):
        cells = np.flatnonzero(calibration == index)
        of_bin = np.array([one.interval.width for one in each.bins])
        width[cells] = of_bin[bin_of(scores[cells], each.edges)]
        low, high = each.venn_abers.pairs(scores[cells]) if each.venn_abers else (0.0, 1.0)
        pair_width[cells] = high - low
    facts = {name: column[calibration] for name, column in _facts(calibrations).items()}
    nothing = np.zeros(n, dtype=np.bool_)
    return EvidenceColumns(
        score=scores,
        now=np.full(n, _MOMENT),
        cannot_score=np.full(n, NONE, dtype=np.int8),
        width=width,
        venn_abers_width=pair_width,
        calibration_n=facts.pop("n").astype(np.int64),
        calibration_n_positive=facts.pop("n_positive").astype(np.int64),
        calibrated_at=np.where(calibration == NO_CALIBRATION, np.datetime64("NaT"), _MOMENT),
        calibration_unreadable=nothing,
        drift_alarm=nothing,
        exchangeability_lost=nothing,
        earlier_ticket=np.full(n, list(EarlierTicket).index(EarlierTicket.NONE), dtype=np.int8),
        **facts,
    )


def _facts(calibrations: Sequence[Calibration]) -> dict[str, FloatArray]:
    """Return the facts of each calibration as columns; the last entry is of none at all."""

    def column(values: Sequence[float | None], without: float = np.nan) -> FloatArray:
        return np.array([np.nan if v is None else v for v in values] + [without], dtype=np.float64)

    positives = [each.positives_cleared for each in calibrations]
    return {
        "n": column([each.n for each in calibrations], 0.0),
        "n_positive": column([each.n_positive for each in calibrations], 0.0),
        "certified_from": column([each.certified_from for each in calibrations]),
        "certified_floor": column([each.ticket.first_tested for each in calibrations]),
        "ticket_eps": column([each.ticket.eps for each in calibrations]),
        "ticket_delta": column([each.ticket.delta for each in calibrations]),
        "clear_below": column([each.clear_below for each in calibrations]),
        "clear_eps": column([each.clear.eps for each in calibrations]),
        "clear_delta": column([each.clear.delta for each in calibrations]),
        "positives_limit": column([each.limit if each else None for each in positives]),
        "positives_beta": column([each.beta if each else None for each in positives]),
    }


def _digest(history: History) -> str:
    """Return a digest of the counts and of all that the decision knows of them."""
    known = history.evidence
    columns = (
        *(history.calibration, history.clean, history.event, history.unknown, history.band),
        *(known.score, known.width, known.venn_abers_width, known.certified_from),
        known.certified_floor,
        *(known.ticket_eps, known.ticket_delta, known.clear_below, known.clear_eps),
        *(known.clear_delta, known.positives_limit, known.positives_beta),
        *(known.calibration_n, known.calibration_n_positive),
    )
    sha = hashlib.sha256(f"{PROBABILITY.name} {history.days} {len(known)}".encode())
    for column in columns:
        sha.update(np.ascontiguousarray(column).tobytes())
    return sha.hexdigest()
