"""The data sets that can be replayed: three by name, and any table through a mapping."""

from collections.abc import Callable, Mapping
from pathlib import Path

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints.cli.replay.csv_mapping import MappedTable
from watchfloor.entrypoints.cli.replay.db_elevators import DbElevators
from watchfloor.entrypoints.cli.replay.elec2 import Elec2
from watchfloor.entrypoints.cli.replay.itsm_incidents import ItsmIncidents
from watchfloor.entrypoints.cli.replay.mapping import read_mapping
from watchfloor.entrypoints.cli.replay.protocol import Dataset

NAMED: Mapping[str, Callable[..., Dataset]] = {
    "itsm_incidents": ItsmIncidents,
    "elec2": Elec2,
    "db_elevators": DbElevators,
}
TABLES = (".csv", ".parquet")


def open_dataset(
    name: str, *, data_dir: Path | None, mapping: Path | None, units: int | None
) -> Dataset:
    """
    Return a data set by name, or somebody's own table by its path and mapping.

    Raises:
        InvalidInput: no such set, no folder to look in, or a mapping that does not fit.
    """
    path = Path(name)
    if path.suffix.lower() in TABLES:
        if mapping is None:
            raise InvalidInput(
                field="--mapping", value=None, expected=f"the file that says what {path} holds"
            )
        return MappedTable(path, read_mapping(mapping, table=path), units=units)
    if name not in NAMED:
        raise InvalidInput(
            field="DATASET",
            value=name,
            expected=f"one of {', '.join(NAMED)}, or a .csv or .parquet file",
        )
    if data_dir is None:
        raise InvalidInput(
            field="--data-dir",
            value=None,
            expected="the folder of the data sets, here or in WATCHFLOOR_DATA_DIR",
        )
    return NAMED[name](data_dir, units=units)
