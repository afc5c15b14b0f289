"""How the ingest of this process is doing: told by the door that listens, read by any page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IngestHealth:
    """
    One look at the ingest; counts are of events, since the process started, after commit.

    Args:
        is_connected: signed in and subscribed at this moment.
        last_message_at: machine time; None before the first.
        waiting: messages received and not yet committed.
    """

    is_connected: bool
    last_message_at: datetime | None
    waiting: int
    received: int
    stored: int
    duplicate: int
    dead: int


_look: Callable[[], IngestHealth] | None = None


def tell(look: Callable[[], IngestHealth] | None) -> None:
    """Name who can be asked, or nobody when the ingest has ended."""
    global _look  # one ingest a process
    _look = look


def current() -> IngestHealth | None:
    """Return how the ingest is doing, or None where this process runs none."""
    return None if _look is None else _look()
