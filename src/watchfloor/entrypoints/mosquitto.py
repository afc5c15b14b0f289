"""
A Mosquitto 2 configuration in which every device can speak for itself and for nobody else.

Three files: `mosquitto.conf`, the accounts with their password hashes, and the access rules. A
device's user name is `tenant/device`, so one rule holds for all of them.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints.mqtt_terms import EVERY_TOPIC, MAX_PACKET_BYTES, RECEIVE_MAXIMUM, ROOT

INGEST_USER = "ingest"
GATEWAY_USER = "gateway"
SALT_BYTES = 12
# As mosquitto_passwd does: the passwords are random and 256 bits long, so nobody guesses them.
ITERATIONS = 101
_HASH = "$7$"
# A colon ends the name in the password file; Mosquitto refuses names with wildcards.
_USERNAME = re.compile(r"[^:+#\s\0]{1,120}")


@dataclass(frozen=True, slots=True)
class MosquittoOptions:
    """
    How the broker listens.

    Args:
        bind: the address it listens on; this machine alone unless told otherwise.
        certificate: a PEM chain; with it and `key` the listener speaks TLS.
        run_as: the system user it runs as when started by root; Mosquitto's own when empty.
    """

    port: int = 1883
    bind: str = "127.0.0.1"
    certificate: Path | None = None
    key: Path | None = None
    run_as: str = ""


def password_hash(password: str, *, salt: bytes) -> str:
    """
    Return what Mosquitto's password file holds after the colon.

    Source:
        Mosquitto 2.0, `src/password_mosq.c`: $7$iterations$salt$hash, PBKDF2 with HMAC-SHA-512.

    >>> password_hash("secret", salt=base64.b64decode("NHl2x7npZBitwgEl"))[-12:]
    'j5VtJkdnuA=='
    """
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    shown = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{_HASH}{ITERATIONS}${'$'.join(shown)}"


def read_accounts(directory: Path) -> dict[str, str]:
    """Return the accounts of an earlier configuration: each name with its hash."""
    path = directory / "passwords"
    if not path.exists():
        return {}
    return dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)


def write_configuration(
    directory: Path,
    *,
    accounts: Mapping[str, str],
    options: MosquittoOptions,
) -> Path:
    """
    Write the three files and return the path of `mosquitto.conf`.

    Args:
        accounts: each user name with its hash; `ingest` reads everything, `gateway`, if there
            is one, writes for every device, and any other name is a device's.

    Raises:
        InvalidInput: a name that Mosquitto could not hold.
    """
    for username in accounts:
        if not _USERNAME.fullmatch(username):
            raise InvalidInput(field="username", value=username, expected="no space, colon, + or #")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "data").mkdir(exist_ok=True)
    lines = (f"{username}:{hashed}\n" for username, hashed in sorted(accounts.items()))
    _write(directory / "passwords", "".join(lines))
    _write(directory / "access", access_rules(has_gateway=GATEWAY_USER in accounts))
    return _write(directory / "mosquitto.conf", configuration(directory, options))


def access_rules(*, has_gateway: bool) -> str:
    """Return the access file; what it does not allow is refused."""
    gateway = f"\nuser {GATEWAY_USER}\ntopic write {EVERY_TOPIC}\n" if has_gateway else ""
    return f"""\
# A device is tenant/device, and speaks on its own topics; %u is its user name.
pattern write {ROOT}/%u/+

user {INGEST_USER}
topic read {EVERY_TOPIC}
{gateway}"""


def configuration(directory: Path, options: MosquittoOptions) -> str:
    """Return `mosquitto.conf`, with every path absolute."""
    at = directory.resolve()
    return f"""\
# Written by `watchfloor manage write_mosquitto_config`; run it again instead of editing.
per_listener_settings false
allow_anonymous false
password_file {at}/passwords
acl_file {at}/access
{_lines(options)}
# An event beyond 1 MiB is refused by the ingest, which keeps its head; beyond this, here.
max_packet_size {MAX_PACKET_BYTES}
# As many as one ingest takes before it acknowledges.
max_inflight_messages {RECEIVE_MAXIMUM}
# While no ingest is there, events wait here. Beyond this number Mosquitto drops them.
max_queued_messages 1000000
max_queued_bytes 0
persistence true
persistence_location {at}/data/
autosave_interval 30
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""


def _lines(options: MosquittoOptions) -> str:
    lines = [f"listener {options.port} {options.bind}"]
    if options.certificate is not None and options.key is not None:
        lines += [f"certfile {options.certificate.resolve()}", f"keyfile {options.key.resolve()}"]
    if options.run_as:
        lines.append(f"user {options.run_as}")
    return "\n".join(lines)


def _write(path: Path, text: str) -> Path:
    """Write a file that its owner alone may read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
    return path
