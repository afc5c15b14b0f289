"""Bytes named by their digest: what was written is what is read, or nothing is."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from watchfloor.core.errors import ArtifactCorrupt, NotFound
from watchfloor.ml.models import Blob
from watchfloor.tenants.models import Tenant


def put_blob(*, tenant: Tenant, content: bytes, form: str, now: datetime) -> str:
    """
    Store bytes once and return their SHA-256.

    A row that has been damaged since is put right: the digest says that these are its bytes.
    """
    digest = hashlib.sha256(content).hexdigest()
    row, is_new = Blob.objects.get_or_create(
        tenant=tenant,
        sha256=digest,
        defaults={"content": content, "size": len(content), "format": form, "created_at": now},
    )
    if not is_new and bytes(row.content) != content:
        Blob.objects.filter(pk=row.pk).update(content=content, size=len(content))
    return digest


def get_blob(*, tenant: Tenant, sha256: str) -> bytes:
    """
    Return the bytes of a digest.

    Raises:
        NotFound: this tenant has no such blob.
        ArtifactCorrupt: the stored bytes no longer have this digest.
    """
    row = Blob.objects.for_tenant(tenant).filter(sha256=sha256).first()
    if row is None:
        raise NotFound(f"blob {sha256[:12]} of {tenant.code} does not exist")
    content = bytes(row.content)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ArtifactCorrupt(f"blob {sha256[:12]} of {tenant.code} holds other bytes")
    return content


def why_unreadable(*, tenant: Tenant, sha256: str, read: Callable[[bytes], object]) -> str:
    """Return what is wrong with stored bytes, read anew; empty where nothing is."""
    try:
        read(get_blob(tenant=tenant, sha256=sha256))
    except (NotFound, ArtifactCorrupt) as error:
        return str(error)
    return ""
