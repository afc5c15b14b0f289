"""A Mosquitto of the test's own: a free port, its own directory, restarted at will."""

import secrets
import socket
import subprocess
import time
from pathlib import Path

from watchfloor.entrypoints import mosquitto

BINARY = Path("/usr/sbin/mosquitto")
ACCOUNTS = {"ingest": "ingest-secret", "gateway": "gateway-secret"}


class MosquittoServer:
    """Runs until stopped; what it had queued survives a stop, as its configuration says."""

    def __init__(
        self,
        directory: Path,
        *,
        devices: dict[str, str],
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        accounts = {
            username: mosquitto.password_hash(
                password, salt=secrets.token_bytes(mosquitto.SALT_BYTES)
            )
            for username, password in {**ACCOUNTS, **devices}.items()
        }
        self._log = directory / "log"
        self._config = mosquitto.write_configuration(
            directory,
            accounts=accounts,
            # Started by root in a container, it would change to a user who may not read here.
            options=mosquitto.MosquittoOptions(
                port=self.port, certificate=certificate, key=key, run_as="root"
            ),
        )

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([BINARY, "-c", self._config], stderr=log)
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"Mosquitto did not start: {self.log()}")

    def log(self) -> str:
        """Return what it has said so far."""
        return self._log.read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10.0)
