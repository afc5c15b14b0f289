"""The made-up orders as a data set."""

from pathlib import Path

import pytest
from entrypoints.cli.replay.orders import write_orders

from watchfloor.entrypoints.cli.replay.catalogue import open_dataset
from watchfloor.entrypoints.cli.replay.protocol import Dataset


@pytest.fixture
def orders(tmp_path: Path) -> Dataset:
    """Forty days of repair orders, read anew from their table."""
    table, mapping = write_orders(tmp_path)
    return open_dataset(str(table), data_dir=None, mapping=mapping, units=None)
