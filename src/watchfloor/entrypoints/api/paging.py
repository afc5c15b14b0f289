"""Lists come in pages, newest first; the last id of one page asks for the next."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.request import Request

from watchfloor.entrypoints.api.fields import LARGEST_ID, RowId
from watchfloor.entrypoints.api.fitting import Strict, fitted

Row = TypeVar("Row")
MOST_ROWS = 200
_DAY_KEY = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{1,18})")


class PageQuery(Strict):
    """Which part of a list."""

    after = RowId(required=False, help_text="`next` of the page before; older rows follow.")
    limit = serializers.IntegerField(
        default=50, min_value=1, max_value=MOST_ROWS, help_text="Most rows in the answer."
    )


class DayKey(serializers.CharField):
    """A day and the id of a row of it, as `next` of a list of days writes them."""

    def to_internal_value(self, data: Any) -> Any:
        """Return (day, id)."""
        found = _DAY_KEY.fullmatch(str(data))
        try:
            if found is not None and int(found[2]) <= LARGEST_ID:
                return date.fromisoformat(found[1]), int(found[2])
        except ValueError:
            pass  # such as the 30th of February: told below like any other misfit
        raise serializers.ValidationError("`next` of the page before")


def read_query(query: type[Strict], request: Request) -> dict[str, Any]:
    """
    Return the parameters of a list.

    Raises:
        InvalidInput: a parameter that does not exist, or a value that does not fit.
    """
    return fitted(query, request.query_params.dict())


def page(
    rows: Sequence[Row],
    *,
    limit: int,
    show: Callable[[Row], Any],
    key: Callable[[Row], int | str],
) -> dict[str, Any]:
    """
    Return one page as JSON has it.

    Args:
        rows: up to `limit` + 1 rows; the one too many says that more follow.
        show: what a row looks like.
        key: what asks for the rows behind a row.

    >>> page([9, 8, 7], limit=2, show=str, key=lambda row: row)
    {'items': ['9', '8'], 'next': 8}
    >>> page([9, 8], limit=2, show=str, key=lambda row: row)["next"] is None
    True
    """
    kept = rows[:limit]
    return {
        "items": [show(row) for row in kept],
        "next": key(kept[-1]) if len(rows) > limit else None,
    }
