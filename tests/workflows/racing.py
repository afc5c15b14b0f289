"""
One of several processes that post about the same things at once.

    racing.py prepare                     tables, Acme, a certified model, automation on
    racing.py race NAME ROUNDS GO         wait for the file GO, post, print what became of it
"""

import json
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# Less than two processes ask for in fifteen rounds: both are met.
CAPS = {"site_ticket_cap": 5, "breaker_cap": 15}


def prepare() -> None:
    """Make the world that is raced about."""
    from cast import acme
    from certified import MODEL_TYPE, WHO, serve, switch_on
    from django.core.management import call_command

    from watchfloor.tenants.flags import Flag
    from watchfloor.workflows import threshold_change

    call_command("migrate", interactive=False, verbosity=0)
    tenant = acme(now=NOW)
    serve(tenant, now=NOW)
    switch_on(tenant, Flag.AUTO_TICKET, now=NOW)
    for key, value in CAPS.items():
        threshold_change.apply(
            tenant=tenant,
            model_type=MODEL_TYPE,
            key=key,
            value=value,
            expected_version=0,
            actor=WHO,
            reason="race",
            now=NOW,
        )


def race(name: str, rounds: int, go: Path) -> None:
    """Post about a thing that all post about, and about one of its own, in each round."""
    from certified import post, request

    from watchfloor.tenants import directory

    tenant = directory.get_tenant("acme")
    print("ready", flush=True)
    while not go.exists():
        time.sleep(0.001)
    found: Counter[str] = Counter()
    for n in range(rounds):
        at = NOW + timedelta(seconds=n)
        shared = replace(request(n, at=at, entity=f"shared-{n}"), source=name, site=None)
        own = replace(request(n, at=at, entity=f"{name}-{n}"), source=f"{name}-own")
        for result in post(tenant, shared, own):
            found[result.reason] += 1
    print(json.dumps(found))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import django

    django.setup()
    if sys.argv[1] == "prepare":
        prepare()
    else:
        race(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
