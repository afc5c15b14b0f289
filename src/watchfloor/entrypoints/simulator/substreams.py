"""Chance by name: each entity and day draws from its own stream, so neighbours never shift it."""

import hashlib

import numpy as np

_GOLDEN = 0.6180339887498949  # (sqrt(5) - 1) / 2: multiples modulo 1 fill [0, 1) evenly


def substream(seed: int, *name: str | int) -> np.random.Generator:
    """
    Return the generator that belongs to a name under a seed.

    >>> substream(1, "guard", "G-0001", 7).random() == substream(1, "guard", "G-0001", 7).random()
    True
    """
    return np.random.Generator(np.random.PCG64(int.from_bytes(_digest(seed, name), "little")))


def unit(seed: int, *name: str | int) -> float:
    """Return one number in [0, 1) that belongs to a name; cheaper than a stream of its own."""
    return (int.from_bytes(_digest(seed, name)[:8], "little") >> 11) * 2.0**-53


def even_unit(seed: int, name: str, *, index: int) -> float:
    """
    Return a number in [0, 1) such that consecutive indices cover the interval evenly.

    A share of 6 % then holds closely among thirty guards already, and adding a guard moves
    nobody: the value depends on the own index alone.
    """
    return (unit(seed, name) + index * _GOLDEN) % 1.0


def code(seed: int, *name: str | int, length: int = 16) -> str:
    """Return `length` hexadecimal digits that belong to a name."""
    return _digest(seed, name).hex()[:length]


def _digest(seed: int, name: tuple[str | int, ...]) -> bytes:
    text = "\x1f".join((str(seed), *map(str, name)))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
