"""Long lists, fifty rows at a time: a page is found by its neighbour's key, never by counting."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

PAGE = 50

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where in a list somebody stands; both None is its newest end.

    Args:
        after: rows older than the row of this key.
        before: rows newer than it; `after` is then ignored.
    """

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page, newest first, with the keys that lead to its neighbours; None where none is."""

    rows: tuple[Row, ...]
    newer_than: int | None
    older_than: int | None


def page_of(rows: QuerySet[Row], *, place: Place, key: str = "pk", limit: int = PAGE) -> Page[Row]:
    """
    Return one page of rows in falling order of a whole-number key; one query.

    Args:
        rows: scoped and filtered, in no order yet.
        key: a unique, indexed column of whole numbers.
        limit: most rows of the page.
    """
    if place.before is not None:
        found = list(rows.filter(**{f"{key}__gt": place.before}).order_by(key)[: limit + 1])
        kept, has_newer = found[:limit][::-1], len(found) > limit
        return _page(kept, key=key, has_newer=has_newer, has_older=True)
    if place.after is not None:
        rows = rows.filter(**{f"{key}__lt": place.after})
    found = list(rows.order_by(f"-{key}")[: limit + 1])
    return _page(
        found[:limit],
        key=key,
        has_newer=place.after is not None,
        has_older=len(found) > limit,
    )


def _page(kept: list[Row], *, key: str, has_newer: bool, has_older: bool) -> Page[Row]:
    if not kept:
        return Page((), None, None)
    newest, oldest = (int(getattr(row, key)) for row in (kept[0], kept[-1]))
    return Page(
        rows=tuple(kept),
        newer_than=newest if has_newer else None,
        older_than=oldest if has_older else None,
    )
