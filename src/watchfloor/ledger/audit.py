"""Append deeds to a tenant's chain, and check that nobody changed it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import rfc8785
from django.db import models, transaction

from watchfloor.ledger.models import AuditEntry, ChainedRow
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant

FIRST = "0" * 64
Chained = TypeVar("Chained", bound=ChainedRow)


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a walk along one tenant's chain found."""

    rows: int
    head: str
    broken_at: int | None

    @property
    def is_whole(self) -> bool:
        """True when every row's hash covers its content and the row before it."""
        return self.broken_at is None


@transaction.atomic
def append(
    *,
    tenant: Tenant,
    actor: str,
    action: str,
    target_kind: str,
    target_id: str,
    now: datetime,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write down one deed in the transaction of the deed itself."""
    return append_row(
        AuditEntry(
            tenant=tenant,
            at=now,
            actor=actor,
            action=action,
            target_kind=target_kind,
            target_id=target_id,
            reason=reason,
            detail=dict(detail or {}),
        )
    )


def append_row(row: Chained) -> Chained:
    """Give an unsaved row its place in its tenant's chain and store it."""
    table = type(row)
    # The tenant row is the lock of its chain: two deeds at once wait for each other.
    directory.hold(row.tenant)
    last = table._default_manager.filter(tenant_id=row.tenant_id).order_by("-seq").first()
    row.seq = last.seq + 1 if last else 1
    row.prev_hash = last.hash if last else FIRST
    row.hash = row_hash(row)
    row.save(force_insert=True)
    return row


def verify_chain(*, tenant: Tenant, table: type[ChainedRow] = AuditEntry) -> ChainCheck:
    """Walk a tenant's chain from its first row; the first row that does not fit ends the walk."""
    before, n = FIRST, 0
    for row in table._default_manager.filter(tenant=tenant).order_by("seq").iterator():
        n += 1
        if row.seq != n or row.prev_hash != before or row.hash != row_hash(row):
            return ChainCheck(rows=n, head=before, broken_at=n)
        before = row.hash
    return ChainCheck(rows=n, head=before, broken_at=None)


def row_hash(row: ChainedRow) -> str:
    """
    Return SHA-256 over the canonical JSON of every column but the key and the hash itself.

    Source:
        RFC 8785, JSON Canonicalization Scheme.
    """
    content = {
        field.attname: _plain(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.name not in {"id", "hash"}
    }
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, models.Model):
        return value.pk
    return value
