"""Keep what could not be read, visible and repeatable."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from watchfloor.core.errors import NotFound, NotReady
from watchfloor.noc.models import DeadLetter
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.tenants.models import Tenant

# A longer message is refused anyway; its head tells who sent it and its digest what it was.
KEPT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that could not be read, and why."""

    door: str
    topic: str
    payload: bytes
    field: str
    error: str


def keep(
    *, tenant: Tenant, unreadable: Unreadable, now: datetime, nth: int | None = None
) -> DeadLetter:
    """
    Store a message that could not be read; repeated, it is the same letter, counted.

    Args:
        nth: which of its repetitions this is, where the sender counts them; None for one more
            than were received before.
    """
    digest = hashlib.sha256(unreadable.payload).hexdigest()
    letter, created = DeadLetter.objects.get_or_create(
        tenant=tenant,
        door=unreadable.door,
        topic=unreadable.topic[:400],
        payload_sha256=digest,
        defaults={
            "payload": unreadable.payload[:KEPT_BYTES],
            "payload_size": len(unreadable.payload),
            "truncated": len(unreadable.payload) > KEPT_BYTES,
            "field": unreadable.field[:200],
            "error": unreadable.error,
            "first_received_at": now,
            "last_received_at": now,
        },
    )
    if not created:
        seen = DeadLetter.objects.filter(pk=letter.pk)
        if nth is not None:
            seen = seen.filter(occurrences__lt=nth)
        seen.update(occurrences=F("occurrences") + 1, last_received_at=now)
    return letter


def get_open(*, tenant: Tenant, letter_id: int) -> DeadLetter:
    """
    Return a dead letter that nobody has settled.

    Raises:
        NotFound: this tenant has no such letter.
        NotReady: it is settled already.
    """
    letter = DeadLetter.objects.for_tenant(tenant).filter(pk=letter_id).first()
    if letter is None:
        raise NotFound(f"dead letter {letter_id} does not exist")
    if letter.state != DeadLetterState.OPEN:
        raise NotReady(f"dead letter {letter_id} is {letter.state} already")
    return letter


def get_whole(*, tenant: Tenant, letter_id: int) -> DeadLetter:
    """
    Return an open dead letter that can be taken again, for all of it was kept.

    Raises:
        NotFound: this tenant has no such letter.
        NotReady: it is settled already, or only its head was kept.
    """
    letter = get_open(tenant=tenant, letter_id=letter_id)
    if letter.truncated:
        raise NotReady(f"dead letter {letter_id} is longer than what is kept of a message")
    return letter


def settle(
    *, letter: DeadLetter, state: DeadLetterState, actor: str, note: str, now: datetime
) -> None:
    """
    Close an open letter.

    Raises:
        NotReady: somebody settled it meanwhile.
    """
    won = DeadLetter.objects.filter(pk=letter.pk, state=DeadLetterState.OPEN).update(
        state=state, settled_at=now, settled_by=actor, note=note
    )
    if not won:
        raise NotReady(f"dead letter {letter.pk} was settled meanwhile")


def open_letters(*, tenant: Tenant, limit: int, before_id: int | None = None) -> list[DeadLetter]:
    """Return a page of letters, newest first, open and settled."""
    rows = DeadLetter.objects.for_tenant(tenant)
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    return list(rows.order_by("-pk")[:limit])


def count_open(tenant: Tenant) -> int:
    """Return how many letters wait for somebody."""
    return DeadLetter.objects.for_tenant(tenant).filter(state=DeadLetterState.OPEN).count()
