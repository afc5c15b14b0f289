"""`manage write_mosquitto_config`: a broker in which every device speaks for itself alone."""

import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints import mosquitto
from watchfloor.entrypoints.mosquitto import GATEWAY_USER, INGEST_USER, MosquittoOptions
from watchfloor.tenants import directory


class Command(BaseCommand):
    """Write mosquitto.conf, its accounts and its access rules into a directory."""

    help = (
        "Write a Mosquitto 2 configuration. Accounts of an earlier run stay as they are; the"
        " password of a new one is printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("directory", type=Path, metavar="DIR")
        parser.add_argument(
            "--secrets",
            type=Path,
            metavar="FILE",
            help="Devices to add, a line each: tenant/device:secret, as they were issued.",
        )
        parser.add_argument(
            "--gateway",
            action="store_true",
            help="Add an account that may publish for every device: a bridge, or the simulator.",
        )
        parser.add_argument("--port", type=int, help="8883 with a certificate, else 1883.")
        parser.add_argument("--bind", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--certificate", type=Path, help="PEM chain, for TLS.")
        parser.add_argument("--key", type=Path, help="PEM key, for TLS.")
        parser.add_argument("--run-as", default="", help="System user, when started by root.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the files and say how to use them."""
        listening = _listening(options)
        accounts = mosquitto.read_accounts(options["directory"])
        internal = [INGEST_USER, GATEWAY_USER] if options["gateway"] else [INGEST_USER]
        issued = {name: secrets.token_urlsafe(32) for name in internal if name not in accounts}
        devices = dict(_devices(options["secrets"])) if options["secrets"] else {}
        for username, password in {**devices, **issued}.items():
            accounts[username] = mosquitto.password_hash(
                password, salt=secrets.token_bytes(mosquitto.SALT_BYTES)
            )
        try:
            path = mosquitto.write_configuration(
                options["directory"], accounts=accounts, options=listening
            )
        except InvalidInput as error:
            raise CommandError(str(error)) from error
        self._tell(path, issued, listening, n_devices=len(accounts) - len(internal))

    def _tell(
        self, path: Path, issued: dict[str, str], listening: MosquittoOptions, *, n_devices: int
    ) -> None:
        self.stdout.write(f"mosquitto -c {path}   ({n_devices} devices)")
        scheme = "mqtts" if listening.certificate else "mqtt"
        for username, password in issued.items():
            name = "WATCHFLOOR_MQTT_URL=" if username == INGEST_USER else f"{username}: "
            self.stdout.write(
                f"{name}{scheme}://{username}:{password}@{listening.bind}:{listening.port}"
            )


def _listening(options: dict[str, Any]) -> MosquittoOptions:
    if (options["certificate"] is None) != (options["key"] is None):
        raise CommandError("--certificate and --key are needed together")
    port = options["port"] or (8883 if options["certificate"] else 1883)
    return MosquittoOptions(
        port=port,
        bind=options["bind"],
        certificate=options["certificate"],
        key=options["key"],
        run_as=options["run_as"],
    )


def _devices(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each device with its secret; one that the directory does not know ends it, named."""
    for line_number, line in enumerate(path.read_text().splitlines(), start=1):
        username, _, secret = line.strip().partition(":")
        if not username:
            continue
        tenant, _, device = username.partition("/")
        if not directory.device_is_authentic(tenant_code=tenant, device_code=device, secret=secret):
            raise CommandError(f"{path}:{line_number}: {username} has another secret, or is none")
        yield username, secret
