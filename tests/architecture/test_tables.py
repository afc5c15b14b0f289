"""Every table has one owner and every row one tenant; both are asked for by name."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest
from architecture.source import (
    OWNERS,
    SRC,
    by_module,
    dotted,
    functions_of,
    in_rooms,
    name_of,
    room_of,
    tree_of,
)
from django.apps import apps
from django.db import models

from watchfloor.tenants.scoping import TenantQuerySet

# Rows that belong to no tenant, and why.
WITHOUT_TENANT = {
    "tenants.Tenant": "it is the tenant",
    "tenants.User": "a person may belong to several tenants; rights come from memberships",
    "tenants.KillSwitch": "one switch stops every tenant",
    "ledger.ClockRow": "one clock for the whole installation",
}
WRITES = frozenset(
    {
        "abulk_create",
        "acreate",
        "adelete",
        "aupdate",
        "bulk_create",
        "bulk_update",
        "create",
        "create_superuser",
        "create_user",
        "delete",
        "get_or_create",
        "update",
        "update_or_create",
    }
)


def _tables() -> list[type[models.Model]]:
    ours = [config for config in apps.get_app_configs() if config.name.startswith("watchfloor.")]
    return [table for config in ours for table in config.get_models()]


@cache
def _owner_of_class() -> dict[str, str]:
    return {table.__name__: table._meta.app_label for table in _tables()}


class TestTenant:
    def test_every_row_has_one_but_for_the_named_few(self):
        without = {table._meta.label for table in _tables() if not _has_field(table, "tenant")}

        assert without == set(WITHOUT_TENANT)

    def test_is_never_null_and_never_deleted_under_its_rows(self):
        loose = {
            table._meta.label
            for table in _tables_of_tenants()
            if (field := table._meta.get_field("tenant")).null
            or field.remote_field.on_delete is not models.PROTECT
        }

        assert loose == set()

    def test_is_asked_for_by_name(self):
        guessing = {
            table._meta.label
            for table in _tables_of_tenants()
            if not isinstance(table._default_manager.all(), TenantQuerySet)
        }

        assert guessing == set()


def _tables_of_tenants() -> list[type[models.Model]]:
    return [table for table in _tables() if table._meta.label not in WITHOUT_TENANT]


def _has_field(table: type[models.Model], name: str) -> bool:
    return any(field.name == name for field in table._meta.get_fields())


def root_table(node: ast.expr, bound: dict[str, str]) -> str:
    """
    Return the table at the root of a chain of calls, or an empty text.

    >>> chain = ast.parse("Ticket.objects.for_tenant(t).filter(pk=1)").body[0].value
    >>> root_table(chain, {"Ticket": "Ticket"})
    'Ticket'
    """
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return bound.get(node.id, "") if isinstance(node, ast.Name) else ""


def foreign_writes(tree: ast.Module, *, room: str) -> list[str]:
    """Return the calls that write to a table of another room, directly or through a variable."""
    found = []
    for function in functions_of(tree):
        bound = _tables_by_name(function)
        for node in ast.walk(function):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            table = root_table(node.func.value, bound)
            if node.func.attr in WRITES and table and _owner_of_class()[table] != room:
                found.append(f"line {node.lineno}: {table} is written by {node.func.attr}")
    return found


def _tables_by_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    """Return which names of a function lead to which table: the class, or rows of it."""
    bound = {name: name for name in _owner_of_class()}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and (table := root_table(node.value, bound)):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if _is_queryset(node.value):
                bound |= dict.fromkeys(names, table)
    return bound


def _is_queryset(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Attribute) and each.attr in {"objects", "_default_manager"}
        for each in ast.walk(node)
    )


def test_a_table_is_written_by_the_room_that_owns_it_alone():
    found = {
        name_of(path): writes
        for path in in_rooms("config", "entrypoints", "workflows", *OWNERS)
        if (writes := foreign_writes(tree_of(path), room=room_of(path)))
    }

    assert found == {}


def table_queries(tree: ast.Module) -> list[str]:
    """Return where a module asks a table by itself."""
    return [
        f"line {node.lineno}: {dotted(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager", "_base_manager"}
    ]


def test_a_door_never_touches_a_table():
    assert by_module(table_queries, in_rooms("entrypoints")) == {}


# A sweep is done for every tenant at once: it hands each row on with the tenant the row names.
SWEEPS = {
    "ledger/due.py": {"_of"},
    "ledger/outbox.py": {"undelivered", "delete_delivered"},
    "ml/retraining/auto_retrain.py": {"n_training"},
    "ml/predictions/rollups.py": {"tenants_with_changes"},
    "noc/live/broadcast.py": {"delete_before"},
    "noc/live/presence.py": {"forget_gone", "gone"},
}
# Who somebody is has to be found before it is known which tenant is asked for.
SIGN_IN = {
    "tenants/access.py": {"tenants_of"},
    "tenants/tokens.py": {"find_actor_of_token"},
}
NAMES_ITS_ROWS = frozenset({"tenant", "tenant_id", "tenant__code", "pk", "pk__in", "id__in"})
NAMES_ITS_TENANT = frozenset({"for_tenant", "for_tenants", "bulk_create", "bulk_update"})


def unscoped_queries(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the functions that ask a tenant's table without a tenant or rows already found."""
    scoped_tables = {table.__name__ for table in _tables_of_tenants()}
    for function in functions_of(tree):
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "objects"
                and (table := dotted(node.value)) in scoped_tables
                and not _is_scoped(table, _chain_of(function, node))
            ):
                yield function.name, f"line {node.lineno}: {dotted(node)}"


def _chain_of(function: ast.AST, root: ast.Attribute) -> list[ast.Call]:
    """Return the calls that are chained on `X.objects`."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and root in _spine(node.func)
    ]


def _spine(node: ast.AST) -> list[ast.AST]:
    spine = [node]
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
        spine.append(node)
    return spine


def _is_scoped(table: str, chain: list[ast.Call]) -> bool:
    named = NAMES_ITS_ROWS | _links_of(table)
    for call in chain:
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr in NAMES_ITS_TENANT:
            return True
        if any(keyword.arg in named or _gives_tenant(keyword.value) for keyword in call.keywords):
            return True
    return False


@cache
def _links_of(table: str) -> frozenset[str]:
    """Return the fields that lead to another row of the same tenant."""
    (found,) = [each for each in _tables() if each.__name__ == table]
    links = [field for field in found._meta.concrete_fields if field.is_relation]
    return frozenset(field.name for field in links if _has_field(field.related_model, "tenant"))


def _gives_tenant(node: ast.expr) -> bool:
    """Return whether `defaults={"tenant": ...}` says whose the row will be."""
    keys = node.keys if isinstance(node, ast.Dict) else []
    return any(isinstance(key, ast.Constant) and key.value == "tenant" for key in keys)


ALLOWED = SWEEPS | SIGN_IN


def test_every_query_names_its_tenant_or_rows_it_found_before():
    found: dict[str, list[str]] = {}
    for path in in_rooms("workflows", *OWNERS):
        name = path.relative_to(SRC).as_posix()
        for function, query in unscoped_queries(tree_of(path)):
            if function not in ALLOWED.get(name, set()):
                found.setdefault(name, []).append(f"{function}, {query}")

    assert found == {}


def test_every_exception_is_still_there():
    gone = {
        f"{name}: {function}"
        for name, functions in ALLOWED.items()
        for function in functions - {each.name for each in functions_of(tree_of(SRC / name))}
    }

    assert gone == set()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Ticket.objects.for_tenant(t).update(status='open')", []),
        ("Tenant.objects.filter(pk=1).update(stage='on')", ["Tenant"]),
        ("rows = DueRow.objects.for_tenant(t)\n  rows.filter(pk=1).delete()", ["DueRow"]),
        ("found = dict(Tenant.objects.values_list('id'))\n  found.update(other)", []),
        ("DueRow.objects.for_tenant(t).count()", []),
    ],
    ids=["own table", "other room's", "through a variable", "a dict", "reading"],
)
def test_foreign_writes_are_found(code: str, expected: list[str]):
    found = foreign_writes(ast.parse(f"def f():\n  {code}"), room="noc")

    assert [line.split()[2] for line in found] == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Ticket.objects.for_tenant(t).count()", 0),
        ("Ticket.objects.filter(pk=row.pk).update(status='open')", 0),
        ("Ticket.objects.create(tenant=t)", 0),
        ("TicketEvidence.objects.get_or_create(ticket=ticket)", 0),
        ("LiveConnection.objects.update_or_create(channel=c, defaults={'tenant': t})", 0),
        ("Ticket.objects.filter(status='open')", 1),
        ("Tenant.objects.filter(code='acme')", 0),
    ],
    ids=[
        "tenant",
        "row found before",
        "created",
        "link",
        "defaults",
        "of everybody",
        "the tenant itself",
    ],
)
def test_unscoped_queries_are_found(code: str, expected: int):
    assert len(list(unscoped_queries(ast.parse(f"def f():\n  {code}")))) == expected
