"""Somebody decides that a message nobody could read will not be taken again."""

from datetime import datetime

from django.db import transaction

from watchfloor.ledger import audit
from watchfloor.noc.intake import dead_letters
from watchfloor.noc.models.intake import DeadLetterState
from watchfloor.tenants.models import Tenant


@transaction.atomic
def dismiss_dead_letter(
    *, tenant: Tenant, letter_id: int, actor: str, reason: str, now: datetime
) -> None:
    """
    Close a dead letter that nobody will take again.

    Raises:
        NotFound: this tenant has no such letter.
        NotReady: it is settled already.
    """
    letter = dead_letters.get_open(tenant=tenant, letter_id=letter_id)
    dead_letters.settle(
        letter=letter, state=DeadLetterState.DISMISSED, actor=actor, note=reason, now=now
    )
    audit.append(
        tenant=tenant,
        actor=actor,
        action="dead_letter.dismissed",
        target_kind="dead_letter",
        target_id=str(letter.pk),
        reason=reason,
        now=now,
    )
