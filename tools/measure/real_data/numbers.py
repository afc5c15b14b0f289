"""Estimates of numbers on real sets: models fitted on the earlier rows, judged on the rest."""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import NotFound
from watchfloor.entrypoints.cli.replay.itsm_incidents import FIRST_MODEL_AT, ItsmIncidents
from watchfloor.entrypoints.cli.replay.tables import parquet_columns

SEED = 20260302
# Further than this from its failure an engine shows nothing, so "125 or more" is the outcome.
MOST_CYCLES = 125
BIKE_FEATURES = (
    *("season", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit"),
    *("temp", "atemp", "hum", "windspeed"),
)
ENGINE_SENSORS = tuple(f"s{i}" for i in (2, 3, 4, 7, 8, 9, 11, 12, 13, 14, 15, 17, 20, 21))
_PARAMETERS = {
    "objective": "regression",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "seed": SEED,
    "deterministic": True,
    "num_threads": 1,
    "verbose": -1,
}
_ROUNDS = 80


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """
    Rows the models never saw, in the order of the set.

    Args:
        unit: of outcome, estimate and sigma.
        groups: the unit (engine) of each row; None where rows stand alone.
    """

    name: str
    unit: str
    outcomes: FloatArray
    estimates: FloatArray
    sigmas: FloatArray
    groups: tuple[str, ...] | None = None

    @property
    def distances(self) -> FloatArray:
        """|outcome - estimate| of each row."""
        return np.abs(self.outcomes - self.estimates)


def bike_sharing(data_dir: Path) -> Estimates:
    """
    Return hourly rentals: models on the first 40 % of two years, which grow by 64 %.

    Raises:
        NotFound: the folder does not hold the set.
    """
    path = data_dir / "bike_sharing" / "hour.csv.gz"
    if not path.is_file():
        raise NotFound(f"{path} does not exist; the data directory does not hold this set")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    x = np.array([[float(row[name]) for name in BIKE_FEATURES] for row in rows])
    y = np.array([float(row["cnt"]) for row in rows])
    cut = len(y) * 2 // 5
    estimates, sigmas = _predict(x[:cut], y[:cut], x[cut:])
    return Estimates("bike_sharing", "rentals", y[cut:], estimates, sigmas)


def cmapss_fd001(data_dir: Path) -> Estimates:
    """
    Return cycles to failure of 60 engines run to their end: models on 40 other engines.

    Raises:
        NotFound: the folder does not hold the set.
    """
    columns = parquet_columns(
        data_dir / "cmapss_fd001" / "fd001.parquet",
        ("unit", "part", "cycle", "rul", *ENGINE_SENSORS),
    )
    whole = np.array([part == "train" for part in columns["part"]])
    units = np.array(columns["unit"])[whole]
    x = np.column_stack(
        [np.array(columns[name], dtype=np.float64)[whole] for name in ("cycle", *ENGINE_SENSORS)]
    )
    y = np.minimum(np.array(columns["rul"], dtype=np.float64)[whole], MOST_CYCLES)
    learned = np.isin(units, np.random.default_rng(SEED).permutation(np.unique(units))[:40])
    estimates, sigmas = _predict(x[learned], y[learned], x[~learned], groups=units[learned])
    named = tuple(f"engine {unit}" for unit in units[~learned].tolist())
    return Estimates("cmapss_fd001", "cycles", y[~learned], estimates, sigmas, named)


def itsm_incidents(data_dir: Path) -> Estimates:
    """
    Return hours to close of tickets opened after the first model could be trained.

    The model learns the logarithm: a tenth of the tickets stay open for weeks.

    Raises:
        NotFound: the folder does not hold the set.
    """
    recorded = ItsmIncidents(data_dir)
    closed = parquet_columns(
        data_dir / "itsm_incidents" / "incidents.parquet", ("number", "closed_at")
    )
    closed_at = dict(zip(closed["number"], closed["closed_at"], strict=True))
    events = list(recorded.events())
    opened = [event.occurred_at for event in events]
    ended = [_utc(closed_at[event.event_id]) for event in events]
    hours = np.array([(e - o).total_seconds() / 3600 for o, e in zip(opened, ended, strict=True)])
    x = _coded([event.features for event in events])
    known = np.array([end < FIRST_MODEL_AT for end in ended])
    later = np.array([at >= FIRST_MODEL_AT for at in opened])
    estimates, sigmas = _predict(x[known], np.log1p(hours[known]), x[later])
    in_hours = np.expm1(estimates)
    return Estimates("itsm_incidents", "h", hours[later], in_hours, sigmas * (in_hours + 1))


def _predict(
    x: FloatArray, y: FloatArray, fresh: FloatArray, *, groups: Any = None
) -> tuple[FloatArray, FloatArray]:
    """
    Return estimates and sigmas of fresh rows.

    One half of the rows, or of their groups, teaches the estimate and the other half how far
    off it is; taught on its own rows it would think itself better than it is.
    """
    keys = np.arange(len(y)) if groups is None else groups
    first = np.isin(keys, np.random.default_rng(SEED).permutation(np.unique(keys))[::2])
    half = _fit(x[first], y[first])
    off = _fit(x[~first], np.abs(y[~first] - half.predict(x[~first])))
    return _fit(x, y).predict(fresh), np.maximum(off.predict(fresh), 0.0)


def _fit(x: FloatArray, y: FloatArray) -> Any:
    import lightgbm

    return lightgbm.train(_PARAMETERS, lightgbm.Dataset(x, y), num_boost_round=_ROUNDS)


def _coded(features: Sequence[Any]) -> FloatArray:
    """Return features as numbers; words in the order of the alphabet, missing as NaN."""
    columns = []
    for name in features[0]:
        values = [each[name] for each in features]
        words = sorted({value for value in values if isinstance(value, str)})
        code = {word: float(at) for at, word in enumerate(words)}
        columns.append([code.get(v, v) if isinstance(v, str) else v for v in values])
    return np.array(columns, dtype=np.float64).T


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
