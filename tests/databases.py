"""Databases for processes of their own, of the kind that this test run is on, migrated once."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection


@dataclass(frozen=True)
class Database:
    """One database, looked at from outside while another process works on it."""

    url: str

    @property
    def name(self) -> str:
        """What its server, or its folder, calls it."""
        return Path(self.url).stem

    def ask(self, sql: str) -> Any:
        """Return the one value that a query answers with."""
        if self.url.startswith("postgres"):
            with psycopg.connect(self.url) as looker:
                return looker.execute(sql).fetchone()[0]
        looker = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)
        try:
            return looker.execute(sql).fetchone()[0]
        finally:
            looker.close()

    def book(self) -> dict[str, list[Any]]:
        """Return the rows of every table, read by a process that uses this database."""
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("child_book.py"))],
            env=environment(WATCHFLOOR_DATABASE_URL=self.url),
            check=True,
            stdout=subprocess.PIPE,
            timeout=200,
        )
        return json.loads(done.stdout)

    def change(self, sql: str) -> None:
        """Change something from outside, and commit it."""
        if self.url.startswith("postgres"):
            with psycopg.connect(self.url) as writer:
                writer.execute(sql)
            return
        writer = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)
        try:
            with writer:
                writer.execute(sql)
        finally:
            writer.close()


@dataclass
class DatabaseServer:
    """Where databases are made: a folder of SQLite files, or the PostgreSQL of this run."""

    folder: Path
    server_url: str | None
    _names: list[str] = field(default_factory=list)

    @classmethod
    def of_this_run(cls, folder: Path) -> "DatabaseServer":
        """
        Return the kind that the tests themselves run on, with a migrated template.

        The caller's fixture asks for `django_db_setup`: a file is copied from there.
        """
        made = cls(folder, None if settings.ENV.embedded_database else _server_url())
        template = made._empty()
        if made.server_url is None:
            shutil.copy(_migrated_file(), template.url.removeprefix("sqlite:///"))
            return made
        subprocess.run(
            [sys.executable, "-m", "watchfloor", "manage", "migrate", "-v0"],
            env=environment(WATCHFLOOR_DATABASE_URL=template.url),
            check=True,
        )
        return made

    def _empty(self) -> Database:
        name = self._name()
        if self.server_url is None:
            return Database(f"sqlite:///{self.folder / name}.sqlite3")
        with self._server() as server:
            server.execute(f"CREATE DATABASE {name}")
        return Database(f"{self.server_url}/{name}")

    def create(self, *, like: Database | None = None) -> Database:
        """Return another database: with the rows of a given one, or migrated and empty."""
        name = self._name()
        model = self._names[0] if like is None else like.name
        if self.server_url is None:
            file = self.folder / f"{name}.sqlite3"
            shutil.copy(self.folder / f"{model}.sqlite3", file)
            return Database(f"sqlite:///{file}")
        with self._server() as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {model}")
        return Database(f"{self.server_url}/{name}")

    def close(self) -> None:
        """Drop what was made; files go with their folder."""
        if self.server_url is not None:
            with self._server() as server:
                for name in self._names:
                    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _name(self) -> str:
        self._names.append(f"watchfloor_killed_{os.getpid()}_{len(self._names)}")
        return self._names[-1]

    @contextmanager
    def _server(self) -> Iterator[Any]:
        with psycopg.connect(f"{self.server_url}/postgres", autocommit=True) as server:
            yield server


def environment(**added: str) -> dict[str, str]:
    """Return what a process of the product's own inherits: nothing of these tests' settings."""
    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    return inherited | added


def url_of_this_test() -> str:
    """Return the database of the test that asks, for a process that shares it."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(name).resolve()}"
    return f"{_server_url()}/{name}"


def keep_as_migrated() -> None:
    """
    Keep a copy of the test database as migrations leave it, where it is a file.

    Migrating anew takes a process a dozen seconds, and the tests leave other rows behind.
    """
    if connection.vendor != "sqlite":
        return
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as migrated,
        closing(sqlite3.connect(_migrated_file())) as copy,
    ):
        migrated.backup(copy)


def _migrated_file() -> Path:
    return Path(connection.settings_dict["NAME"]).with_suffix(".migrated")


def _server_url() -> str:
    told = connection.settings_dict
    return f"postgres://{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT']}"
