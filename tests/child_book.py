"""
Everything that a database holds, as JSON, so that two databases can be compared row by row.

Keys are replaced by the order in which they were given: a database skips some after a crash.
What only says how often something was tried is left out.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

# Passwords and tokens are drawn anew in each; hints to pages say what was tried, not what is.
LEFT_OUT_TABLES = {"ledger_outbox", "tenants_user", "tenants_api_token", "ledger_clock"}
LEFT_OUT = {
    "ledger_due": {"attempts", "leased_by", "leased_until", "last_error"},
    # The chain is walked instead: a deed may name the key of a row.
    "ledger_audit": {"hash", "prev_hash", "target_id"},
    "noc_threshold_audit_log": {"hash", "prev_hash"},
}
ROOMS = {"ledger", "tenants", "ml", "noc"}
# "drift:17", "retrain:2", "watch:1": named after the key of a row.
KEYED = re.compile(r"^([a-z_]+):\d+$")
KEYS = {"job_id", "watch_id", "report_id"}
# Keys of rows of another table that are columns without being relations.
KEYS_OF = {"last_outcome_id": "ml_outcome"}


def main() -> None:
    """Print the tables by name, each as its sorted rows, and whether the chains are whole."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "watchfloor.config.settings"
    import django

    django.setup()
    from django.apps import apps

    from watchfloor.ledger import audit
    from watchfloor.tenants.models import Tenant

    tables = [m for m in apps.get_models() if m._meta.app_label in ROOMS]
    ranks = {model._meta.db_table: _ranks(model) for model in tables}
    book: dict[str, Any] = {
        model._meta.db_table: sorted(json.dumps(row) for row in _rows(model, ranks))
        for model in tables
        if model._meta.db_table not in LEFT_OUT_TABLES
    }
    book["chains are whole"] = [
        audit.verify_chain(tenant=tenant).is_whole for tenant in Tenant.objects.order_by("code")
    ]
    json.dump(book, sys.stdout)


def _ranks(model: Any) -> dict[Any, Any]:
    keys = model._base_manager.order_by("pk").values_list("pk", flat=True)
    return {key: n if isinstance(key, int) else str(key) for n, key in enumerate(keys, 1)}


def _rows(model: Any, ranks: dict[str, dict[Any, Any]]) -> Iterator[dict[str, Any]]:
    left_out = LEFT_OUT.get(model._meta.db_table, set())
    fields = [field for field in model._meta.concrete_fields if field.name not in left_out]
    for row in model._base_manager.all():
        found = {}
        for field in fields:
            value = getattr(row, field.attname)
            table = _table_of(field)
            if table in ranks:
                value = ranks[table].get(value, value)
            found[field.name] = _plain(value)
        yield found


def _table_of(field: Any) -> str | None:
    """Return the table whose keys a column holds, or None."""
    if field.is_relation:
        return field.related_model._meta.db_table
    return field.model._meta.db_table if field.primary_key else KEYS_OF.get(field.name)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "a key" if k in KEYS else _plain(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(bytes(value)).hexdigest()
    if isinstance(value, str):
        return KEYED.sub(r"\1:key", value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


if __name__ == "__main__":
    main()
