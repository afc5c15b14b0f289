"""
Write the reference pages that can be read out of the code, and the computed tables of guides.

    python -m tools.generate_reference            write them
    python -m tools.generate_reference --check    say which are stale, and fail if any is

A test compares them too: what the code reads, and what a page says it reads, are one thing.
"""

import argparse
import ast
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tools import guide_tables
from tools.markdown import table
from tools.reason_advice import ADVICE

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "watchfloor"
REFERENCE = ROOT / "docs" / "reference"
CLI = "watchfloor.entrypoints.cli"
WRITTEN_BY = "> **Reference**, written by `make docs` from {source}; changes by hand are lost."


def _page(title: str, source: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", WRITTEN_BY.format(source=source), *parts]) + "\n"


def settings_page() -> str:
    """Return the page of the environment variables."""
    from watchfloor.config.env import PREFIX, Env

    rows = [
        (
            f"`{PREFIX}{name.upper()}`",
            _default(field.get_default()),
            field.description or "",
        )
        for name, field in Env.model_fields.items()
    ]
    return _page(
        "Settings",
        "`config/env.py`",
        "Every setting is an environment variable, or a line of a file `.env` in the folder the "
        "process starts in. A variable of the environment that begins with `WATCHFLOOR_` and is "
        "not in this table is refused at the start, by name: a misspelt setting does not pass for "
        "a default. A misspelt line of `.env` does: nothing refuses it yet.",
        table(("variable", "default", "what it does"), rows),
        "How models are watched and retrained is not set here but in "
        "[`ML_CONFIG`](ml-config.md); numbers an operator turns are "
        "[thresholds](thresholds.md); what may act by itself is switched per tenant "
        "([how](../how-to/switch-automation-on.md)).",
    )


def ml_config_page() -> str:
    """Return the page of ML_CONFIG."""
    from watchfloor.core.ml_config import ABOUT, ENVIRONMENTS, KEYS, RANGES, MLConfig

    defaults = MLConfig().to_mapping()
    unread = unread_keys()
    rows = [
        (
            f"`{key}`",
            _default(defaults[key]),
            RANGES[key],
            ABOUT[key] + (" *Not read yet.*" if key in unread else ""),
        )
        for key in KEYS
    ]
    return _page(
        "ML_CONFIG",
        "`core/ml_config.py`",
        f"How models are watched and retrained: {len(KEYS)} keys, by the names of the original "
        "specification. They are read once, typed and bounded; a key that does not exist, a value "
        "out of range or two keys that contradict each other stop the process, by name.",
        "Values are laid over each other in this order: the default, the overrides of "
        "`WATCHFLOOR_ENVIRONMENT`, the YAML file of `WATCHFLOOR_ML_CONFIG_FILE`, and a tenant's "
        "own override, which is written to the audit.",
        table(("key", "default", "range", "what it does"), rows),
        f"## Not read yet\n\n{len(unread)} of these keys are typed and checked, and nothing acts "
        "on them so far. A test holds the list and only lets it shrink.\n\n"
        + "\n".join(f"- `{key}`" for key in KEYS if key in unread),
        "## What an environment changes\n\n" + _environments(ENVIRONMENTS),
        "No environment enables a tenant: `AUTO_RETRAIN_ENABLED_TENANTS` is empty everywhere, "
        "and an empty list means none.",
    )


def _environments(environments: Mapping[str, Mapping[str, Any]]) -> str:
    changed = sorted({key for overrides in environments.values() for key in overrides})
    rows = [
        (f"`{key}`", *(_default(overrides.get(key)) for overrides in environments.values()))
        for key in changed
    ]
    return table(("key", *environments), rows)


def unread_keys() -> frozenset[str]:
    """Return the keys of ML_CONFIG that no line of the source reads as an attribute."""
    from watchfloor.core.ml_config import KEYS

    read: set[str] = set()
    for path in SRC.rglob("*.py"):
        if path != SRC / "core" / "ml_config.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            read |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return frozenset(key for key in KEYS if key.lower() not in read)


def thresholds_page() -> str:
    """Return the page of the numbers an operator may turn."""
    from watchfloor.core.thresholds import SPECS

    rows = [
        (
            f"`{spec.key}`",
            spec.label,
            f"{spec.default:g}",
            f"{spec.lowest:g} to {spec.highest:g}",
            spec.unit,
        )
        for spec in SPECS.values()
    ]
    return _page(
        "Thresholds",
        "`core/thresholds.py`",
        "Numbers an operator may turn, per tenant and model type. Each turn is a row of "
        "`noc_threshold_audit_log` with who, when and why; taking one back is a new row that "
        "points to it. A changed threshold is in force with the next micro-batch; `eps_ticket`, "
        "`eps_clear` and `delta` are promises of a certificate and shape the next calibration.",
        table(("key", "what it is", "default", "range", "unit"), rows),
    )


def reasons_page() -> str:
    """Return the page of the reasons of decisions."""
    from watchfloor.core.decision.reason import Reason
    from watchfloor.core.lifecycle.gate_reason import GateReason
    from watchfloor.core.lifecycle.validation import ValidationReason

    parts = [
        "Every decision is stored with one reason: the first condition that did not hold, or "
        "the one that settled it. The word is what the column `reason` and the API hold.",
    ]
    for reason in Reason:
        advice = ADVICE[reason.value]
        parts.append(
            f"## `{reason.value}`\n\n{reason.sentence}\n\n"
            f"- **What to do**: {advice.do}\n- **When to worry**: {advice.worry}"
        )
    parts += [
        "## Why a retrain was held back",
        "Five safeguards answer together; each answer is a row of `ml_retrain_safeguard`.",
        _sentences(GateReason),
        "## Why a challenger was promoted or not",
        "The verdict on a challenger, on the same events as the champion's.",
        _sentences(ValidationReason),
    ]
    return _page("Reasons", "the enums of reasons and `tools/reason_advice.py`", *parts)


def _sentences(reasons: Iterable[Any]) -> str:
    return table(("reason", "what it says"), [(f"`{r.value}`", r.sentence) for r in reasons])


def roles_page() -> str:
    """Return the page of who may do what."""
    from watchfloor.tenants.roles import PERMISSIONS, SITE_ROLES, Permission, Role

    rows = [
        (f"`{permission.value}`", *("yes" if permission in PERMISSIONS[r] else "" for r in Role))
        for permission in Permission
    ]
    sites = " and ".join(f"`{role.value}`" for role in Role if role in SITE_ROLES)
    return _page(
        "Roles",
        "`tenants/roles.py`",
        "A person holds one or more roles in a tenant; a permission that no role of theirs lists "
        "is refused. A token has one role and a list of scopes, and needs both.",
        table(("permission", *(f"`{role.value}`" for role in Role)), rows),
        f"{sites} see the sites their membership names, and none where it names none; the other "
        "roles see every site of their tenant.",
    )


def commands_page() -> str:
    """Return the page of the command line."""
    parts = [
        "`watchfloor` after `pip install .`, or `python -m watchfloor` in a checkout. Each command "
        "says the same with `--help`."
    ]
    parts += [_command(name, command) for name, command in sorted(_commands().items())]
    parts += [_management(name) for name in _management_names()]
    return _page("Commands", "the commands themselves", *parts)


def _commands() -> Mapping[str, Any]:
    from watchfloor.config import command

    if "doctor" not in command.cli.commands:
        command._add_commands()
    return command.cli.commands


def _command(name: str, command: Any) -> str:
    import click

    arguments = [p.make_metavar(_context(command)) for p in command.params if _is_argument(p)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    heading = f"## `{' '.join(['watchfloor', name, *arguments])}`"
    parts = [heading, inspect.cleandoc(command.help or "")]
    if options:
        rows = [
            (f"`{', '.join([*option.opts, *option.secondary_opts])}`", *_option(option))
            for option in options
        ]
        parts.append(table(("option", "default", "what it does"), rows))
    return "\n\n".join(parts)


def _context(command: Any) -> Any:
    import click

    return click.Context(command)


def _is_argument(parameter: Any) -> bool:
    import click

    return isinstance(parameter, click.Argument)


def _option(option: Any) -> tuple[str, str]:
    import click

    default = "" if option.is_flag or option.required else _default(_plain(option.default))
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    among = f" One of {', '.join(choices)}." if choices else ""
    needed = " Required." if option.required else ""
    return default, f"{option.help or ''}{among}{needed}".strip()


def _plain(default: Any) -> Any:
    # click marks "no default" by a value of its own.
    return default if isinstance(default, str | int | float | bool | Path) else None


def _management_names() -> list[str]:
    from django.core.management import get_commands

    return sorted(name for name, app in get_commands().items() if app == CLI)


def _management(name: str) -> str:
    from django.core.management import load_command_class

    command = load_command_class(CLI, name)
    parser = command.create_parser("watchfloor manage", name)
    own = [action for action in parser._actions if action.dest not in _DJANGO_OPTIONS]
    options = [action for action in own if action.option_strings]
    arguments = [str(action.metavar or action.dest) for action in own if action not in options]
    rows = [
        (
            f"`{', '.join(action.option_strings)}`",
            "" if action.required or action.nargs == 0 else _default(action.default),
            _argument(action),
        )
        for action in options
    ]
    return "\n\n".join(
        [
            f"## `{' '.join(['watchfloor manage', name, *arguments])}`",
            command.help,
            table(("option", "default", "what it does"), rows),
        ]
    )


_DJANGO_OPTIONS = frozenset(
    {
        "force_color",
        "help",
        "no_color",
        "pythonpath",
        "settings",
        "skip_checks",
        "traceback",
        "verbosity",
        "version",
    }
)


def _argument(action: argparse.Action) -> str:
    among = f" One of {', '.join(action.choices)}." if action.choices else ""
    needed = " Required." if action.required else ""
    return f"{action.help or ''}{among}{needed}".strip()


def api_page() -> str:
    """Return the page of the API: its words as they stand, its routes anew."""
    text = (REFERENCE / "api.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition(ROUTES_BEGIN)
    _, end, after = rest.partition(ROUTES_END)
    return "".join([before, begin, "\n\n", _routes(), "\n\n", end, after])


ROUTES_BEGIN = "<!-- routes, written by `make docs` -->"
ROUTES_END = "<!-- end of routes -->"


def _routes() -> str:
    from watchfloor.entrypoints.api.views.documents import OpenAPIDocument
    from watchfloor.entrypoints.http_ingest.schema import describe_ingest

    paths = OpenAPIDocument(additions=(describe_ingest,))._make()["paths"]
    rows = [
        (
            f"`{method.upper()} {path}`",
            f"`{_permission_of(path, method)}`",
            f"{said['summary']}. {said['description']}",
        )
        for path, methods in sorted(paths.items())
        for method, said in methods.items()
    ]
    return table(("route", "permission", "what it does"), rows)


def _permission_of(path: str, method: str) -> str:
    """Return what a caller must be granted for a route; the ingest door checks its own."""
    from django.urls import resolve

    from watchfloor.entrypoints.api.permissions import permission_of
    from watchfloor.tenants.roles import Permission

    number, uuid = "1", "00000000-0000-8000-8000-000000000000"
    asked = re.sub(r"{prediction_id}", uuid, path)
    view = resolve(re.sub(r"{\w+}", number, asked)).func
    view_class = getattr(view, "view_class", None)
    asked_for = permission_of(view_class, method) if view_class else Permission.SUBMIT_EVENTS
    return str(asked_for.value)


def _default(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(f"`{item}`" for item in value) or "none"
    return f"`{value}`" if str(value) else "empty"


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "ml-config.md": ml_config_page,
    "thresholds.md": thresholds_page,
    "reasons.md": reasons_page,
    "roles.md": roles_page,
    "commands.md": commands_page,
    "api.md": api_page,
}


def stale() -> list[str]:
    """Return the pages that differ from what the code says."""
    return [
        name
        for name, page in PAGES.items()
        if not (REFERENCE / name).exists()
        or (REFERENCE / name).read_text(encoding="utf-8") != page()
    ]


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description="Write the generated reference pages.")
    parser.add_argument("--check", action="store_true", help="Only say which are stale.")
    check = parser.parse_args().check
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchfloor.config.settings")
    import django

    django.setup()
    old = stale()
    for name in old:
        if not check:
            (REFERENCE / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"{'stale' if check else 'written'}: docs/reference/{name}")
    guides = guide_tables.stale() if check else guide_tables.write()
    for guide in guides:
        print(f"{'stale' if check else 'written'}: {guide.relative_to(ROOT)}")
    return 1 if check and (old or guides) else 0


if __name__ == "__main__":
    sys.exit(main())
