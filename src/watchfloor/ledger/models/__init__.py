"""The tables of what must not be lost."""

from watchfloor.ledger.models.audit import AuditEntry, ChainedRow
from watchfloor.ledger.models.clock import ClockRow
from watchfloor.ledger.models.due import DueRow
from watchfloor.ledger.models.outbox import OutboxMessage

__all__ = ["AuditEntry", "ChainedRow", "ClockRow", "DueRow", "OutboxMessage"]
