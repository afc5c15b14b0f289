"""Whether Watchfloor itself is well, in one line for the wall and in full for its own page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from watchfloor.core.errors import WatchfloorError
from watchfloor.entrypoints import clock, ingest_health
from watchfloor.entrypoints.console.wording import age_text, count_text, unknown
from watchfloor.ledger import audit_queries, readiness
from watchfloor.ml.inference import model_queries
from watchfloor.noc.intake import activity_signals
from watchfloor.noc.live import presence
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

GOOD, WARN, BAD, OFF, ELSEWHERE = "good", "warn", "bad", "off", "elsewhere"
# Nothing is said for so long of the operation's time, and somebody should look.
SILENT = timedelta(hours=1)
LATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of life: how it stands in a word, and what is behind it."""

    label: str
    state: str
    words: str
    href: str = ""

    @property
    def word(self) -> str:
        """The state as a word: colour alone says nothing."""
        return {
            GOOD: gettext("well"),
            WARN: gettext("look"),
            BAD: gettext("failed"),
            OFF: gettext("not configured"),
            ELSEWHERE: gettext("elsewhere"),
        }[self.state]


def strip_of(actor: Actor, *, now: datetime) -> tuple[Sign, ...]:
    """Return the few signs that stand on the wall."""
    return (edge(actor, now=now), models(actor), planned_work(actor, now=now), relay(actor))


def database() -> Sign:
    """Return whether the database answers and is up to date."""
    label = gettext("Database")
    try:
        readiness.ask_database()
        missing = readiness.unapplied_migrations()
    except (DatabaseError, WatchfloorError) as error:
        return Sign(label, BAD, gettext("does not answer: %(error)s") % {"error": error})
    if missing:
        words = gettext("%(n)s migrations are missing") % {"n": count_text(len(missing))}
        return Sign(label, BAD, words)
    return Sign(label, GOOD, gettext("answers, every migration is in"))


def edge(actor: Actor, *, now: datetime) -> Sign:
    """Return when the edge was last heard, and whether its door listens."""
    heard_at = activity_signals.last_received_at(actor.tenant)
    listening = ingest_health.current()
    label = gettext("Edge")
    if heard_at is None:
        words, state = gettext("no event yet"), WARN
    else:
        words = gettext("last heard %(age)s ago") % {
            "age": age_text(max_of(heard_at, now), now=now)
        }
        state = GOOD if now - heard_at < SILENT else WARN
    if listening is not None and not listening.is_connected:
        return Sign(label, BAD, gettext("broker away, %(words)s") % {"words": words})
    return Sign(label, state, words)


def max_of(heard_at: datetime, now: datetime) -> datetime:
    """Return the moment something was heard; a clock that ran ahead is not in the future."""
    return min(heard_at, now)


def models(actor: Actor) -> Sign:
    """Return whether a drift alarm is open, or a promoted model is watched."""
    cards = model_queries.model_cards(tenant=actor.tenant)
    alarmed = sum(card.alarmed_at is not None for card in cards)
    watched = sum(card.watch is not None for card in cards)
    serving = sum(card.version is not None for card in cards)
    may_see = actor.may(Permission.VIEW_MODELS)
    href = reverse("console:models", args=[actor.tenant.code]) if may_see else ""
    label = gettext("Models")
    if alarmed:
        return Sign(label, BAD, gettext("%(n)s with a drift alarm") % {"n": alarmed}, href)
    if watched:
        return Sign(
            label, GOOD, gettext("%(n)s watched after its promotion") % {"n": watched}, href
        )
    if not serving:
        return Sign(label, WARN, gettext("none serves yet"), href)
    return Sign(label, GOOD, gettext("%(n)s serving, no alarm") % {"n": serving}, href)


def planned_work(actor: Actor, *, now: datetime) -> Sign:
    """Return whether planned work is late or was given up."""
    work = audit_queries.due_work(tenant=actor.tenant, now=now, limit=1)
    href = reverse("console:health", args=[actor.tenant.code])
    label = gettext("Planned work")
    if work.failed:
        return Sign(label, BAD, gettext("some was given up"), href)
    if work.late_since is not None and now - work.late_since > LATE:
        words = gettext("%(n)s late by %(age)s") % {
            "n": count_text(work.n_late),
            "age": age_text(work.late_since, now=now),
        }
        return Sign(label, WARN, words, href)
    return Sign(label, GOOD, gettext("nothing late"), href)


def relay(actor: Actor) -> Sign:
    """Return how many messages wait to be told, and how many pages listen."""
    state = audit_queries.relay_state(actor.tenant)
    pages = presence.listening(tenant=actor.tenant, real_now=clock.real_now())
    listen = ngettext("%(pages)s page listens", "%(pages)s pages listen", pages)
    wait = ngettext("%(n)s message waits", "%(n)s messages wait", state.waiting)
    words = f"{listen % {'pages': count_text(pages)}}, {wait % {'n': count_text(state.waiting)}}"
    return Sign(gettext("Live updates"), GOOD if state.waiting < 1000 else WARN, words)


def broker() -> Sign:
    """Return whether the door for MQTT is connected, where this process has it."""
    found = ingest_health.current()
    label = gettext("MQTT")
    if found is None:
        words = gettext("another process runs the ingest, if one does")
        return Sign(label, ELSEWHERE, words)
    if not found.is_connected:
        return Sign(label, BAD, gettext("not connected"))
    words = gettext("connected, %(n)s messages between receipt and commit") % {
        "n": count_text(found.waiting)
    }
    return Sign(label, GOOD, words)


def counters() -> tuple[tuple[str, str], ...]:
    """Return what the ingest of this process has counted so far, all customers together."""
    found = ingest_health.current()
    if found is None:
        return ()
    last = found.last_message_at
    age = unknown() if last is None else age_text(last, now=clock.real_now())
    return (
        (gettext("Received"), count_text(found.received)),
        (gettext("Stored"), count_text(found.stored)),
        (gettext("Duplicate"), count_text(found.duplicate)),
        (gettext("Dead letters"), count_text(found.dead)),
        (gettext("Last message"), age),
    )


def later() -> tuple[Sign, ...]:
    """Return the parts that this version does not have, named so that nobody waits for them."""
    words = gettext("comes with a later version")
    names = (
        gettext("Backup and restore"),
        gettext("Retention"),
        gettext("Circuit breakers"),
        gettext("Escalation and on-call"),
        gettext("Several hosts"),
    )
    return tuple(Sign(name, OFF, words) for name in names)
