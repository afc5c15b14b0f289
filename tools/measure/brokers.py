"""A Mosquitto of the measurement's own: free port, own folder, ended with it."""

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """Where it listens and who may do what."""

    port: int
    pid: int
    ingest: tuple[str, str]
    gateway: tuple[str, str]
    version: str


def binary() -> str | None:
    """Return the command, or None where Mosquitto is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=PLACES)


@contextmanager
def mosquitto(folder: Path) -> Iterator[Mosquitto]:
    """
    Run a broker with the configuration that the product writes.

    Raises:
        RuntimeError: it did not listen within ten seconds.
    """
    from watchfloor.entrypoints import mosquitto as product

    command = binary()
    assert command is not None
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    accounts = {name: secrets.token_urlsafe(12) for name in ("ingest", "gateway")}
    config = product.write_configuration(
        folder,
        accounts={
            name: product.password_hash(password, salt=secrets.token_bytes(product.SALT_BYTES))
            for name, password in accounts.items()
        },
        options=product.MosquittoOptions(port=port, run_as="root"),
    )
    process = subprocess.Popen([command, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield Mosquitto(
            port=port,
            pid=process.pid,
            ingest=("ingest", accounts["ingest"]),
            gateway=("gateway", accounts["gateway"]),
            version=_version(command),
        )
    finally:
        process.terminate()
        process.wait(10.0)


def _wait(port: int) -> None:
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("Mosquitto did not start")


def _version(command: str) -> str:
    told = subprocess.run([command, "-h"], capture_output=True, text=True).stdout.split("\n")[0]
    return f"Mosquitto {told.rsplit(' ', 1)[-1]}"
