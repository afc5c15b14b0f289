"""The filled world behind a real server of its own: for browsers, and for whoever wants to look."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TESTS = Path(__file__).resolve().parents[3]
SRC = TESTS.parent / "src"
OWNER, PASSWORD = "dana", "a long enough password"

_FILL = f"""
import django
django.setup()
from datetime import UTC, datetime
from django.core.management import call_command
call_command("migrate", verbosity=0)
from doors import member
from entrypoints.console.pages.world import build, ids_of
from watchfloor.entrypoints import clock
from watchfloor.ledger.clock import set_clock
from watchfloor.tenants.roles import Role
noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
set_clock(virtual_now=noon, speed=0, real_now=clock.real_now())
dana = member({OWNER!r}, tenant=__import__("cast").acme(now=noon), role=Role.TENANT_ADMIN)
dana.set_password({PASSWORD!r})
dana.save()
world = build(now=noon)
for name, value in ids_of(world).items():
    print(name, value)
"""


@contextmanager
def served(home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve the filled world from a data directory; yield its address and Acme's ids."""
    env = os.environ | {
        "WATCHFLOOR_HOME": str(home),
        "PYTHONPATH": os.pathsep.join((str(SRC), str(TESTS))),
        "DJANGO_SETTINGS_MODULE": "django_settings",
        # No wish: a free port is chosen and printed.
        "WATCHFLOOR_WEB_PORT": "0",
        "PYTHONUNBUFFERED": "1",
    }
    told = subprocess.run(
        [sys.executable, "-c", _FILL], env=env, capture_output=True, text=True, check=True
    ).stdout
    ids = dict(line.split(" ", 1) for line in told.splitlines())
    command = [sys.executable, "-m", "watchfloor", "up", "--only", "web,beat"]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            address = _address_of(server)
            _wait_until_it_listens(address)
            yield address, ids
        finally:
            server.terminate()


def _address_of(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    heard = []
    for line in server.stdout:
        heard.append(line)
        if found := re.search(r"Watchfloor is at\s+(http\S+)", line):
            return found.group(1).rstrip("/")
    raise AssertionError(f"the server did not start: {''.join(heard)}")


def _wait_until_it_listens(address: str) -> None:
    """The address is printed before the server listens at it."""
    for _ in range(150):
        with suppress(URLError), urlopen(f"{address}/livez"):
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens at {address}")


__all__ = ["OWNER", "PASSWORD", "served"]
