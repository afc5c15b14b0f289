"""`manage backfill_performance_metrics`: compute the daily metrics of past days anew."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandError

from watchfloor.core.errors import WatchfloorError
from watchfloor.core.local_time import local_day
from watchfloor.entrypoints import clock
from watchfloor.tenants import directory
from watchfloor.workflows import model_health


class Command(BaseCommand):
    """Compute metrics rows of the last days from the rollup; a run twice changes nothing."""

    help = "Compute the daily metrics of the last DAYS days of one tenant or of all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--tenant", default="", help="Code of the tenant; all without.")
        parser.add_argument("--days", type=int, default=45)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compute, tenant by tenant, with progress."""
        if options["days"] < 1:
            raise CommandError("--days: expected 1 or more")
        now = clock.now()
        try:
            code = options["tenant"]
            tenants = [directory.get_tenant(code)] if code else directory.customers()
        except WatchfloorError as error:
            raise CommandError(str(error)) from error
        total = 0
        with click.progressbar(tenants, label="Metrics", show_pos=True) as bar:
            for tenant in bar:
                total += model_health.backfill_metrics(
                    tenant=tenant,
                    last_day=local_day(now, tenant.zone) - timedelta(days=1),
                    days=options["days"],
                    now=now,
                )
        self.stdout.write(f"{total} metric days computed")
