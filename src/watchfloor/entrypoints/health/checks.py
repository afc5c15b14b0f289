"""What must hold before this process is sent any work."""

from collections.abc import Callable, Mapping

from django.db import Error

from watchfloor.core.errors import WatchfloorError
from watchfloor.ledger import clock, readiness
from watchfloor.noc.intake import dead_letters
from watchfloor.tenants import directory

OK, FAILED, WARNING = "ok", "failed", "warning"
# More unread letters than this in one tenant, and somebody should look; work goes on.
MANY_DEAD_LETTERS = 1000


def run_checks() -> dict[str, str]:
    """Return the state of each check; numbers and names stay inside, for anybody may ask."""
    return {name: _outcome(check) for name, check in CHECKS.items()}


def is_ready(checks: Mapping[str, str]) -> bool:
    """Return whether nothing failed; a warning is for people, not for a load balancer."""
    return FAILED not in checks.values()


def _outcome(check: Callable[[], str]) -> str:
    try:
        return check()
    except (Error, WatchfloorError):
        return FAILED


def _database() -> str:
    readiness.ask_database()
    return OK


def _migrations() -> str:
    return FAILED if readiness.unapplied_migrations() else OK


def _clock() -> str:
    clock.read_clock()
    return OK


def _dead_letters() -> str:
    tenants = [*directory.customers(), directory.platform_tenant()]
    worst = max(dead_letters.count_open(tenant) for tenant in tenants)
    return WARNING if worst > MANY_DEAD_LETTERS else OK


CHECKS: Mapping[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "clock": _clock,
    "dead_letters": _dead_letters,
}
