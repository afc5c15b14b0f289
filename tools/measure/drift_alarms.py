"""How often drift checks alarm without a reason, and how soon with one; beside the rule before."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.measure.drift import errors, moves, recorded
from tools.measure.drift.errors import Model
from tools.measure.drift.moves import Days, Nights
from tools.measure.page import Measured, Section
from watchfloor.core.arrays import FloatArray
from watchfloor.core.drift.performance import planned_delay_events
from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints.simulator.config import small

SEED = 20260302
DROPS = (0.05, 0.10, 0.20)
BASE = 0.06
VOLUMES = (100, 150, 300, 1000)
OTHER_BASES = (0.02, 0.10, 0.20)
CLUSTERED = Model(base=0.23, labels_per_day=900, daily_sd=0.14)
PER_WINDOW = (200, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Size:
    """
    How much is run.

    Args:
        years: of single errors; `clustered_years` of days, of which few make many alarms.
        years_of_moves: those of features, which take longest.
    """

    years: int
    clustered_years: int
    runs: int
    years_of_moves: int
    nights: int
    changes: int


FULL, QUICK = Size(60, 400, 600, 4, 300, 20), Size(3, 6, 20, 1, 20, 2)


def measure(*, quick: bool) -> Measured:
    """Run everything; recorded streams only where the environment names their folder."""
    size = QUICK if quick else FULL
    told = os.environ.get("WATCHFLOOR_DATA_DIR")
    data_dir = Path(told) if told else None
    rng = np.random.default_rng(SEED)
    return Measured(
        name="drift_alarms",
        title="False alarms of drift checks, and delays",
        what=(
            "What the checks of a model do in years in which nothing happens, and how long they "
            "take when something does. *Ours* is the code that runs at night. *Original* is the "
            "rule of the specification: a week's accuracy below 90 % of the baseline; any feature "
            "whose Kolmogorov-Smirnov p lies below 0.01, 30 to 60 days ago against a week."
        ),
        how=(
            f"Each year has its own baseline of {errors.BASELINE_DAYS} days "
            f"({errors.CLUSTERED_BASELINE_DAYS} where days differ). A drop begins after three "
            "weeks of service, and delays count from its first outcome in hours of arriving "
            "labels: what labels take to come is added. Alarms of many streams are found side by "
            "side; the false ones, and a hundredth of the others, are confirmed by the product's "
            "monitor, which must alarm at the same outcome."
        ),
        n=f"{size.years} model-years ({size.clustered_years} where days differ) and {size.runs} "
        f"drops a cell; {size.years_of_moves} years of features a stream",
        seed=str(SEED),
        versions=f"NumPy {np.__version__}",
        sections=[
            _independent(size, rng),
            _planning(size, rng),
            _clustered(size, data_dir, rng),
            _features(size, data_dir, rng),
            _changes(size, rng),
            _stable(size, rng),
        ],
    )


def _independent(size: Size, rng: np.random.Generator) -> Section:
    rows = []
    for volume in VOLUMES:
        model = Model(base=BASE, labels_per_day=volume)
        rows.append(_ours(f"ours, {volume:,} a day", model, size, rng, unit="h"))
        rows.append(_original(f"original, {volume:,} a day", model, size, rng, unit="h"))
        print(f"  {volume} a day", flush=True)
    return Section(
        f"Independent errors, {BASE:.0%} of them without drift",
        "Alarms a model-year without drift (in brackets: HIGH or CRITICAL), and hours to the "
        "alarm: median (nine of ten).",
        ("rule", "false alarms a year", *(f"{100 * drop:.0f} points" for drop in DROPS)),
        rows,
    )


def _years(model: Model, size: Size) -> int:
    return size.clustered_years if model.is_clustered else size.years


def _ours(
    name: str, model: Model, size: Size, rng: np.random.Generator, *, unit: str
) -> Sequence[str]:
    years = _years(model, size)
    alarms = errors.false_alarms(model, years=years, rng=rng)
    paging = sum(alarm.severity >= Severity.HIGH for alarm in alarms)
    n_days = 120 if model.is_clustered else 60
    delays = [
        errors.delay_hours(model, drop=drop, runs=size.runs, rng=rng, n_days=n_days)
        for drop in DROPS
    ]
    rate = f"{len(alarms) / years:.2f} ({paging / years:.2f})"
    return (name, rate, *(_delay(one, unit) for one in delays))


def _original(
    name: str, model: Model, size: Size, rng: np.random.Generator, *, unit: str
) -> Sequence[str]:
    years = _years(model, size)
    episodes = errors.original_episodes(model, years=years, rng=rng)
    delays = [
        errors.original_delay_hours(model, drop=drop, runs=size.runs, rng=rng) for drop in DROPS
    ]
    return (name, f"{episodes / years:.2f}", *(_delay(one, unit) for one in delays))


def _delay(hours: FloatArray, unit: str) -> str:
    each = hours / (24 if unit == "d" else 1)
    median, p90 = np.quantile(each, [0.5, 0.9], method="higher")
    if not np.isfinite(median):
        return f"not seen in {np.mean(~np.isfinite(each)):.0%}"
    worst = f"{p90:.1f}" if np.isfinite(p90) else "not seen"
    return f"{median:.1f} ({worst}) {unit}"


def _planning(size: Size, rng: np.random.Generator) -> Section:
    rows = []
    for base in (*OTHER_BASES, BASE):
        for drop in DROPS[1:]:
            model = Model(base=base, labels_per_day=300)
            seen = np.median(errors.delay_hours(model, drop=drop, runs=size.runs, rng=rng)) * 12.5
            planned = np.median(
                [planned_delay_events(model.monitor(rng), drop=drop)[0] for _ in range(20)]
            )
            drop_text = f"{100 * drop:.0f} points"
            rows.append(
                (f"{base:.0%}", drop_text, f"{planned:.0f}", f"{seen:.0f}", f"{seen / planned:.2f}")
            )
    return Section(
        "Against the plan that operators are shown",
        "Outcomes until half of the drops are alarmed, at 300 a day.",
        ("errors before", "drop", "planned", "seen", "ratio"),
        rows,
    )


def _clustered(size: Size, data_dir: Path | None, rng: np.random.Generator) -> Section:
    models = {"days drawn from a beta distribution, 23 % errors, sd 14 points": CLUSTERED}
    if data_dir is not None:
        daily = recorded.itsm_daily_errors(data_dir)
        mean = float(np.mean(daily))
        models[f"days of itsm_incidents, {mean:.0%} errors"] = Model(
            base=mean, labels_per_day=260, recorded=daily
        )
    rows = []
    for name, model in models.items():
        rows.append(_ours(f"ours; {name}", model, size, rng, unit="d"))
        rows.append(_original(f"original; {name}", model, size, rng, unit="d"))
        print(f"  {name}", flush=True)
    return Section(
        "Errors that come in clusters",
        "As above, in days: whole days of errors are drawn, so that a day's errors share its luck.",
        ("rule and days", "false alarms a year", *(f"{100 * drop:.0f} points" for drop in DROPS)),
        rows,
    )


def _features(size: Size, data_dir: Path | None, rng: np.random.Generator) -> Section:
    n_days = moves.NEEDED + errors.DAYS - 1
    found: dict[str, list[tuple[Nights, Nights]]] = {}
    for name, years in _quiet_years(size, data_dir, n_days, rng).items():
        found[name] = [(moves.ours(one, rng=rng), moves.original(one)) for one in years]
        print(f"  {name}", flush=True)
    return Section(
        "Features without drift",
        "A model-year of nights: nights with an alarm / episodes; for ours also episodes that were "
        "MEDIUM at some time. Recorded days are drawn whole, each for a day of its own weekday.",
        ("stream", "years", "ours", "of them MEDIUM", "original"),
        [_feature_row(name, pairs) for name, pairs in found.items()],
    )


def _quiet_years(
    size: Size, data_dir: Path | None, n_days: int, rng: np.random.Generator
) -> Mapping[str, list[Days]]:
    kinds = {
        "A: independent, 8 features, 165 a day": {"n_features": 8, "events": 165},
        "B: weekdays differ, 12 features, 900 a day": {
            "n_features": 12,
            "events": 900,
            "by_weekday": 0.5,
        },
        "C: each day has its own luck, 12 features, 900 a day": {
            "n_features": 12,
            "events": 900,
            "shock": 0.5,
        },
    }
    years = {
        name: [moves.drawn_days(n_days, rng=rng, **kind) for _ in range(size.years_of_moves)]  # type: ignore[arg-type]
        for name, kind in kinds.items()
    }
    years["simulated guards, D0"] = [recorded.simulated_days(small(SEED), n_days=n_days)]
    if data_dir is not None:
        for name, days in {
            "bike_sharing, days drawn anew": recorded.bike_days(data_dir),
            "itsm_incidents, days drawn anew": recorded.itsm_days(data_dir),
        }.items():
            years[name] = [days.resampled(n_days, rng) for _ in range(size.years_of_moves)]
    return years


def _feature_row(name: str, pairs: Sequence[tuple[Nights, Nights]]) -> Sequence[str]:
    n = len(pairs)
    ours, before = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return (
        name,
        str(n),
        _a_year(ours),
        f"{sum(one.medium for one in ours) / n:.2f}",
        _a_year(before),
    )


def _a_year(nights: Sequence[Nights]) -> str:
    n = len(nights)
    alarmed = sum(one.alarm_nights for one in nights) / n
    return f"{alarmed:.1f} / {sum(one.episodes for one in nights) / n:.2f}"


def _changes(size: Size, rng: np.random.Generator) -> Section:
    n_days, at = 120, 90
    rows = []
    for shift, words in ((0.65, "0.25"), (1.0, "0.38")):
        found = []
        for _ in range(size.changes):
            days = moves.drawn_days(
                n_days, n_features=8, events=165, rng=rng, shift=shift, shifted_from=at
            )
            found.append((moves.ours(days, rng=rng).first, moves.original(days).first))
        rows.append(
            (
                f"a move of D = {words}",
                *(_nights_after(each, at) for each in zip(*found, strict=True)),
            )
        )
    updated = recorded.simulated_days(small(SEED), n_days=n_days, updated=True)
    pair = ((moves.ours(updated, rng=rng).first,), (moves.original(updated).first,))
    rows.append(("simulated guards, D1", *(_nights_after(each, at) for each in pair)))
    return Section(
        "Features that change",
        "Nights from the change to the first alarm, median; what alarmed before the change is "
        "said so.",
        ("change", "ours", "original"),
        rows,
    )


def _nights_after(firsts: Sequence[int | None], at: int) -> str:
    nights = [np.inf if first is None else first - at for first in firsts]
    early = sum(night <= 0 for night in nights)
    late = [night for night in nights if night > 0]
    median = f"{np.median(late):.0f}" if late else "-"
    return f"{median}; {early} of {len(nights)} alarmed before" if early else median


def _stable(size: Size, rng: np.random.Generator) -> Section:
    rows = []
    for n in PER_WINDOW:
        ours = before = 0
        for _ in range(size.nights):
            found = moves.night(moves.same_law(n, rng=rng), moves.NEEDED, rng=rng)
            ours += any(move.drifted for move in found)
            before += any(move.raw_p_value < moves.ORIGINAL_LEVEL for move in found)
        rows.append((f"{n:,}", f"{ours / size.nights:.3f}", f"{before / size.nights:.3f}"))
    return Section(
        "The same law on both sides, whatever the volume",
        f"Share of {size.nights} nights on which any of 8 features is said to have moved, by "
        "events of the week. Events of a day share a little luck (0.05 standard deviations).",
        ("events a week", "ours", "original"),
        rows,
    )
