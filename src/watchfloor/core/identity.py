"""Ids that any process computes alike: a repeated message finds its first row."""

import hashlib
import uuid
from datetime import datetime


def event_uuid(*, tenant: str, source: str, event_id: str, occurred_at: datetime) -> uuid.UUID:
    """
    Return the id of one event: ordered by time, equal for equal arguments.

    48 bits of milliseconds since 1970 come first, so that rows of one day lie together in
    an index; the rest are bits of a SHA-256 over the identity.

    Source:
        RFC 9562, section 5.8 (UUID version 8).

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> event_uuid(tenant="acme", source="http", event_id="e1", occurred_at=at).version
    8
    """
    identity = "\x1f".join((tenant, source, event_id)).encode()
    digest = bytearray(hashlib.sha256(identity).digest()[:16])
    milliseconds = int(occurred_at.timestamp() * 1000)
    digest[0:6] = milliseconds.to_bytes(6, "big")
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(digest))
