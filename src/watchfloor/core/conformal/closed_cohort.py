"""
How old a prediction must be before its outcome is as good as known, whatever the outcome is.

Outcomes come late and not evenly: what is dismissed is known in a day, what is confirmed in a
month. Among young predictions the known outcomes are those that come quickly. A set is cut from
predictions old enough that the slow outcomes have come too.
"""

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput


def closed_age(
    delays: npt.ArrayLike, ages: npt.ArrayLike, outcomes: npt.ArrayLike, *, share: float
) -> float | None:
    """
    Return the age at which a share of the outcomes is known, of events and of clean ones alike.

    It is the larger of the two kinds' delay quantiles: where one event comes with fifty clean
    ones, the quantile of all delays would say nothing about the events.

    Args:
        delays: from the prediction to its known outcome, shape (n,), in any unit, from 0.
        ages: of the same predictions now, shape (n,), same unit, none below its delay.
        outcomes: 1 for an event, 0 for a clean one, shape (n,).
        share: in (0, 1], such as 0.99.

    Returns:
        An age in the unit of the delays; None without outcomes. What takes longer than the
        oldest prediction is old cannot be seen: of a young stream it says too little.

    Raises:
        InvalidInput: unequal lengths, a delay below 0 or above its age, another outcome or share.

    >>> closed_age([1, 1, 2, 9], [20, 20, 20, 20], [0, 0, 0, 1], share=0.99)
    9.0
    """
    d, a, y = (np.asarray(each, dtype=np.float64) for each in (delays, ages, outcomes))
    _refuse_misfits(d, a, y, share)
    found = [delay_quantile(d[y == kind], a[y == kind], share=share) for kind in (0.0, 1.0)]
    return max((each for each in found if each is not None), default=None)


def delay_quantile(delays: FloatArray, ages: FloatArray, *, share: float) -> float | None:
    """
    Return the quantile of label delays, though only those shorter than their age were seen.

    Known delays alone are biased short: a slow label of a young prediction is not there. Going
    down from the longest, each delay u is set against the predictions that could have shown it:
    F(d) is the product over u > d of 1 - #{D = u} / #{D <= u <= A}.

    Args:
        delays: shape (n,), each at most its age.
        ages: shape (n,), same unit.
        share: in (0, 1].

    Returns:
        The smallest seen delay d with F(d) >= share; None without rows.

    Source:
        Lynden-Bell (1971), Monthly Notices of the RAS 155, 95-118, the product limit for
        truncated data; Woodroofe (1985), Annals of Statistics 13, 163-177.

    >>> quick, slow = [1.0] * 90, [8.0] * 5
    >>> age = np.array([5.0] * 45 + [20.0] * 45 + [20.0] * 5)
    >>> delay_quantile(np.array(quick + slow), age, share=0.93)
    8.0
    """
    if not len(delays):
        return None
    u, seen = np.unique(delays, return_counts=True)
    could_show = np.searchsorted(np.sort(delays), u, side="right") - np.searchsorted(
        np.sort(ages), u, side="left"
    )
    stays = 1.0 - seen / could_show
    distribution = np.append(np.cumprod(stays[::-1])[::-1][1:], 1.0)
    # A product of a thousand factors is off by as many roundings; a share that is met is met.
    at = int(np.searchsorted(distribution, share * (1 - 1e-12)))
    return float(u[min(at, len(u) - 1)])


def _refuse_misfits(d: FloatArray, a: FloatArray, y: FloatArray, share: float) -> None:
    if d.ndim != 1 or not d.shape == a.shape == y.shape:
        raise InvalidInput(
            field="delays", value=(d.shape, a.shape, y.shape), expected="three equal lengths"
        )
    if not ((d >= 0) & (d <= a)).all():
        first = int(np.argmin((d >= 0) & (d <= a)))
        raise InvalidInput(
            field=f"delays[{first}]", value=float(d[first]), expected="from 0 to the age"
        )
    if not np.isin(y, (0.0, 1.0)).all():
        raise InvalidInput(field="outcomes", value=y.tolist(), expected="0 or 1")
    if not 0 < share <= 1:
        raise InvalidInput(field="share", value=share, expected="a number in (0, 1]")
