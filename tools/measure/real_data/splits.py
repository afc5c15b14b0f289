"""Coverage in random halves, overall and inside every score bin, with exact probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tools.measure.real_data.numbers import Estimates
from tools.measure.real_data.pools import Pool
from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.conformal.mondrian import bin_quantiles
from watchfloor.core.conformal.numeric_fit import Difficulty, fit_numeric_calibration
from watchfloor.core.conformal.probability_bins import bin_of, merged_edges
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of

ALL = "all"


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """
    One promise of one half, counted on the other half.

    Args:
        where: `all`, or the score from which a bin begins.
        level: in percent.
        n: scores that calibrated, m: scores that were counted; k: rank of the quantile.
        kept: counted scores at or below the quantile; strictly: those below it.
    """

    pool: str
    where: str
    level: int
    n: int
    m: int
    k: int
    kept: int
    strictly: int

    @property
    def coverage(self) -> float:
        """The share of outcomes inside."""
        return self.kept / self.m


def random_halves(n: int, rng: np.random.Generator) -> BoolArray:
    """Return which of n rows calibrate: half of them, any half as likely as another."""
    chosen = np.zeros(n, dtype=np.bool_)
    chosen[rng.permutation(n)[: n // 2]] = True
    return chosen


def checks_of_split(pool: Pool, rng: np.random.Generator) -> Iterator[SplitCheck]:
    """Yield what one random split of a pool says, for all rows and for each score bin."""
    first = random_halves(len(pool.scores), rng)
    residuals = np.abs(pool.scores - pool.outcomes)
    for level in LEVELS:
        found = outcome_abs(residuals[first], level=level_of(level))
        yield _check(pool.name, ALL, level, found.n, found.quantile, residuals[~first])
    edges = merged_edges(pool.scores[first])
    quantiles = bin_quantiles(pool.scores[first], pool.outcomes[first], edges=edges)
    where = bin_of(pool.scores, edges)
    for at, of_bin in enumerate(quantiles):
        n = int((first & (where == at)).sum())
        fresh = residuals[~first & (where == at)]
        label = f"from {edges[at - 1] if at else 0:g}"
        for level, quantile in zip(LEVELS, of_bin, strict=True):
            if np.isfinite(quantile) and len(fresh):
                yield _check(pool.name, label, level, n, quantile, fresh)


@dataclass(frozen=True, slots=True)
class HighCoverage:
    """Coverage among scores from 0.5 on, by level: one width for all, and by score bin."""

    rows: int
    plain: tuple[float, ...]
    binned: tuple[float, ...]


def high_score_coverage(pool: Pool, splits: int, rng: np.random.Generator) -> HighCoverage:
    """Return mean coverage among the high scores over random halves."""
    residuals, high = np.abs(pool.scores - pool.outcomes), pool.scores >= 0.5
    found = []
    for _ in range(splits):
        first = random_halves(len(high), rng)
        counted = high & ~first
        edges = merged_edges(pool.scores[first])
        in_bin = np.array(bin_quantiles(pool.scores[first], pool.outcomes[first], edges=edges))
        reach = in_bin[bin_of(pool.scores[counted], edges)]
        plain = [outcome_abs(residuals[first], level=level_of(each)).quantile for each in LEVELS]
        fresh = residuals[counted][:, None]
        found.append(((fresh <= np.array(plain)).mean(axis=0), (fresh <= reach).mean(axis=0)))
    plain_mean, binned_mean = np.mean(found, axis=0)
    return HighCoverage(int(high.sum()), tuple(plain_mean.tolist()), tuple(binned_mean.tolist()))


def number_checks(
    estimates: Estimates, edges: tuple[float, ...], rng: np.random.Generator
) -> Iterator[SplitCheck]:
    """
    Yield what one random split of estimates says, for all rows and for each range of sigma.

    Args:
        edges: borders of sigma, the same for both halves; without any the ranges are left out.
    """
    first = random_halves(len(estimates.outcomes), rng)
    known = fit_numeric_calibration(
        estimates.outcomes[first],
        estimates.estimates[first],
        unit=estimates.unit,
        known_difficulty=Difficulty(estimates.sigmas[first], floor=1e-6, edges=edges),
    )
    rest = ~first
    where = bin_of(estimates.sigmas[rest], edges)
    fresh = estimates.distances[rest]
    scaled = fresh / np.maximum(estimates.sigmas[rest], 1e-6)
    for at, level in enumerate(LEVELS):
        yield _check(estimates.name, ALL, level, known.n, known.absolute[at], fresh)
        yield _check(estimates.name, "normalised", level, known.n, known.normalised[at], scaled)
        for index, each in enumerate(known.bins):
            label = f"third {index + 1}" if edges else ALL
            if each.is_own:
                inside = fresh[where == index]
                yield _check(estimates.name, label, level, each.n, each.half_widths[at], inside)


def _check(
    pool: str, where: str, level: int, n: int, quantile: float, fresh: FloatArray
) -> SplitCheck:
    return SplitCheck(
        pool=pool,
        where=where,
        level=level,
        n=n,
        m=len(fresh),
        k=conformal_rank(n, level_of(level)),
        kept=int((fresh <= quantile).sum()),
        strictly=int((fresh < quantile).sum()),
    )


def p_values(checks: list[SplitCheck]) -> tuple[FloatArray, FloatArray]:
    """
    Return for each check how likely so few kept scores are, and how likely so many.

    In a random split any n of the n + m pooled scores calibrate as likely as others. At least x
    of the rest lie at or below the k-th smallest that calibrates just when fewer than k of the
    x + k - 1 smallest do, so the count is hypergeometric turned round: the beta-binomial of
    Vovk (2012). Equal scores only raise `kept` and lower `strictly`, so both stay bounds.

    >>> [low], [high] = p_values([SplitCheck("p", "all", 90, 9, 1, 9, kept=1, strictly=0)])
    >>> round(float(low), 9), round(float(high), 9)
    (1.0, 1.0)
    >>> [low], _ = p_values([SplitCheck("p", "all", 90, 9, 1, 9, kept=0, strictly=0)])
    >>> round(float(low), 9)
    0.1
    """
    n, m, k, kept, strictly = (
        np.array([getattr(check, name) for check in checks])
        for name in ("n", "m", "k", "kept", "strictly")
    )
    too_few = stats.hypergeom.sf(k - 1, n + m, n, kept + k)
    too_many = stats.hypergeom.cdf(k - 1, n + m, n, strictly + k - 1)
    return too_few, too_many
