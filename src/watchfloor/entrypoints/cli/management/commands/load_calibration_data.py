"""`manage load_calibration_data`: the specification's command, durable and per tenant."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandError

from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.errors import WatchfloorError
from watchfloor.entrypoints import clock
from watchfloor.entrypoints.cli import calibration_csv, number_calibration
from watchfloor.ml.calibration import calibration_sets, numeric_calibration
from watchfloor.ml.calibration.calibration_sets import ListedSet
from watchfloor.ml.calibration.conformal_predictor import Fitted
from watchfloor.ml.inference import serving
from watchfloor.ml.models.calibration import RECORDED
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import calibration_load, numeric_load
from watchfloor.workflows.calibration_load import FileDoesNotFit, Loading

ACTOR = "cli:load_calibration_data"


class Command(BaseCommand):
    """Load a calibration set from the prediction log, the fraud log or a CSV file."""

    help = (
        "Load calibration pairs (score, outcome) of one model version of one tenant. A value "
        "that does not fit is named by its line, and then nothing is loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; names as the specification has them."""
        parser.add_argument("--tenant", required=True, help="Code of the tenant.")
        parser.add_argument("--model-type")
        parser.add_argument("--model-version")
        parser.add_argument(
            "--source",
            choices=[
                *calibration_load.FROM_LOG,
                calibration_load.CSV,
                *number_calibration.SOURCES,
            ],
        )
        parser.add_argument(
            "--file",
            type=Path,
            help=(
                "CSV with columns prediction, actual and, if known, prediction_id, propensity; "
                "of numbers estimate, actual and, if known, sigma, group, propensity."
            ),
        )
        parser.add_argument("--unit", help="Of the numbers in a file, such as h.")
        parser.add_argument(
            "--days",
            type=int,
            default=30,
            help="From a log: days back from the youngest prediction whose outcome is closed.",
        )
        parser.add_argument("--min-samples", type=int, default=30)
        parser.add_argument("--outcome-definition", default=RECORDED)
        parser.add_argument(
            "--not-trained-on",
            action="store_true",
            help="State that the model was not trained on the rows of a file without ids.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Fit and tell, store nothing.")
        parser.add_argument("--list", action="store_true", help="List the stored sets.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load or list, and say what came of it."""
        try:
            tenant = directory.get_tenant(options["tenant"])
            if options["list"]:
                self._list(tenant, options["model_type"])
            else:
                self._load(tenant, options)
        except FileDoesNotFit as error:
            for misfit in error.misfits:
                self.stderr.write(f"{options['file']}:{misfit}")
            raise CommandError(
                f"{len(error.misfits)} values of {options['file']} do not fit, the first "
                f"at {options['file']}:{error.misfits[0]}; nothing was loaded"
            ) from error
        except WatchfloorError as error:
            raise CommandError(str(error)) from error

    def _list(self, tenant: Tenant, model_type: str | None) -> None:
        listed = calibration_sets.list_all(tenant=tenant, model_type=model_type)
        for one in listed:
            self.stdout.write(_line(one))
        of_numbers = numeric_calibration.list_all(tenant=tenant, model_type=model_type)
        for row in of_numbers:
            self.stdout.write(number_calibration.listed(row))
        if not listed and not of_numbers:
            self.stdout.write("no calibration set is stored")

    def _load(self, tenant: Tenant, options: dict[str, Any]) -> None:
        for name in ("model_type", "model_version", "source"):
            if not options[name]:
                raise CommandError(f"--{name.replace('_', '-')} is needed")
        if options["days"] < 1 or options["min_samples"] < 1:
            raise CommandError("--days and --min-samples are whole numbers from 1 on")
        if options["source"] in number_calibration.SOURCES:
            self._load_numbers(tenant, options)
            return
        loading = _loading(tenant, options)
        if options["dry_run"]:
            fitted = calibration_load.preview(
                tenant=tenant, loading=loading, min_samples=options["min_samples"]
            )
            self._tell(fitted)
            self.stdout.write("dry run: nothing was stored")
            return
        row = calibration_load.load(
            tenant=tenant,
            loading=loading,
            min_samples=options["min_samples"],
            actor=ACTOR,
            now=clock.now(),
        )
        fitted = Fitted(serving.calibration_of(tenant=tenant, sha256=row.sha256), None)
        self._tell(fitted)
        self.stdout.write(f"stored as set {row.pk}, {row.sha256[:12]}")

    def _load_numbers(self, tenant: Tenant, options: dict[str, Any]) -> None:
        cut = number_calibration.cut_of(tenant, options)
        if cut.calibration.n < options["min_samples"]:
            raise CommandError(
                f"{cut.calibration.n} known outcomes; at least {options['min_samples']} are needed"
            )
        self.stdout.write(number_calibration.told(cut.calibration))
        self.stdout.write(f"self-test {_passed(cut.calibration.self_test.passed)}")
        if options["dry_run"]:
            self.stdout.write("dry run: nothing was stored")
            return
        row = numeric_load.load(
            tenant=tenant,
            model_type=options["model_type"],
            version=options["model_version"],
            cut=cut,
            actor=ACTOR,
            now=clock.now(),
        )
        self.stdout.write(f"stored as set {row.pk}, {row.sha256[:12]}")

    def _tell(self, fitted: Fitted) -> None:
        found = fitted.calibration
        self.stdout.write(f"n={found.n} events={found.n_positive} {_certified(found)}")
        if fitted.self_test is not None:
            self.stdout.write(f"self-test {_passed(fitted.self_test.passed)}")


def _loading(tenant: Tenant, options: dict[str, Any]) -> Loading:
    if options["source"] != calibration_load.CSV:
        return calibration_load.from_log(
            tenant=tenant,
            source=options["source"],
            model_type=options["model_type"],
            version=options["model_version"],
            days=options["days"],
            now=clock.now(),
        )
    path: Path | None = options["file"]
    if path is None:
        raise CommandError("--file is needed with --source csv")
    size = path.stat().st_size if path.is_file() else 0
    with click.progressbar(length=size, label=path.name, file=sys.stderr) as bar:
        lines = calibration_csv.read_file(path, advance=bar.update)
    return calibration_load.from_file(
        tenant=tenant,
        model_type=options["model_type"],
        version=options["model_version"],
        lines=lines,
        stated_not_trained_on=options["not_trained_on"],
        outcome_definition=options["outcome_definition"],
    )


def _line(one: ListedSet) -> str:
    row = one.row
    parts = [
        f"{row.model_version.model_type} {row.model_version.version}: n={row.n}",
        f"events={row.n_positive}",
        f"source={row.source}",
        f"reason={row.reason or '-'}",
        f"cut={row.created_at:%Y-%m-%dT%H:%MZ}",
        f"self-test={_passed(row.self_test_passed)}",
        _certified(one.calibration),
        row.sha256[:12],
    ]
    return " ".join([*parts, "serves"] if one.is_serving else parts)


def _certified(found: Calibration | None) -> str:
    if found is None:
        return "its bytes cannot be read"
    ticket, clear = found.certified_from, found.clear_below
    return (
        f"tickets certified from {'-' if ticket is None else f'{ticket:.4f}'}, "
        f"clearing up to {'-' if clear is None else f'{clear:.4f}'}"
    )


def _passed(verdict: bool | None) -> str:
    return {True: "passed", False: "failed", None: "not possible"}[verdict]
