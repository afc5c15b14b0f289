"""The DATABASES setting from one URL; SQLite in HOME when there is none."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from watchfloor.core.errors import InvalidConfiguration

# WAL lets pages read while the one writer writes; IMMEDIATE takes the write lock at BEGIN,
# so that a transaction never fails half-way because another one wrote first.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-20000"
    ),
}


def database_from_url(url: str, *, home: Path) -> dict[str, Any]:
    """
    Return Django's description of the database.

    Raises:
        InvalidConfiguration: the URL is neither postgres:// nor sqlite:///.

    >>> database_from_url("postgres://wf:secret@db:5432/floor", home=Path("."))["NAME"]
    'floor'
    """
    parts = urlsplit(url)
    if not url or parts.scheme == "sqlite":
        name = unquote(parts.path[1:]) if url else str(home / "watchfloor.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": dict(SQLITE_OPTIONS),
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or 5432),
            "CONN_MAX_AGE": 0,
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 12, "timeout": 20}},
        }
    raise InvalidConfiguration(
        field="WATCHFLOOR_DATABASE_URL",
        value=f"{parts.scheme}://...",
        expected="postgres://user:password@host:port/name or sqlite:///path",
    )
