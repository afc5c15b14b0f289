"""`manage rebuild_score_rollup`: count the score histograms anew from the logs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from watchfloor.core.errors import WatchfloorError
from watchfloor.tenants import directory
from watchfloor.workflows import rollup_care


class Command(BaseCommand):
    """Hold every stored histogram against the log, and put right what differs."""

    help = "Count the score histograms of days, weeks and months anew, of one tenant or of all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--tenant", default="", help="Code of the tenant; all without.")
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail where one differs."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rebuild, tenant by tenant."""
        n_differing = 0
        try:
            code = options["tenant"]
            for tenant in [directory.get_tenant(code)] if code else directory.customers():
                found = rollup_care.rebuild_score_rollup(tenant=tenant, write=not options["check"])
                n_differing += found.n_differing
                self.stdout.write(f"{tenant.code}: {found.sentence}")
                for one in (*found.days, *found.spans):
                    self.stdout.write(f"  {one}")
        except WatchfloorError as error:
            raise CommandError(str(error)) from error
        if options["check"] and n_differing:
            raise CommandError(f"{n_differing} histograms differ")
