"""Whether the database is there, is up to date, and how much work waits in it."""

from collections.abc import Mapping

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count

from watchfloor.ledger.models import DueRow, OutboxMessage
from watchfloor.tenants.models import Tenant


def ask_database() -> None:
    """
    Ask the database for the number one.

    Raises:
        DatabaseError: it is away, or does not answer.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def unapplied_migrations() -> list[str]:
    """Return the migrations that this version of the code has and the database lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def due_by_state(tenant: Tenant) -> Mapping[str, int]:
    """Return how many due rows of a tenant are in each state."""
    rows = DueRow.objects.for_tenant(tenant).values_list("state")
    return dict(rows.annotate(n=Count("pk")).order_by())


def undelivered(tenant: Tenant) -> int:
    """Return how many messages of a tenant nobody sent yet."""
    return OutboxMessage.objects.for_tenant(tenant).filter(delivered_at=None).count()
