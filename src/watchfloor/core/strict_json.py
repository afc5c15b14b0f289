"""
JSON from strangers: read once, strictly, and hold every flaw against the item it stands in.

What two readers could read differently (repeated keys, NaN, numbers beyond a float) and what a
database column cannot hold (NUL, lone surrogates) is refused, never mended.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from watchfloor.core.errors import MalformedReading

MAX_BYTES = 1 << 20
MAX_DEPTH = 8
MAX_DIGITS = 20  # holds any unsigned 64-bit number
MAX_KEYS = 100
MAX_TEXT = 4096
MAX_NAME = 120  # of a part, as an error names it


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands where a value could not be read, until its own item is judged."""

    shown: str
    expected: str


def read_json(payload: bytes) -> Any:
    """
    Return what a message holds; flaws inside wait for `refuse_flaws`, item by item.

    Raises:
        MalformedReading: larger than 1 MiB, not UTF-8, not JSON, or nested beyond reading.

    >>> read_json(b'{"lat": 52.5}')
    {'lat': 52.5}
    """
    if len(payload) > MAX_BYTES:
        raise MalformedReading(
            field="payload", value=f"{len(payload)} bytes", expected=f"at most {MAX_BYTES} bytes"
        )
    try:
        return _DECODER.decode(bytes(payload).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedReading(
            field="payload", value=payload[:60], expected="UTF-8 text"
        ) from error
    except json.JSONDecodeError as error:
        raise MalformedReading(
            field="payload", value=payload[:60], expected=f"JSON ({error.msg} at {error.pos})"
        ) from error
    except RecursionError as error:
        raise MalformedReading(
            field="payload", value=payload[:60], expected=f"at most {MAX_DEPTH} levels"
        ) from error


def refuse_flaws(value: Any, *, name: str = "event", depth: int = MAX_DEPTH) -> None:
    """
    Pass a value whose every part can be stored as it stands.

    Args:
        value: one item of what `read_json` returned.
        name: what the error calls it.
        depth: levels that may still open below it.

    Raises:
        MalformedReading: naming the part, as in `location.lat`.
    """
    check = _CHECKS.get(type(value))
    if check is not None:
        check(value, name, depth)


def _check_flaw(flaw: _Flaw, name: str, _depth: int) -> None:
    raise MalformedReading(field=name, value=flaw.shown, expected=flaw.expected)


def _check_number(number: float, name: str, _depth: int) -> None:
    if not math.isfinite(number):
        raise MalformedReading(field=name, value=number, expected="a number a float can hold")


def _check_text(text: str, name: str, _depth: int) -> None:
    if len(text) > MAX_TEXT:
        expected = f"at most {MAX_TEXT} characters"
        raise MalformedReading(field=name, value=text[:60], expected=expected)
    if "\0" in text or not (text.isascii() or _is_unicode(text)):
        raise MalformedReading(
            field=name, value=text[:60], expected="text without NUL and lone surrogates"
        )


def _check_object(members: dict[str, Any], name: str, depth: int) -> None:
    _check_opens(len(members), name, depth)
    prefix = "" if depth == MAX_DEPTH else f"{name}."
    for key, value in members.items():
        _check_text(key, f"a key of {name}", depth)
        check = _CHECKS.get(type(value))
        if check is not None:
            check(value, (prefix + key)[:MAX_NAME], depth - 1)


def _check_list(items: list[Any], name: str, depth: int) -> None:
    _check_opens(len(items), name, depth)
    for index, value in enumerate(items):
        refuse_flaws(value, name=f"{name}[{index}]", depth=depth - 1)


def _check_opens(n: int, name: str, depth: int) -> None:
    if depth <= 0:
        # The value itself is not shown: its text may be nested beyond what repr can write.
        raise MalformedReading(field=name, value="more", expected=f"at most {MAX_DEPTH} levels")
    if n > MAX_KEYS:
        raise MalformedReading(field=name, value=f"{n} members", expected=f"at most {MAX_KEYS}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


_CHECKS: Mapping[type, Callable[[Any, str, int], None]] = {
    _Flaw: _check_flaw,
    float: _check_number,
    str: _check_text,
    dict: _check_object,
    list: _check_list,
}


def _unrepeated(pairs: list[tuple[str, Any]]) -> Any:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    keys = [key for key, _ in pairs]
    repeated = next(key for key in keys if keys.count(key) > 1)
    return _Flaw(f"key {repeated[:60]!r} twice", "each key once")


def _no_constant(token: str) -> _Flaw:
    return _Flaw(token, "a finite number")


def _whole(digits: str) -> Any:
    # Beyond 4300 digits int() itself raises, which would condemn the whole message.
    if len(digits) > MAX_DIGITS:
        return _Flaw(f"{digits[:20]}...", f"at most {MAX_DIGITS} digits")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unrepeated, parse_constant=_no_constant, parse_int=_whole
)
