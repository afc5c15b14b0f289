"""Scores with outcomes: drawn ones, and the recorded pools and streams where they are at hand."""

import os
from pathlib import Path

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.score_grid import PROBABILITY

SEED = 20260310


def drawn(n: int, *, seed: int = SEED) -> tuple[FloatArray, IntArray]:
    """Return n uniform scores and outcomes that happen as often as the scores say."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(size=n)
    return scores, (rng.uniform(size=n) < scores).astype(np.int64)


def drawn_on_grid(n: int, *, seed: int = SEED) -> tuple[FloatArray, IntArray]:
    """Return the same with scores as the product stores them."""
    scores, outcomes = drawn(n, seed=seed)
    return PROBABILITY.quantise(scores)[1], outcomes


def pools() -> dict[str, tuple[FloatArray, IntArray]]:
    """Return the recorded pools by name; empty where they are not at hand."""
    return {name: (p, y.astype(np.int64)) for name, (p, y) in _recorded("pools.npz").items()}


def streams() -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return the recorded streams by name, in the order of time; empty where not at hand."""
    return {name: (p, y.astype(np.float64)) for name, (p, y) in _recorded("streams.npz").items()}


def _recorded(file: str) -> dict[str, tuple[FloatArray, FloatArray]]:
    path = Path(os.environ.get("WATCHFLOOR_DATA_DIR", "")) / "conformal_pools" / file
    if not path.is_file():
        return {}
    columns = np.load(path)
    names = [name.removeprefix("p_") for name in columns.files if name.startswith("p_")]
    return {name: (columns[f"p_{name}"], columns[f"y_{name}"]) for name in names}
