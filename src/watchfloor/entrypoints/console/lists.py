"""Reading where somebody stands in a list out of an address, and leading on from there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext

from watchfloor.entrypoints.console.wording import count_text
from watchfloor.noc.queries.floor_queries import Shown
from watchfloor.tenants.paging import Page, Place

LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Pager:
    """Where the neighbours of a page are, and how many rows it shows."""

    newer_href: str
    older_href: str
    shown: str


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at a list."""

    label: str
    href: str
    is_current: bool
    count: int | None = None


def place_of(request: HttpRequest) -> Place:
    """Return the place an address names; what is no key is its newest end."""
    return Place(after=_key(request, "after"), before=_key(request, "before"))


def _key(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    is_key = text.isascii() and text.isdecimal() and len(text) <= 19
    return int(text) if is_key and int(text) <= LARGEST_KEY else None


def pager_of(request: HttpRequest, page: Page[Any]) -> Pager:
    """Return the ways on from a page; the rest of the address stays as it is."""
    return Pager(
        newer_href=_with(request, before=page.newer_than) if page.newer_than else "",
        older_href=_with(request, after=page.older_than) if page.older_than else "",
        shown=gettext("%(n)s shown") % {"n": count_text(len(page.rows))},
    )


def _with(request: HttpRequest, **changes: int | None) -> str:
    kept = {k: v for k, v in request.GET.items() if k not in {"after", "before"}}
    return f"?{urlencode(kept | {k: v for k, v in changes.items() if v is not None})}"


def tabs_of(
    current: str, labels: dict[str, str], *, name: str = "status", kept: dict[str, str]
) -> tuple[Tab, ...]:
    """
    Return a tab for each word a list can be asked for.

    Args:
        kept: other parts of the address that every tab keeps; empty ones are left out.
    """
    rest = {key: value for key, value in kept.items() if value}
    return tuple(
        Tab(label, f"?{urlencode({name: word} | rest)}", word == current)
        for word, label in labels.items()
    )


def chosen(request: HttpRequest, name: str, among: dict[str, Any] | tuple[str, ...]) -> str:
    """Return which of some words an address asks for; the first one where it names none."""
    wanted = request.GET.get(name, "")
    return wanted if wanted in among else next(iter(among))


def rows_path(address: str, page: Page[Any], *, read_at: datetime, **kept: str) -> str:
    """Return where the live rows of a page are fetched; it says what the page shows already."""
    oldest = page.rows[-1].pk if page.rows else 0
    asked = {key: value for key, value in kept.items() if value}
    return f"{address}?{urlencode({'from': oldest, 'read_at': read_at.isoformat()} | asked)}"


def shown_of(request: HttpRequest, *, now: datetime) -> Shown:
    """Return what the page that asks for live rows shows: its oldest row, and its moment."""
    return Shown(oldest=_key(request, "from") or 0, read_at=moment_of(request, "read_at") or now)


def moment_of(request: HttpRequest, name: str) -> datetime | None:
    """Return a moment an address names; None for what is none."""
    try:
        moment = parse_datetime(request.GET.get(name, ""))
    except ValueError:
        return None
    return moment if moment is not None and is_aware(moment) else None
