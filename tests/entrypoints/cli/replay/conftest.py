"""The made-up orders as a data set, and the folder of the recorded ones."""

from pathlib import Path

import pytest
from django.conf import settings
from entrypoints.cli.replay.orders import write_orders

from watchfloor.entrypoints.cli.replay.catalogue import open_dataset
from watchfloor.entrypoints.cli.replay.protocol import Dataset


@pytest.fixture
def orders(tmp_path: Path) -> Dataset:
    """Forty days of repair orders, read anew from their table."""
    table, mapping = write_orders(tmp_path)
    return open_dataset(str(table), data_dir=None, mapping=mapping, units=None)


@pytest.fixture
def data_dir() -> Path:
    """
    The folder of the recorded data sets.

    Without the setting the tests that need it are skipped; with it, a set that is missing
    fails them.
    """
    if settings.ENV.data_dir is None:
        pytest.skip("WATCHFLOOR_DATA_DIR does not name the folder of the data sets")
    return settings.ENV.data_dir
