"""
What could be automated at other promises: the trade of false actions against coverage.

Looking at several promises and taking the best is several tests. Every point of a curve is
therefore certified with delta divided by the number of points (Bonferroni), so all of them
hold together with probability 1 - delta, whichever is chosen by looking. A certificate for a
promise that was fixed beforehand has the whole delta and reaches a little further.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchfloor.core.conformal.certified import Certificate, certify, certify_clear
from watchfloor.core.conformal.exact_shares import share_of
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.errors import InvalidInput

EPS_GRID = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""The promises of a curve for tickets, ascending; fixed before any outcome is seen."""

EPS_GRID_CLEAR = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
"""The promises of a curve for clearing, ascending."""


@dataclass(frozen=True, slots=True)
class EpsPoint:
    """
    What is certified at one promise.

    Args:
        eps: the promised share of false actions.
        threshold: last certified score; None where nothing is.
        n_certified: known outcomes in the certified region.
        false_certified: how many of them were false.
        share: n_certified / n, the share of all predictions that would act; 0 without rows.
        share_of_events: share of all events in the region: recall of tickets, or what
            clearing hides; None without events.
    """

    eps: float
    threshold: float | None
    n_certified: int
    false_certified: int
    share: float
    share_of_events: float | None


@dataclass(frozen=True, slots=True)
class EpsCurve:
    """
    What is certified at each promise of a grid, all points together with 1 - delta.

    Args:
        points: one a promise, eps ascending.
        delta: the chance that any point of the curve breaks its promise.
        delta_each: the share of it that each point had.
        n: known outcomes.
        n_positive: how many were events.
    """

    points: tuple[EpsPoint, ...]
    delta: float
    delta_each: float
    n: int
    n_positive: int

    @property
    def smallest_eps(self) -> float | None:
        """The smallest promise of the grid at which anything is certified; None without one."""
        return next((each.eps for each in self.points if each.threshold is not None), None)


def ticket_curve(
    scores: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    delta: float,
    grid: Sequence[float] = EPS_GRID,
) -> EpsCurve:
    """
    Return what automatic tickets could be certified at each promise of a grid.

    Promise: with probability 1 - delta every point holds, also the one that is chosen by
    looking at the curve. Minimum: ln(delta / points) / ln(1 - eps) faultless rows at the top
    for a point to certify anything.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), any order.
        outcomes: 1 for an event, 0 for a clean one, shape (n,).
        delta: chance that the curve as a whole fails, in (0, 1).
        grid: promises in (0, 1), ascending, chosen without looking at the outcomes.

    Raises:
        InvalidInput: a score, outcome, delta or promise that does not fit; it is named.

    >>> curve = ticket_curve([0.9] * 60 + [0.1] * 100, [1] * 60 + [0] * 100, delta=0.1)
    >>> curve.smallest_eps, curve.points[-1].share_of_events
    (0.1, 1.0)
    """
    p, y = checked_pairs(scores, outcomes)
    return _curve(p, y, certify, delta=delta, grid=grid, events_are_false=False)


def clear_curve(
    scores: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    delta: float,
    grid: Sequence[float] = EPS_GRID_CLEAR,
) -> EpsCurve:
    """
    Return what automatic clearing could be certified at each promise of a grid.

    Arguments, promise and errors are those of `ticket_curve`.

    >>> curve = clear_curve([0.9] * 60 + [0.1] * 500, [1] * 60 + [0] * 500, delta=0.1)
    >>> curve.smallest_eps, curve.points[-1].share_of_events
    (0.01, 0.0)
    """
    p, y = checked_pairs(scores, outcomes)
    return _curve(p, y, certify_clear, delta=delta, grid=grid, events_are_false=True)


def smallest_eps(scores: npt.ArrayLike, outcomes: npt.ArrayLike, *, delta: float) -> float | None:
    """
    Return the smallest promise of `EPS_GRID` at which any automatic ticket is certified.

    None where even a half false cannot be promised. The looking is paid for, as in a curve.

    >>> smallest_eps([0.9] * 60, [1] * 60, delta=0.1)
    0.1
    """
    return ticket_curve(scores, outcomes, delta=delta).smallest_eps


def smallest_eps_clear(
    scores: npt.ArrayLike, outcomes: npt.ArrayLike, *, delta: float
) -> float | None:
    """
    Return the smallest promise of `EPS_GRID_CLEAR` at which any clearing is certified.

    >>> smallest_eps_clear([0.1] * 60, [0] * 60, delta=0.1)
    0.1
    """
    return clear_curve(scores, outcomes, delta=delta).smallest_eps


def _curve(
    scores: npt.NDArray[np.float64],
    outcomes: npt.NDArray[np.int64],
    certifier: Callable[..., Certificate],
    *,
    delta: float,
    grid: Sequence[float],
    events_are_false: bool,
) -> EpsCurve:
    _refuse_wrong_grid(grid)
    share_of(delta, field="delta")
    n, n_positive, delta_each = len(scores), int(outcomes.sum()), delta / len(grid)
    found = [certifier(scores, outcomes, eps=eps, delta=delta_each) for eps in grid]
    return EpsCurve(
        points=tuple(
            _point(each, n_positive=n_positive, events_are_false=events_are_false) for each in found
        ),
        delta=delta,
        delta_each=delta_each,
        n=n,
        n_positive=n_positive,
    )


def _point(found: Certificate, *, n_positive: int, events_are_false: bool) -> EpsPoint:
    true = found.n_certified - found.false_certified
    events = found.false_certified if events_are_false else true
    return EpsPoint(
        eps=found.eps,
        threshold=found.threshold,
        n_certified=found.n_certified,
        false_certified=found.false_certified,
        share=found.n_certified / found.n if found.n else 0.0,
        share_of_events=events / n_positive if n_positive else None,
    )


def _refuse_wrong_grid(grid: Sequence[float]) -> None:
    for eps in grid:
        share_of(eps, field="grid")
    if not grid or list(grid) != sorted(set(grid)):
        raise InvalidInput(field="grid", value=list(grid), expected="ascending promises")
