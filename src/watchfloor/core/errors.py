"""
Every error Watchfloor raises on purpose.

* WatchfloorError
  x InvalidInput             the caller's fault; HTTP 400; names field, value and expectation
    + MalformedReading       one message from the edge; kept as a dead letter
    + InvalidConfiguration   a setting or ML_CONFIG key; the process refuses to start
  x NotAllowed               the tenant or role may not; HTTP 403
  x NotFound                 nothing of that name for this tenant; HTTP 404
  x NotReady                 correct request, wrong moment; HTTP 409
    + ChangedMeanwhile       the row moved on after it was read
    + SecondPersonWanted     one person alone may not do this; it can be proposed
    + RetrainAlreadyQueued   one active retrain job per tenant and model type
    + Overloaded             take less for a moment; HTTP 429
  x ArtifactCorrupt          stored bytes differ from their digest; HTTP 500, alert
"""

from typing import Any


class WatchfloorError(Exception):
    """Base of all errors raised on purpose."""


class InvalidInput(WatchfloorError):
    """A value from outside that does not fit: says which field, what came, what was expected."""

    def __init__(self, *, field: str, value: Any, expected: str) -> None:
        self.field = field
        self.value = value
        self.expected = expected
        super().__init__(f"{field}: got {_shown(value)}, expected {expected}")


class MalformedReading(InvalidInput):
    """One message from the edge that cannot be read; it is kept as a dead letter."""


class InvalidConfiguration(InvalidInput):
    """A setting that does not fit; nothing starts with it."""


class NotAllowed(WatchfloorError):
    """The tenant or role may not do this."""


class NotFound(WatchfloorError):
    """Nothing of that name exists for this tenant."""


class NotReady(WatchfloorError):
    """A correct request at the wrong moment."""


class ChangedMeanwhile(NotReady):
    """The row moved on after it was read: read again, decide again."""


class SecondPersonWanted(NotReady):
    """One person alone may not do this: it can be proposed, and somebody else approves it."""


class RetrainAlreadyQueued(NotReady):
    """This tenant and model type already have an active retrain job."""


class Overloaded(NotReady):
    """More than the process may hold in memory; try again after a moment."""


class ArtifactCorrupt(WatchfloorError):
    """Stored bytes differ from their digest, or a golden input scores differently."""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
