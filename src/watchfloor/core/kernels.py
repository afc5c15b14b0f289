"""
Which twin of a loop runs: the compiled one where numba is installed and pays, else the plain.

A loop is one function over columns that fills its results in. Both twins are the same source
and give the same bits; only the time differs. numba is imported by the first work that is large
enough to pay for it, never by an import of this package.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from types import FunctionType
from typing import Any

import numpy as np
import numpy.typing as npt

from watchfloor.core.errors import NotReady

COMPILING_S = 3.0
"""Seconds that the import of numba and the compiling of one loop may take."""

Loop = Callable[..., Any]
Column = npt.NDArray[np.float64] | npt.NDArray[np.int64]

_compiled: dict[Loop, Loop] = {}
_builders: dict[Loop, Callable[[], Loop]] = {}
_spent_s: dict[Loop, float] = {}


class Twin(StrEnum):
    """The two ways to run a loop."""

    PLAIN = "plain"
    COMPILED = "compiled"


@cache
def twins() -> tuple[Twin, ...]:
    """Return the twins that can run here, the plain one first."""
    return tuple(Twin) if find_spec("numba") is not None else (Twin.PLAIN,)


def twin_for(loop: Loop, *, plain_s: float) -> Twin:
    """
    Return the twin that a loop should run as now.

    The plain one until this process has spent as long in it as compiling takes: so nothing
    is ever more than twice as slow as with the better choice from the start.

    Args:
        loop: the function that is to run.
        plain_s: about how many seconds its plain twin takes for this work.

    >>> twin_for(print, plain_s=0.001)
    <Twin.PLAIN: 'plain'>
    """
    if loop in _compiled:
        return Twin.COMPILED
    _spent_s[loop] = _spent_s.get(loop, 0.0) + plain_s
    pays = _spent_s[loop] > COMPILING_S and Twin.COMPILED in twins()
    return Twin.COMPILED if pays else Twin.PLAIN


def compiled_by(build: Callable[[], Loop]) -> Callable[[Loop], Loop]:
    """Let a function be compiled by `build` where its source would not give the fast code."""

    def register(plain: Loop) -> Loop:
        _builders[plain] = build
        return plain

    return register


def compiled(loop: Loop) -> Loop:
    """
    Return the compiled twin of a loop; compiled by its first call, once for this machine.

    Raises:
        NotReady: numba is not installed.
    """
    if loop not in _compiled:
        _compiled[loop] = _compile(loop)
    return _compiled[loop]


def run(loop: Loop, *, read: Sequence[Column], filled: Sequence[Column], twin: Twin) -> None:
    """
    Run a loop over columns, `read` before `filled`.

    Args:
        loop: the function; it takes the columns one after another.
        read: what it only reads.
        filled: what it writes to; its own notes too.
        twin: which of the two is to run.
    """
    if twin is Twin.COMPILED:
        compiled(loop)(*read, *filled)
        return
    # Lists: one element of an array at a time would cost four times as much.
    results = [column.tolist() for column in filled]
    loop(*(column.tolist() for column in read), *results)
    for column, result in zip(filled, results, strict=True):
        column[:] = result


def _compile(loop: Loop) -> Loop:
    if Twin.COMPILED not in twins():
        raise NotReady("numba is not installed: pip install 'watchfloor[fast]'")
    if loop in _builders:
        return _builders[loop]()
    import numba

    source = _with_compiled_parts(loop)
    try:
        return numba.njit(source, cache=True, nogil=True)
    except RuntimeError:
        # Nowhere to keep it: it is compiled anew in each process.
        return numba.njit(source, nogil=True)


def _with_compiled_parts(loop: Loop) -> Loop:
    """Return the loop with the functions that it calls by name replaced by compiled ones."""
    parts = {
        name: compiled(part)
        for name in loop.__code__.co_names
        if isinstance(part := loop.__globals__.get(name), FunctionType)
    }
    named = {**loop.__globals__, **parts}
    return FunctionType(loop.__code__, named, loop.__name__)
