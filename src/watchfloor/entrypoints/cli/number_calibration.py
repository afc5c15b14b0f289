"""What `load_calibration_data` does for estimates of numbers: read a file, tell what came of it."""

import csv
import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from watchfloor.core.conformal.numeric import NumericCalibration
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints import clock
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.calibration.numeric_calibration import NumericCut, NumericRow
from watchfloor.ml.models import NumericCalibrationSet
from watchfloor.tenants.models import Tenant
from watchfloor.workflows.calibration_load import FileDoesNotFit, Misfit

LOG, CSV = "number_log", "number_csv"
SOURCES = (LOG, CSV)
NEEDED, OPTIONAL = ("estimate", "actual"), ("sigma", "group", "propensity")


def cut_of(tenant: Tenant, options: Mapping[str, Any]) -> NumericCut:
    """
    Fit what the options of the command name, and store nothing.

    Raises:
        InvalidInput: a file or a unit that does not fit.
        NotReady: too little is known.
    """
    if options["source"] == LOG:
        return numeric_calibration.cut_from_log(
            tenant=tenant,
            model_type=options["model_type"],
            version=options["model_version"],
            window=timedelta(days=options["days"]),
            now=clock.now(),
        )
    for name in ("file", "unit"):
        if not options[name]:
            raise InvalidInput(field=name, value=None, expected=f"--{name} with --source {CSV}")
    return numeric_calibration.cut_from_rows(read_file(options["file"]), unit=options["unit"])


def read_file(path: Path) -> list[NumericRow]:
    """
    Return the lines of a CSV file, oldest first as they stand.

    Raises:
        InvalidInput: no such file, or columns that are missing or unknown.
        FileDoesNotFit: values that do not fit, all of them, each with its line and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or []
            if not set(NEEDED) <= set(names) <= {*NEEDED, *OPTIONAL}:
                raise InvalidInput(
                    field="columns",
                    value=", ".join(names),
                    expected=f"{', '.join(NEEDED)} and, if they are there, {', '.join(OPTIONAL)}",
                )
            lines = [(reader.line_num, line) for line in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(field="file", value=str(path), expected="a readable file") from error
    misfits = [misfit for number, line in lines for misfit in _misfits(number, line)]
    grouped = [bool((line.get("group") or "").strip()) for _, line in lines]
    misfits += [
        Misfit(number, "group", "", "a unit, as on other lines of this file")
        for (number, _), has_group in zip(lines, grouped, strict=True)
        if any(grouped) and not has_group
    ]
    if misfits:
        raise FileDoesNotFit(misfits)
    return [_row(line) for _, line in lines]


def told(found: NumericCalibration) -> str:
    """Return in a line what a calibration certifies."""
    counted = f"n={found.n}" if found.n_groups is None else f"n={found.n} of {found.n_groups} units"
    widths = ", ".join(
        f"{level} % ± {half_width:.4g} {found.unit}"
        if math.isfinite(half_width)
        else f"{level} % not certifiable"
        for level, half_width in zip(LEVELS, found.absolute, strict=True)
    )
    return f"{counted} {widths}"


def listed(row: NumericCalibrationSet) -> str:
    """Return a stored set in a line."""
    counted = "" if row.n_groups is None else f" units={row.n_groups}"
    return (
        f"{row.model_type} {row.model_version}: n={row.n}{counted} unit={row.unit} "
        f"source={row.source} cut={row.created_at:%Y-%m-%dT%H:%MZ} {row.sha256[:12]}"
    )


def _misfits(number: int, line: Mapping[str, str | None]) -> list[Misfit]:
    found = []
    for name, (fits, expected) in _COLUMNS.items():
        text = (line.get(name) or "").strip()
        if (text or name in NEEDED) and not fits(text):
            found.append(Misfit(number, name, text, expected))
    return found


def _row(line: Mapping[str, str | None]) -> NumericRow:
    texts = {name: (value or "").strip() for name, value in line.items()}
    return NumericRow(
        outcome=float(texts["actual"]),
        estimate=float(texts["estimate"]),
        sigma=float(texts["sigma"]) if texts.get("sigma") else None,
        group=texts.get("group", ""),
        propensity=float(texts["propensity"]) if texts.get("propensity") else 1.0,
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


_COLUMNS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "estimate": (lambda text: math.isfinite(_number(text)), "a finite number"),
    "actual": (lambda text: math.isfinite(_number(text)), "a finite number"),
    "sigma": (lambda text: 0 <= _number(text) < math.inf, "a number from 0 on"),
    "propensity": (lambda text: 0 < _number(text) <= 1, "a number in (0, 1]"),
}
