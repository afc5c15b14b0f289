"""What the page says of predictions of events: coverage, certificates, selection, shift."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tools.measure.figures import percent
from tools.measure.page import Section
from tools.measure.real_data.pools import Pool
from tools.measure.real_data.promises import (
    DELTA,
    Kept,
    clear_promise,
    ticket_promise,
    upper_bound,
)
from tools.measure.real_data.selection import selected_batches, two_sided
from tools.measure.real_data.shift import under_shift, under_verification_bias
from tools.measure.real_data.splits import (
    ALL,
    SplitCheck,
    checks_of_split,
    high_score_coverage,
    p_values,
)
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.quantile import LEVELS

ALPHA = 0.01
TICKET_EPS = (0.05, 0.1, 0.2)
CLEAR_EPS = (0.01, 0.02, 0.05)
SHIFTED = ("campaign__lgbm", "magic_gamma__lgbm")


@dataclass(frozen=True, slots=True)
class Draws:
    """How many of each kind are drawn."""

    splits: int
    certificates: int
    batches: int
    shifts: int


def coverage_sections(
    pools: Sequence[Pool], draws: Draws, rng: np.random.Generator
) -> list[Section]:
    """Return coverage in random halves, overall and inside every score bin."""
    checks = {
        pool.name: [c for _ in range(draws.splits) for c in checks_of_split(pool, rng)]
        for pool in pools
    }
    n_checks = sum(map(len, checks.values()))
    high = {pool.name: high_score_coverage(pool, draws.splits, rng) for pool in pools}
    return [
        Section(
            "Coverage in random halves",
            f"{draws.splits} random halves of each pool: one half calibrates, the other is "
            f"counted. Mean coverage, `outcome_abs`. *Refused*: of {n_checks:,} checks, these "
            "and those of the next table, each with two tails, the ones whose exact probability "
            f"is below {ALPHA} after Bonferroni.",
            ("pool", "rows", "events", *(f"{level} %" for level in LEVELS), "refused"),
            [_overall(pool, checks[pool.name], n_checks) for pool in pools],
        ),
        Section(
            "Inside every score bin",
            "The same halves, with the intervals of each score bin (Mondrian). *Lowest* and "
            "*highest* are means over the halves of one bin; a bin counts where it could "
            "promise the level in half of them.",
            (
                *("pool", "bins"),
                *(f"{end} at {level} %" for level in LEVELS for end in ("lowest", "highest")),
                "refused",
            ),
            [_in_bins(pool.name, checks[pool.name], n_checks, draws.splits) for pool in pools],
        ),
        Section(
            "Among high scores",
            "Coverage among scores from 0.5 on, over the same number of halves: what one width "
            "for all does there, and what score bins do.",
            (
                "pool",
                "high rows",
                *(f"{kind}, {level} %" for kind in ("one width", "bins") for level in LEVELS),
            ),
            [
                (name, f"{found.rows:,}", *map(_share, found.plain + found.binned))
                for name, found in high.items()
            ],
        ),
    ]


def _overall(pool: Pool, checks: list[SplitCheck], n_checks: int) -> tuple[str, ...]:
    means = [
        np.mean([c.coverage for c in checks if c.where == ALL and c.level == level])
        for level in LEVELS
    ]
    overall = [c for c in checks if c.where == ALL]
    return (
        pool.name,
        f"{len(pool.scores):,}",
        percent(float(pool.outcomes.mean())),
        *(_share(float(mean)) for mean in means),
        str(refused(overall, n_checks)),
    )


def _in_bins(name: str, checks: list[SplitCheck], n_checks: int, splits: int) -> tuple[str, ...]:
    inside = [c for c in checks if c.where != ALL]
    cells = []
    for level in LEVELS:
        by_bin: dict[str, list[float]] = {}
        for check in inside:
            if check.level == level:
                by_bin.setdefault(check.where, []).append(check.coverage)
        means = [np.mean(each) for each in by_bin.values() if len(each) >= splits / 2]
        cells += [_share(min(means)), _share(max(means))] if means else ["-", "-"]
    n_bins = len({check.where for check in inside})
    return (name, str(n_bins), *cells, str(refused(inside, n_checks)))


def refused(checks: list[SplitCheck], n_checks: int) -> int:
    """Return how many checks chance cannot explain, of so many that are made."""
    if not checks:
        return 0
    too_few, too_many = p_values(checks)
    return int((np.minimum(too_few, too_many) < ALPHA / (2 * n_checks)).sum())


def certificate_sections(
    pools: Sequence[Pool], draws: Draws, rng: np.random.Generator
) -> list[Section]:
    """Return how often certificates of tickets and of clearing break their promise."""
    words = (
        f"{draws.certificates} calibrations a row, each as large as the pool and drawn from it "
        f"with replacement, so that the pool is the truth; delta = {DELTA}. *Broken*: the "
        "false share over the whole pool is above eps. *At most*: exact upper 99 % bound of "
        "that chance. Shares are means over draws; a draw that certifies nothing counts as none "
        "of the events and of the rows, and has no false share."
    )
    return [
        _promise_section(
            "Automatic tickets", words, pools, TICKET_EPS, ticket_promise, draws, rng, "recall"
        ),
        _promise_section(
            "Automatic clearing",
            words,
            pools,
            CLEAR_EPS,
            clear_promise,
            draws,
            rng,
            "events hidden",
        ),
    ]


def _promise_section(
    heading: str,
    words: str,
    pools: Sequence[Pool],
    promises: Sequence[float],
    promise: Callable[..., Kept],
    draws: Draws,
    rng: np.random.Generator,
    of_events: str,
) -> Section:
    rows: list[tuple[str, ...]] = []
    for eps in promises:
        kept = [promise(pool, eps=eps, draws=draws.certificates, rng=rng) for pool in pools]
        rows += [_kept(each) for each in kept]
        rows.append(
            (
                f"**all, eps {percent(eps)}**",
                "",
                f"worst {max(each.broken for each in kept)}",
                "",
                "",
                percent(float(np.mean([each.recall for each in kept]))),
                percent(float(np.mean([each.share for each in kept]))),
                "",
            )
        )
    head = (
        *("pool", "eps", "broken", "at most", "certified anything"),
        *(of_events, "share of rows", "false share"),
    )
    return Section(heading, words, head, rows)


def _kept(each: Kept) -> tuple[str, ...]:
    return (
        each.pool,
        percent(each.eps),
        f"{each.broken} of {each.draws}",
        percent(upper_bound(each.broken, each.draws)),
        percent(each.certified / each.draws),
        percent(each.recall),
        percent(each.share),
        "-" if each.false_share is None else percent(each.false_share),
    )


def automation_section(pools: Sequence[Pool], draws: Draws, rng: np.random.Generator) -> Section:
    """Return the share of all rows handled without a person, by the two promises."""
    rows = []
    for pool in pools:
        found = [two_sided(pool, eps_clear=eps, draws=draws.shifts, rng=rng) for eps in CLEAR_EPS]
        rows.append(
            (
                pool.name,
                *(percent(each.share) for each in found),
                *(percent(each.hidden) for each in found),
                percent(found[0].share_with_beta),
                percent(found[0].hidden_with_beta),
            )
        )
    return Section(
        "Both sides at once",
        f"Tickets at eps = 10 % and clearing at the named eps, delta = {DELTA} each; means over "
        f"{draws.shifts} calibrations drawn with replacement. *With beta*: clearing at eps = 1 % "
        "that must also hide at most 5 % of all events (`control_positives_cleared`).",
        (
            "pool",
            *(f"automated, clear eps {percent(eps)}" for eps in CLEAR_EPS),
            *(f"events hidden, {percent(eps)}" for eps in CLEAR_EPS),
            "automated, with beta",
            "events hidden, with beta",
        ),
        rows,
    )


def selection_section(pools: Sequence[Pool], draws: Draws, rng: np.random.Generator) -> Section:
    """Return what shortlists of batches hold."""
    rows = []
    for eps in TICKET_EPS:
        found = [selected_batches(pool, eps=eps, draws=draws.batches, rng=rng) for pool in pools]
        rows += [
            (
                each.pool,
                percent(eps),
                f"{percent(each.false_share)} ± {percent(4 * each.error)}",
                percent(each.above),
                percent(each.recall),
            )
            for each in found
        ]
    return Section(
        "Shortlists of a batch",
        f"{draws.batches} batches of 200 rows against 2,000 known ones. *Mean false share* is "
        "what is promised, with four standard errors; single batches above eps are not excluded.",
        ("pool", "eps", "mean false share", "batches above eps", "recall"),
        rows,
    )


def shift_section(pools: Sequence[Pool], draws: Draws, rng: np.random.Generator) -> Section:
    """Return coverage where predictions come otherwise than the calibration came."""
    rows = []
    for pool in pools:
        if pool.name in SHIFTED:
            found = [under_shift(pool, rng) for _ in range(draws.shifts)]
            n_eff = float(np.mean([each.n_eff for each in found]))
            for kind in ("plain", "exact", "learned"):
                means = np.mean([getattr(each, kind) for each in found], axis=0)
                shown = "-" if kind == "plain" else f"{n_eff:,.0f}"
                rows.append((pool.name, _WEIGHTS[kind], *map(_share, means), shown))
    return Section(
        "Under covariate shift",
        f"Rows to predict come in proportion to exp(5 min(score, 1 - score)); {draws.shifts} "
        "draws. The classifier tells calibration and later rows apart by score and its square.",
        ("pool", "weights", *(f"{level} %" for level in LEVELS), "effective rows"),
        rows,
    )


_WEIGHTS = {"plain": "none", "exact": "the true ones", "learned": "of a classifier"}


def bias_section(pools: Sequence[Pool], draws: Draws, rng: np.random.Generator) -> Section:
    """Return coverage of all rows where low scores were seen by a random sample alone."""
    rows = []
    for pool in pools:
        found = [under_verification_bias(pool, rng) for _ in range(draws.shifts)]
        means: list[FloatArray] = [
            np.mean([getattr(each, kind) for each in found], axis=0)
            for kind in ("plain", "weighted", "infinite")
        ]
        rows.append(
            (
                pool.name,
                f"{np.mean([each.n_seen for each in found]):,.0f}",
                f"{np.mean([each.n_eff for each in found]):,.0f}",
                *map(_share, means[0]),
                *map(_share, means[1]),
                percent(float(means[2][2])),
            )
        )
    return Section(
        "Under verification bias",
        "Scores from 0.3 on are all looked at, below it 2 % at random; counted on all rows of "
        f"the other half, {draws.shifts} draws. Weights are the inverse propensity. Fewer than "
        "100 effective rows promise nothing, and such an interval contains everything.",
        (
            *("pool", "rows seen", "effective"),
            *(f"counted alike, {level} %" for level in LEVELS),
            *(f"weighted, {level} %" for level in LEVELS),
            "whole range at 99 %",
        ),
        rows,
    )


def _share(value: float) -> str:
    return f"{value:.3f}"
