"""Database triggers that refuse to change or delete a row, for use in migrations."""

from typing import Any

from django.db.migrations import RunPython

_POSTGRES = """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{table} is append-only'; END $$;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
"""
_SQLITE = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
)
_POSTGRES_UNDO = "DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_refuse();"
_SQLITE_UNDO = ("DROP TRIGGER {table}_no_update", "DROP TRIGGER {table}_no_delete")


def append_only(table: str) -> RunPython:
    """Return a migration step after which rows of `table` can only be added."""

    def protect(_apps: Any, editor: Any) -> None:
        _run(editor, _POSTGRES, _SQLITE)

    def release(_apps: Any, editor: Any) -> None:
        _run(editor, _POSTGRES_UNDO, _SQLITE_UNDO)

    def _run(editor: Any, postgres: str, sqlite: tuple[str, ...]) -> None:
        statements = (postgres,) if editor.connection.vendor == "postgresql" else sqlite
        for statement in statements:
            editor.execute(statement.format(table=table), params=None)

    return RunPython(protect, release)
