"""
Monitor states as bytes: canonical JSON, every float in hexadecimal, so that no digit is lost.

Equal states have equal bytes on every machine; a rollback restores them to the last bit.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol, Self, TypeVar

import rfc8785

from watchfloor.core.errors import ArtifactCorrupt, WatchfloorError


class State(Protocol):
    """What can be written as a record of plain values and read back from it."""

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields as numbers, texts, dates, None and nested sequences of them."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the state from what `state_bytes` made of its record."""


StateT = TypeVar("StateT", bound=State)

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, WatchfloorError)


def state_bytes(state: State, *, form: str) -> bytes:
    """
    Return the canonical bytes of a state.

    Args:
        form: name and number of the layout, such as `watchfloor-monitor-1`.

    Source:
        RFC 8785, JSON Canonicalization Scheme.
    """
    return rfc8785.dumps({"format": form, **_exact(state.to_record())})


def read_state(data: bytes, kind: type[StateT], *, form: str) -> StateT:
    """
    Return the state that `state_bytes` wrote.

    Raises:
        ArtifactCorrupt: another format, or any byte that this version would write otherwise.
    """
    try:
        record = json.loads(data)
        state = kind.from_record(record) if record["format"] == form else None
        intact = state is not None and state_bytes(state, form=form) == data
    except _UNREADABLE as error:
        raise ArtifactCorrupt(f"{form}: the stored state cannot be read") from error
    if state is None or not intact:
        raise ArtifactCorrupt(f"{form}: the stored state was written otherwise")
    return state


def floats_of(texts: list[str]) -> tuple[float, ...]:
    """Return floats from their hexadecimal texts."""
    return tuple(map(float.fromhex, texts))


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _exact(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(each) for each in value]
    return value
