"""Values the partial templates draw; a view fills them, a template never computes."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from watchfloor.entrypoints.console.figures import DrawnScore

SEVERITIES = ("critical", "high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class Kpi:
    """One number of the wall. `note` gives its n, interval or promise; `tone` colours the line."""

    key: str
    label: str
    value: str
    note: str = ""
    href: str = ""
    spark: str = ""
    tone: str = "quiet"


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One prediction or alert in a stream; `cursor` orders it, `key` names it across refreshes."""

    key: str
    cursor: str
    severity: str
    title: str
    detail: str
    where: str
    href: str
    drawn: DrawnScore
    verdict: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One step of a story; `actor` is a person's name, or what the machine part is called."""

    at: datetime
    actor: str
    is_person: bool
    words: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: whole numbers, so that the bar never lies about its end."""

    label: str
    done: int
    total: int
    unit: str
    note: str = ""

    @property
    def percent(self) -> int:
        """Return whole percents, 100 only when all is done."""
        return 100 * self.done // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Notice:
    """What an empty or failed part of a page says: what it is, what was kept, what to do."""

    title: str
    words: str
    action: str = ""
    href: str = ""
    reference: str = ""


def severity_word(severity: str) -> str:
    """
    Return the word that goes with a severity's shape and colour.

    >>> severity_word("critical"), severity_word("nonsense")
    ('Critical', 'Unknown')
    """
    words = {
        "critical": gettext("Critical"),
        "high": gettext("High"),
        "medium": gettext("Medium"),
        "low": gettext("Low"),
        "info": gettext("Info"),
    }
    return words.get(severity.lower(), gettext("Unknown"))
