"""What the page says of estimates of numbers: in random order, in time's order, by engine."""

from collections.abc import Sequence

import numpy as np

from tools.measure.page import Section
from tools.measure.real_data.engines import split_engines
from tools.measure.real_data.event_sections import refused
from tools.measure.real_data.numbers import Estimates
from tools.measure.real_data.pools import NumberStream, Pool
from tools.measure.real_data.splits import number_checks, random_halves
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.conformal.numeric import NumericKind
from watchfloor.core.conformal.numeric_fit import (
    Difficulty,
    fit_numeric_calibration,
    sigma_terciles,
)
from watchfloor.core.conformal.quantile import LEVELS, level_of

WINDOW, FIRST = 500, 1_000
KINDS = (NumericKind.ABSOLUTE, NumericKind.NORMALISED, NumericKind.MONDRIAN)


def random_order_section(
    sets: Sequence[Estimates], splits: int, rng: np.random.Generator
) -> Section:
    """Return coverage of numbers in random halves, overall and in the hardest third."""
    rows = []
    for each in sets:
        edges = sigma_terciles(each.sigmas)
        checks = [c for _ in range(splits) for c in number_checks(each, edges, rng)]
        wrong = refused(checks, len(checks))
        found = [_hardest_third(each, edges, rng) for _ in range(splits)]
        coverage, width = np.mean([f[0] for f in found], axis=0), np.mean([f[1] for f in found], 0)
        for at, kind in enumerate(KINDS):
            rows.append(
                (
                    each.name,
                    kind.value,
                    *(f"{value:.3f}" for value in coverage[at, 0]),
                    *(f"{value:.3f}" for value in coverage[at, 1]),
                    *(f"{value:.2f}" for value in width[at] / width[0]),
                    f"{wrong} of {len(checks)}" if at == 0 else "",
                )
            )
    return Section(
        "Numbers in random halves",
        f"{splits} random halves. *Hardest third*: rows with the largest sigma. *Width* is the "
        "mean over rows, as a ratio to one width for all. *Refused*: checks overall, in units of "
        "sigma and in each third, with two tails, that chance cannot explain (1 %, Bonferroni).",
        (
            *("set", "intervals"),
            *(f"{level} %" for level in LEVELS),
            *(f"hardest third, {level} %" for level in LEVELS),
            *(f"width, {level} %" for level in LEVELS),
            "refused",
        ),
        rows,
    )


def _hardest_third(
    each: Estimates, edges: tuple[float, ...], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return coverage (kind, overall or hardest third, level) and mean width (kind, level)."""
    first = random_halves(len(each.outcomes), rng)
    floor = 0.01 * float(np.median(each.sigmas))
    known = fit_numeric_calibration(
        each.outcomes[first],
        each.estimates[first],
        unit=each.unit,
        known_difficulty=Difficulty(each.sigmas[first], floor=floor, edges=edges),
    )
    sigmas, fresh = each.sigmas[~first], each.distances[~first]
    hard = sigmas >= edges[-1]
    by_bin = np.array([each_bin.half_widths for each_bin in known.bins])
    reach = {
        NumericKind.ABSOLUTE: np.tile(known.absolute, (len(fresh), 1)),
        NumericKind.NORMALISED: np.outer(np.maximum(sigmas, floor), known.normalised),
        NumericKind.MONDRIAN: by_bin[np.searchsorted(edges, sigmas, side="right")],
    }
    inside = [fresh[:, None] <= reach[kind] for kind in KINDS]
    return (
        np.array([[got.mean(axis=0), got[hard].mean(axis=0)] for got in inside]),
        np.array([2 * reach[kind].mean(axis=0) for kind in KINDS]),
    )


def in_time_section(
    events: Sequence[Pool], streams: Sequence[NumberStream], sets: Sequence[Estimates]
) -> Section:
    """Return what a calibration that is never renewed does on streams that drift."""
    distances = {each.name: np.abs(each.scores - each.outcomes) for each in events}
    distances |= {each.name: np.abs(each.outcomes - each.estimates) for each in streams}
    distances |= {each.name: each.distances for each in sets}
    rows = []
    for name, fresh in distances.items():
        cells = [f"{len(fresh) - FIRST:,}"]
        for level in LEVELS:
            reach = outcome_abs(fresh[:FIRST], level=level_of(level)).quantile
            inside = fresh[FIRST:] <= reach
            cells += [f"{inside.mean():.3f}", f"{_worst_window(inside):.3f}"]
        rows.append((name, *cells))
    return Section(
        "In the order of time, never renewed",
        f"Calibrated on the first {FIRST:,} rows, counted on all later ones. Nothing is promised "
        f"here: the world changed. *Worst* is the lowest share in any {WINDOW} rows that follow "
        "one another. What follows a stream: the live coverage monitor.",
        (
            *("stream", "rows"),
            *(f"{kind}{level} %" for level in LEVELS for kind in ("", "worst, ")),
        ),
        rows,
    )


def _worst_window(inside: FloatArray) -> float:
    so_far = np.concatenate([[0], np.cumsum(inside)])
    return float((so_far[WINDOW:] - so_far[:-WINDOW]).min() / WINDOW)


def engine_section(engines: Estimates, splits: int, rng: np.random.Generator) -> Section:
    """Return coverage of engines that were not seen, calibrated by engine and by row."""
    found = [split_engines(engines, rng) for _ in range(splits)]
    rows = []
    for at, level in enumerate(LEVELS):
        coverage = np.array([each.coverage[at] for each in found])
        by_row = np.array([each.by_row[at] for each in found])
        certifiable = level in found[0].certifiable
        rows.append(
            (
                f"{level} %",
                "yes" if certifiable else "no: not certifiable",
                f"{coverage.mean():.3f} ± {4 * coverage.std() / np.sqrt(splits):.3f}",
                f"{coverage.min():.3f}",
                f"{np.median([each.half_widths[at] for each in found]):.1f}"
                if certifiable
                else "infinite",
                f"{by_row.mean():.3f}",
            )
        )
    return Section(
        "Engines",
        f"{len(set(engines.groups or ()))} engines that the models never saw, {splits} random "
        "halves of them: cycles to failure, capped at 125. A promise counts engines: for a new "
        "engine and one of its rows at random. Mean over the engines of the share of their rows "
        "inside, with four standard errors; *lowest*: the worst of the halves.",
        ("level", "certifiable", "coverage", "lowest", "half-width, cycles", "had rows counted"),
        rows,
    )
