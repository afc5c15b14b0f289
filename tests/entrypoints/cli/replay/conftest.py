"""The made-up orders as a data set."""

from pathlib import Path

import pytest
from entrypoints.cli.replay.orders import write_orders

from watchfloor.entrypoints.cli.replay.catalogue import open_dataset
from watchfloor.entrypoints.cli.replay.protocol import Dataset


def _open(folder: Path) -> Dataset:
    table, mapping = write_orders(folder)
    return open_dataset(str(table), data_dir=None, mapping=mapping, units=None)


@pytest.fixture
def orders(tmp_path: Path) -> Dataset:
    """Forty days of repair orders, read anew from their table."""
    return _open(tmp_path)


@pytest.fixture(scope="session")
def standing_orders(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The same orders, for replays that several tests read."""
    return _open(tmp_path_factory.mktemp("orders"))
