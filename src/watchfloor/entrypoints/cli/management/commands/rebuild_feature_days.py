"""`manage rebuild_feature_days`: count the day histograms of features anew from the log."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from watchfloor.core.errors import WatchfloorError
from watchfloor.tenants import directory
from watchfloor.workflows import model_health


class Command(BaseCommand):
    """Hold every stored day against the log, and put right what differs."""

    help = "Count the features of every stored day anew, of one tenant or of all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--tenant", default="", help="Code of the tenant; all without.")
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail where a day differs."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rebuild, tenant by tenant."""
        try:
            code = options["tenant"]
            tenants = [directory.get_tenant(code)] if code else directory.customers()
        except WatchfloorError as error:
            raise CommandError(str(error)) from error
        n_differing = 0
        for tenant in tenants:
            for found in model_health.rebuild_feature_days(
                tenant=tenant, write=not options["check"]
            ):
                n_differing += len(found.differing)
                self.stdout.write(f"{tenant.code}: {found.sentence}")
        if options["check"] and n_differing:
            raise CommandError(f"{n_differing} days differ from the log")
