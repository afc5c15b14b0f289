"""What stands around every page: where one may go, for whom, and what is automatic just now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext

from watchfloor.entrypoints.console.wording import (
    NBSP,
    count_text,
    number_text,
    unit_text,
    unknown,
)


class Automation(StrEnum):
    """Whether anything is decided without a person at this moment."""

    OFF = "off"
    ON = "on"
    STOPPED = "stopped"

    @property
    def words(self) -> str:
        """Say it in an operator's words."""
        return {
            Automation.OFF: gettext("Automation off"),
            Automation.ON: gettext("Automation on"),
            Automation.STOPPED: gettext("Automation stopped"),
        }[self]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place to go. `count` is what waits there; None shows no number."""

    key: str
    label: str
    href: str
    icon: str
    shortcut: str
    count: int | None = None
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class TenantLink:
    """Another tenant the person belongs to, and the way there."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Shell:
    """
    The frame of a page.

    `main` holds at most four places, the ones of the bottom bar of a phone; `rest` stands below
    them, on a phone behind "More". `as_of` is the clock the page was read at; `speed` is 1 when
    that clock is the wall clock. `live_path` is where the page listens; empty means it does not.
    `live_seq` is the latest change the page already shows. `account_path` is where a person
    looks after their own password; `others` are the tenants they may go to.
    """

    main: tuple[NavItem, ...]
    rest: tuple[NavItem, ...]
    tenant: str
    person: str
    role: str
    automation: Automation
    as_of: datetime
    speed: float = 1.0
    lag_ms: int | None = None
    live_path: str = ""
    live_seq: int | None = None
    home_path: str = "/"
    sign_out_path: str = ""
    account_path: str = ""
    others: tuple[TenantLink, ...] = ()

    @property
    def waiting_elsewhere(self) -> int:
        """How much waits in places a phone hides behind "More"."""
        return sum(item.count or 0 for item in self.rest)

    @property
    def lag_text(self) -> str:
        """Return how far the page is behind the edge, in seconds with one decimal."""
        if self.lag_ms is None:
            return unknown()
        return f"{number_text(self.lag_ms / 1000, decimals=1)}{NBSP}{unit_text('s')}"

    @property
    def speed_text(self) -> str:
        """Return how many seconds of the clock pass in one second."""
        return count_text(round(self.speed))
