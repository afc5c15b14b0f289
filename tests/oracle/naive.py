"""Slow, obvious, independent versions of what the core computes fast."""

from fractions import Fraction
from itertools import product
from math import comb, inf

from scipy import optimize, stats


def quantile(scores, level):
    """The smallest score with at least (n + 1) level scores at or below it, counted exactly."""
    needed = Fraction(len(scores) + 1) * level
    for score in sorted(scores):
        if sum(other <= score for other in scores) >= needed:
            return float(score)
    return inf


def weighted_quantile(scores, weights, *, level, test_weight):
    """The smallest score whose rows up to it carry the level's share, in exact fractions."""
    exact = [Fraction(weight) for weight in weights]
    needed = level * (sum(exact) + Fraction(test_weight))
    for score in sorted(scores):
        carried = sum((w for s, w in zip(scores, exact) if s <= score), Fraction(0))
        if carried >= needed:
            return float(score)
    return inf


def pac_rank(n, level, delta):
    """The smallest rank whose binomial tail, summed in whole fractions, stays within delta."""
    tail, fitting = Fraction(0), n + 1
    for k in range(n, 0, -1):
        tail += comb(n, k) * level**k * (1 - level) ** (n - k)
        if tail > delta:
            break
        fitting = k
    return fitting


def grouped_quantile(scores, groups, *, level):
    """Each unit carries one, split evenly over its rows; the new unit's is kept at infinity."""
    units = sorted(set(groups))
    for score in sorted(scores):
        carried = sum(
            Fraction(
                sum(s <= score for s, g in zip(scores, groups) if g == unit), groups.count(unit)
            )
            for unit in units
        )
        if carried >= level * (len(units) + 1):
            return float(score)
    return inf


def batch_selected(scores, *, known_scores, known_outcomes, eps):
    """Benjamini and Hochberg by the definition, on conformal p-values in exact fractions."""
    n, m = len(known_scores), len(scores)
    p_values = [
        Fraction(
            1 + sum(y == 0 and known >= p for known, y in zip(known_scores, known_outcomes)), n + 1
        )
        for p in scores
    ]
    for r in range(m, 0, -1):
        below = [j for j in range(m) if p_values[j] <= eps * Fraction(r, m)]
        if len(below) >= r:
            return set(below)
    return set()


def positives_limit(events, *, beta):
    """The highest event below which (events below + 1) / (events + 1) stays within beta."""
    fitting = [
        limit
        for limit in events
        if Fraction(sum(event < limit for event in events) + 1, len(events) + 1) <= beta
    ]
    return max(fitting, default=None)


def clopper_pearson(k, n, level):
    """Solve the two binomial tail equations that define the interval."""
    tail = float((1 - level) / 2)
    lower = 0.0 if k == 0 else _root(lambda rate: stats.binom.sf(k - 1, n, rate) - tail)
    upper = 1.0 if k == n else _root(lambda rate: stats.binom.cdf(k, n, rate) - tail)
    return lower, upper


def _root(function):
    return optimize.brentq(function, 1e-15, 1 - 1e-15, xtol=1e-15, rtol=1e-14)


def certified_walk(scores, outcomes, *, eps, delta, ranks):
    """Walk down the given ranks, each with its whole tie block; stop at the first refusal."""
    ordered = sorted(zip(scores, outcomes), key=lambda row: -row[0])
    passed = None
    for rank in ranks:
        threshold = ordered[rank - 1][0]
        taken = [outcome for score, outcome in ordered if score >= threshold]
        false = sum(outcome == 0 for outcome in taken)
        if stats.binom.cdf(false, len(taken), eps) > delta:
            break
        passed = (threshold, len(taken), false)
    return passed


def empirical_coverage(bounds, scores, outcomes):
    """The share of outcomes inside their bounds, one by one."""
    inside = [low <= y <= high for y, (low, high) in zip(outcomes, map(bounds, scores))]
    return sum(inside) / len(inside)


def venn_abers(scores, outcomes, score):
    """Add the score once as clean and once as an event; each time the isotonic value there."""
    return tuple(
        _isotonic_at(score, sorted([*zip(scores, outcomes), (score, label)])) for label in (0, 1)
    )


def _isotonic_at(score, rows):
    """The highest of the lowest means of all runs of scores around one, in exact fractions."""
    distinct = sorted({at for at, _ in rows})
    here = distinct.index(score)
    return float(
        max(
            min(_mean(rows, distinct[a], distinct[b]) for b in range(here, len(distinct)))
            for a in range(here + 1)
        )
    )


def _mean(rows, low, high):
    taken = [outcome for at, outcome in rows if low <= at <= high]
    return Fraction(sum(taken), len(taken))


def coverage_by_group(predictions, level):
    """
    Count inside, known and unknown for each group, one prediction after the other.

    A prediction is (group, calibration or None, score, outcome or None).
    """
    found = {}
    for group, calibration, score, outcome in predictions:
        counts = found.setdefault(group, {"n": 0, "covered": 0, "n_unlabelled": 0})
        if calibration is None:
            continue
        if outcome is None:
            counts["n_unlabelled"] += 1
            continue
        low, high = calibration.outcome_bounds(score, level)
        counts["n"] += 1
        counts["covered"] += low <= outcome <= high
    return found


def smoothed_p_value(seen, new, tie):
    """Count the stranger ones and the equal ones among all, the new one included."""
    everything = [*seen, new]
    stranger = sum(other > new for other in everything)
    equal = sum(other == new for other in everything)
    return (stranger + tie * equal) / len(everything)


def jumper_wealth(p_values, rate):
    """Follow every path of stakes that jumps, weigh it by its chance, and bet along it."""
    wealth = 0.0
    for path in product((-1, 0, 1), repeat=len(p_values)):
        chance, stake_before = 1.0, None
        made = 1.0
        for stake, p in zip(path, p_values, strict=True):
            stays = 1 - rate if stake == stake_before else 0.0
            chance *= 1 / 3 if stake_before is None else stays + rate / 3
            made *= 1 + stake * (p - 0.5)
            stake_before = stake
        wealth += chance * made
    return wealth


def truncated_quantile(pairs, *, share):
    """
    Smallest seen delay d with F(d) >= share, F by Lynden-Bell's product in exact fractions.

    Args:
        pairs: (delay, age), each delay at most its age.
    """
    seen = sorted({delay for delay, _ in pairs})
    for d in seen:
        held = Fraction(1)
        for u in (each for each in seen if each > d):
            could_show = sum(delay <= u <= age for delay, age in pairs)
            held *= 1 - Fraction(sum(delay == u for delay, _ in pairs), could_show)
        if held >= Fraction(str(share)):
            return float(d)
    raise AssertionError("the longest delay always has F = 1")
