"""The five numbers of the wall in words: value, n, interval, promise, and the line behind each."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from watchfloor.entrypoints.console import figures
from watchfloor.entrypoints.console.parts import Kpi
from watchfloor.entrypoints.console.wording import age_text, count_text, percent_text
from watchfloor.noc.queries.wall_numbers import Automation, Kept, Waiting, WallNumbers
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission


def kpis_of(numbers: WallNumbers, *, actor: Actor, now: datetime) -> tuple[Kpi, ...]:
    """Return the five numbers as the wall shows them."""
    code = actor.tenant.code
    models = reverse("console:models", args=[code]) if actor.may(Permission.VIEW_MODELS) else ""
    return (
        _critical(numbers.critical, now, reverse("console:alerts", args=[code])),
        _review(numbers.review, now, reverse("console:review", args=[code])),
        _automation(numbers.automation, models),
        _false_tickets(numbers.false_tickets, reverse("console:tickets", args=[code])),
        _coverage(numbers.coverage, models),
    )


def _critical(waiting: Waiting, now: datetime, href: str) -> Kpi:
    note = gettext("none waits")
    if waiting.oldest_at is not None:
        note = gettext("oldest %(age)s") % {"age": age_text(waiting.oldest_at, now=now)}
    return Kpi(
        "critical",
        gettext("Open critical"),
        count_text(waiting.n),
        note,
        f"{href}?status=open&severity=CRITICAL",
        _line(waiting.by_hour),
        tone="bad" if waiting.n else "quiet",
    )


def _review(waiting: Waiting, now: datetime, href: str) -> Kpi:
    note = gettext("none waits")
    if waiting.median_at is not None:
        note = gettext("median wait %(age)s") % {"age": age_text(waiting.median_at, now=now)}
    if waiting.held:
        note += gettext(", %(n)s held behind the cap") % {"n": count_text(waiting.held)}
    label = gettext("Waiting for review")
    return Kpi("review", label, count_text(waiting.n), note, href, _line(waiting.by_hour))


def _automation(automation: Automation, href: str) -> Kpi:
    n = count_text(automation.n)
    return Kpi(
        "automatic",
        gettext("Handled without a person"),
        percent_text(automation.share),
        gettext("n = %(n)s today") % {"n": n} if automation.n else gettext("no prediction today"),
        href,
        _line(automation.by_day),
    )


def _false_tickets(kept: Kept, href: str) -> Kpi:
    promise = percent_text(kept.promised, decimals=0)
    note = gettext("promised ≤ %(promise)s, none is judged yet") % {"promise": promise}
    if kept.rate.upper is not None:
        note = gettext("promised ≤ %(promise)s, upper %(upper)s, n = %(n)s") % {
            "promise": promise,
            "upper": percent_text(kept.rate.upper),
            "n": count_text(kept.rate.n),
        }
    is_broken = kept.rate.value is not None and kept.rate.value > kept.promised
    return Kpi(
        "false",
        gettext("False automatic tickets"),
        percent_text(kept.rate.value),
        note,
        f"{href}?status=resolved",
        _line(kept.by_day, target=kept.promised),
        tone="bad" if is_broken else "good",
    )


def _coverage(kept: Kept, href: str) -> Kpi:
    note = gettext("no outcome is known yet")
    if kept.rate.lower is not None and kept.rate.upper is not None:
        note = gettext("band %(lower)s – %(upper)s, n = %(n)s in %(days)s d") % {
            "lower": percent_text(kept.rate.lower),
            "upper": percent_text(kept.rate.upper),
            "n": count_text(kept.rate.n),
            "days": kept.days,
        }
    return Kpi(
        "coverage",
        gettext("Coverage at 95 %"),
        percent_text(kept.rate.value),
        note,
        href,
        _line(kept.by_day, target=kept.promised),
        tone="accent",
    )


def _line(values: Sequence[float | int | None], *, target: float | None = None) -> str:
    return figures.sparkline(values, target=target)
