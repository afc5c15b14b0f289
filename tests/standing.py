"""Rows made once for several tests: one transaction around them all, taken back at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def standing(django_db_blocker) -> Iterator[None]:
    """
    Keep what is written inside for as long as the body lasts, then take it back.

    Each test that uses the database meanwhile is a savepoint within: its own changes go with
    it. Nothing is deleted row by row, which the audit would refuse.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
