"""
Everything a score needs to be acted on, fitted once and kept as one immutable blob.

A calibration belongs to one tenant, model version and definition of the outcome. It is fitted
on quantised scores whose outcomes are known, on rows the model was not trained on.

Rows that were only looked at by chance stand for many (`sampling`). What needs rows that are
all alike gets them: score bins and the Venn-Abers pair rows of equal chance within each bin, the
certificate for tickets the rows above every score at which a prediction had less than the best
chance, the certificate for clearing rows of equal chance over all scores. Error and event rate
weigh each row by the inverse of its propensity.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration_blob import FORMAT, FORMAT_1, Calibration, OutcomeBounds
from watchfloor.core.conformal.calibration_error import expected_calibration_error
from watchfloor.core.conformal.calibration_parts import CalibrationBin
from watchfloor.core.conformal.certified import certify, certify_clear
from watchfloor.core.conformal.eps_curve import EpsCurve, EpsPoint, clear_curve, ticket_curve
from watchfloor.core.conformal.marginal import outcome_abs, outcome_abs_pac
from watchfloor.core.conformal.mondrian import bin_quantiles
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.conformal.positives_cleared import control_positives_cleared
from watchfloor.core.conformal.probability_bins import bin_of, merged_edges, rate_interval
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.conformal.sampling import (
    Sampling,
    checked_sampling,
    equal_chance,
    evenly_seen_top,
)
from watchfloor.core.conformal.venn_abers import fit_venn_abers
from watchfloor.core.conformal.weighted import effective_n, weighted_quantiles

__all__ = [
    "FORMAT",
    "FORMAT_1",
    "Calibration",
    "CalibrationBin",
    "OutcomeBounds",
    "fit_calibration",
]


def fit_calibration(
    scores: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    eps_ticket: float,
    eps_clear: float,
    delta: float,
    beta_clear: float = 0.05,
    sampling: Sampling | None = None,
) -> Calibration:
    """
    Fit intervals and certificates to known outcomes.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), any order.
        outcomes: 1 for an event, 0 for a clean one, shape (n,); unknown ones stay out.
        eps_ticket: promised share of clean ones among automatic tickets, in (0, 1).
        eps_clear: promised share of events among automatically cleared ones, in (0, 1).
        delta: chance that a promise fails, for each certificate, in (0, 1).
        beta_clear: promised share of all events that clearing may hide, in (0, 1).
        sampling: how the rows came to be known; None for rows that were all looked at.

    Returns:
        A calibration; with too few rows it answers with the whole range and certifies nothing.

    Raises:
        InvalidInput: a score, outcome, share or sampling does not fit; it is named.

    >>> nothing_known = fit_calibration([], [], eps_ticket=0.1, eps_clear=0.01, delta=0.1)
    >>> nothing_known.interval(0.7).width, nothing_known.certified_from, nothing_known.pair(0.7)
    (1.0, None, (0.0, 1.0))
    """
    p, y = checked_pairs(scores, outcomes)
    how = checked_sampling(sampling, n=len(p))
    # The same rows in another order must give the same bytes, sums of floats included.
    order = np.lexsort((how.draws, how.propensities, y, p))
    p, y, how = p[order], y[order], how.part(order)
    # Bins are wide enough for the rows that will be left in them, as far as that is known yet.
    edges = merged_edges(p[equal_chance(how, bin_of(p, merged_edges(p)))])
    alike = equal_chance(how, bin_of(p, edges))
    seen = evenly_seen_top(p, how)
    evenly = equal_chance(how, np.zeros(len(p), dtype=np.int64)) & how.quiet_is_known
    n, n_positive, w = len(p), int(y.sum()), how.weights
    return Calibration(
        edges=edges,
        bins=_fit_bins(p[alike], y[alike], edges),
        ticket=certify(p[seen], y[seen], eps=eps_ticket, delta=delta),
        clear=certify_clear(p[evenly], y[evenly], eps=eps_clear, delta=delta),
        n=n,
        n_positive=n_positive,
        ece=expected_calibration_error(p, clean=(1 - y) * w, events=y * w),
        base_rate=float((y * w).sum() / w.sum()) if n else None,
        n_effective=effective_n(w),
        venn_abers=fit_venn_abers(p[alike], y[alike]),
        positives_cleared=control_positives_cleared(p[evenly], y[evenly], beta=beta_clear),
        tickets_at=_of_all(
            ticket_curve(p[seen], y[seen], delta=delta),
            each=float(w[seen].max(initial=1.0)),
            n=float(w.sum()),
            n_positive=float((y * w).sum()),
        ),
        clearing_at=clear_curve(p[evenly], y[evenly], delta=delta),
        marginal=_marginal(np.abs(p - y), w),
        marginal_pac=_marginal_pac(np.abs(p - y)[evenly], delta=delta),
    )


def _marginal(residuals: FloatArray, weights: FloatArray) -> tuple[float, ...]:
    """
    Return the half-widths at each level, rows weighed by how many predictions they stand for.

    The prediction to come may be one that stands for most of all. Equal weights are none, and
    then 9, 19, 99 rows promise what a hundred effective ones would have to.
    """
    if len(weights) and weights.min() == weights.max():
        return tuple(outcome_abs(residuals, level=level_of(each)).quantile for each in LEVELS)
    heaviest = float(weights.max(initial=1.0))
    found = weighted_quantiles(residuals, weights, test_weight=heaviest)
    return tuple(each.quantile for each in found)


def _marginal_pac(residuals: FloatArray, *, delta: float) -> tuple[float, ...]:
    return tuple(
        outcome_abs_pac(residuals, level=level_of(each), delta=delta).quantile for each in LEVELS
    )


def _of_all(curve: EpsCurve, *, each: float, n: float, n_positive: float) -> EpsCurve:
    """Return a curve of rows that stand for `each` predictions with shares of all of them."""

    def of_all(point: EpsPoint) -> EpsPoint:
        events = point.n_certified - point.false_certified
        return replace(
            point,
            share=each * point.n_certified / n if n else 0.0,
            share_of_events=each * events / n_positive if n_positive else None,
        )

    return replace(curve, points=tuple(of_all(point) for point in curve.points))


def _fit_bins(p: FloatArray, y: IntArray, edges: tuple[float, ...]) -> tuple[CalibrationBin, ...]:
    where = bin_of(p, edges)
    rows = np.bincount(where, minlength=len(edges) + 1).tolist()
    events = np.bincount(where[y == 1], minlength=len(edges) + 1).tolist()
    quantiles = bin_quantiles(p, y, edges=edges)
    return tuple(
        CalibrationBin(n=n, k=k, interval=rate_interval(k, n), quantiles=q)
        for n, k, q in zip(rows, events, quantiles, strict=True)
    )
