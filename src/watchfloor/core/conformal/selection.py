"""
Which predictions of a batch to look at first, with few of them false on average.

Unlike a certificate it speaks about the batch at hand, finds more, and promises less: single
batches may hold more false ones than asked.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.exact_shares import share_of
from watchfloor.core.conformal.outcomes import checked_pairs, checked_scores


@dataclass(frozen=True, slots=True)
class BatchSelection:
    """
    The shortlist of one batch.

    Args:
        selected: positions in the batch, surest first; ties in the order of the batch.
        p_values: how surprising each score would be for a clean one, in (0, 1], batch order.
        threshold: the lowest selected score; None when nothing is selected.
        eps: promised share of false ones, averaged over batches.
        n: known outcomes it was made from.
    """

    selected: tuple[int, ...]
    p_values: tuple[float, ...]
    threshold: float | None
    eps: float
    n: int


def batch_select(
    scores: npt.ArrayLike,
    *,
    known_scores: npt.ArrayLike,
    known_outcomes: npt.ArrayLike,
    eps: float,
) -> BatchSelection:
    """
    Select the scores of a batch among which, averaged over batches, at most eps are clean.

    The p-value of a score is (1 + number of clean known ones that score as high) / (n + 1);
    Benjamini and Hochberg's rule picks from them. Promise: batch and known outcomes come the
    same way. One batch may exceed eps; a prediction that stands in several batches voids it.
    Minimum: a batch of m needs n + 1 >= m / eps for one selected row; with fewer none is.

    Args:
        scores: probabilities in [0, 1] of the batch, shape (m,), any order.
        known_scores: probabilities whose outcomes are known, shape (n,).
        known_outcomes: 1 for an event, 0 for a clean one, shape (n,).
        eps: promised mean share of clean ones among the selected, in (0, 1).

    Raises:
        InvalidInput: a score, outcome or eps that does not fit; it is named.

    Source:
        Jin & Candes (2023), "Selection by Prediction with Conformal p-values", JMLR 24,
        Algorithm 1, with the clean known ones alone counted.

    >>> known = {"known_scores": [0.9] * 19 + [0.2] * 80, "known_outcomes": [1] * 19 + [0] * 80}
    >>> batch_select([0.95, 0.1, 0.9], eps=0.1, **known).selected
    (0, 2)
    """
    batch = checked_scores(scores)
    p, y = checked_pairs(known_scores, known_outcomes)
    exceeding = _clean_as_high(batch, np.sort(p[y == 0])) + 1
    order = np.argsort(-batch, kind="stable")
    n_selected = _benjamini_hochberg(exceeding[order], n=len(p), eps=eps)
    selected = order[:n_selected]
    return BatchSelection(
        selected=tuple(selected.tolist()),
        p_values=tuple((exceeding / (len(p) + 1)).tolist()),
        threshold=float(batch[selected[-1]]) if n_selected else None,
        eps=eps,
        n=len(p),
    )


def fewest_known(n_batch: int, *, eps: float) -> int:
    """
    Return how many known outcomes one selected row of a batch needs: n + 1 >= m / eps.

    Raises:
        InvalidInput: eps lies outside (0, 1).

    >>> fewest_known(3, eps=0.1), fewest_known(0, eps=0.1)
    (29, 0)
    """
    return max(0, math.ceil(n_batch / share_of(eps, field="eps")) - 1)


def _clean_as_high(batch: FloatArray, clean: FloatArray) -> IntArray:
    return (len(clean) - np.searchsorted(clean, batch, side="left")).astype(np.int64)


def _benjamini_hochberg(counts: IntArray, *, n: int, eps: float) -> int:
    """Return how many of the ascending p-values counts / (n + 1) are selected."""
    share, m = share_of(eps, field="eps"), len(counts)
    # Whole numbers: count / (n + 1) <= eps r / m must not hang on the last bit of a float.
    left, right = m * share.denominator, (n + 1) * share.numerator
    passed = [r for r, count in enumerate(counts.tolist(), 1) if count * left <= r * right]
    return passed[-1] if passed else 0
