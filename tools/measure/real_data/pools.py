"""Predictions and outcomes of real public sets: pools in random order, streams in time's."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.errors import NotFound
from watchfloor.core.score_grid import PROBABILITY

FOLDER = "conformal_pools"
EVENT_STREAMS = ("elec2", "neweather", "fraud_time")
NUMBER_STREAMS = {"weather_temp": "degrees F", "elec_price": "price"}


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """
    Rows that the model never saw.

    Args:
        name: set and model, such as `ai4i__rf`.
        scores: probabilities on the grid of scores, shape (n,).
        outcomes: 0 or 1, shape (n,).
    """

    name: str
    scores: FloatArray
    outcomes: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class NumberStream:
    """Estimates and outcomes in time order, in one unit, from a model that never learned more."""

    name: str
    unit: str
    estimates: FloatArray
    outcomes: FloatArray


def told_data_dir() -> Path:
    """Return the folder of the data sets that the environment names, or end the process."""
    told = os.environ.get("WATCHFLOOR_DATA_DIR")
    if not told:
        raise SystemExit("WATCHFLOOR_DATA_DIR does not name the folder of the data sets")
    return Path(told)


def read_pools(data_dir: Path) -> list[Pool]:
    """
    Return the pools, rows in random order.

    Raises:
        NotFound: the folder does not hold them.
    """
    with np.load(_file(data_dir, "pools.npz")) as stored:
        names = [name[2:] for name in stored.files if name.startswith("p_")]
        return [_pool(name, stored[f"p_{name}"], stored[f"y_{name}"]) for name in names]


def read_event_streams(data_dir: Path) -> list[Pool]:
    """
    Return the streams of probabilities, rows in time order.

    Raises:
        NotFound: the folder does not hold them.
    """
    with np.load(_file(data_dir, "streams.npz")) as stored:
        return [_pool(name, stored[f"p_{name}"], stored[f"y_{name}"]) for name in EVENT_STREAMS]


def read_number_streams(data_dir: Path) -> list[NumberStream]:
    """
    Return the streams of estimates, rows in time order.

    Raises:
        NotFound: the folder does not hold them.
    """
    with np.load(_file(data_dir, "streams.npz")) as stored:
        return [
            NumberStream(name, unit, stored[f"p_{name}"], stored[f"y_{name}"])
            for name, unit in NUMBER_STREAMS.items()
        ]


def _pool(name: str, scores: FloatArray, outcomes: IntArray) -> Pool:
    return Pool(name, PROBABILITY.quantise(scores)[1], outcomes.astype(np.int64))


def _file(data_dir: Path, name: str) -> Path:
    path = data_dir / FOLDER / name
    if not path.is_file():
        raise NotFound(f"{path} does not exist; the data directory does not hold this set")
    return path
