"""`manage load_calibration_data`: the specification's command, durable and per tenant."""

import csv
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from watchfloor.core.errors import WatchfloorError
from watchfloor.entrypoints import clock
from watchfloor.ml import model_queries
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import calibration_load


class Command(BaseCommand):
    """Load a calibration set from the prediction log, the fraud log or a CSV file."""

    help = "Load calibration pairs (score, outcome) of one model version of one tenant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; names as the specification has them."""
        parser.add_argument("--tenant", required=True, help="Code of the tenant.")
        parser.add_argument("--model-type")
        parser.add_argument("--model-version")
        parser.add_argument("--source", choices=[*calibration_load.FROM_LOG, "csv"])
        parser.add_argument("--file", type=Path, help="CSV with columns prediction, actual.")
        parser.add_argument("--days", type=int, default=30)
        parser.add_argument("--min-samples", type=int, default=30)
        parser.add_argument("--list", action="store_true", help="List the stored sets.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load or list, and say what came of it."""
        try:
            tenant = directory.get_tenant(options["tenant"])
            if options["list"]:
                self._list(tenant)
            else:
                self._load(tenant, options)
        except WatchfloorError as error:
            raise CommandError(str(error)) from error

    def _list(self, tenant: Tenant) -> None:
        for row in model_queries.calibration_sets(tenant=tenant):
            self.stdout.write(
                f"{row.model_version.model_type} {row.model_version.version}: "
                f"n={row.n} events={row.n_positive} source={row.source} {row.sha256[:12]}"
            )

    def _load(self, tenant: Tenant, options: dict[str, Any]) -> None:
        for name in ("model_type", "model_version", "source"):
            if not options[name]:
                raise CommandError(f"--{name.replace('_', '-')} is needed")
        now = clock.now()
        if options["source"] == "csv":
            scores, outcomes = _read_csv(options["file"])
        else:
            scores, outcomes = calibration_load.pairs_from_log(
                tenant=tenant,
                source=options["source"],
                model_type=options["model_type"],
                version=options["model_version"],
                days=options["days"],
                now=now,
            )
        loaded = calibration_load.load(
            tenant=tenant,
            model_type=options["model_type"],
            version=options["model_version"],
            scores=scores,
            outcomes=outcomes,
            source=options["source"],
            min_samples=options["min_samples"],
            actor="cli:load_calibration_data",
            now=now,
        )
        self.stdout.write(f"n={loaded.n} events={loaded.n_positive} {loaded.sha256[:12]}")


def _read_csv(path: Path | None) -> tuple[Sequence[float], Sequence[float]]:
    """Return the pairs of a file; a line that does not fit ends it, named."""
    if path is None:
        raise CommandError("--file is needed with --source csv")
    scores: list[float] = []
    outcomes: list[float] = []
    with path.open(newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                scores.append(float(row["prediction"]))
                outcomes.append(float(row["actual"]))
            except (KeyError, TypeError, ValueError) as error:
                raise CommandError(f"{path}:{line}: expected prediction,actual: {row}") from error
    return scores, outcomes
