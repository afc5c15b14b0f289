"""Everything one page says about one prediction: the mark, what it rests on, and its story."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from watchfloor.core.decision.policy import IntervalKind
from watchfloor.entrypoints.console import drawing
from watchfloor.entrypoints.console.figures import ContributionBar, DrawnScore
from watchfloor.entrypoints.console.numbers import ShownNumber, decimal_text, number_of
from watchfloor.entrypoints.console.parts import TimelineEntry
from watchfloor.entrypoints.console.wording import count_text, percent_text, score_text, unknown
from watchfloor.ml.inference import explanations
from watchfloor.ml.models import OutcomeRecord, ScoredPrediction
from watchfloor.ml.predictions import numeric_estimates
from watchfloor.noc.queries import decision_figures, prediction_queries
from watchfloor.noc.queries.prediction_queries import Consequences, Known
from watchfloor.tenants import people
from watchfloor.tenants.access import Actor
from watchfloor.tenants.roles import Permission

EARLIER = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a list of facts; `href` leads to the rows behind it."""

    label: str
    value: str
    href: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EarlierCase:
    """An earlier prediction about the same person or thing, and what it turned out to be."""

    title: str
    href: str
    at: datetime
    drawn: DrawnScore
    verdict: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is shown about one prediction, on its own page, a ticket's and a review's."""

    title: str
    severity: str
    drawn: DrawnScore
    alike: str
    intervals: tuple[tuple[str, str, str], ...]
    bars: tuple[ContributionBar, ...]
    features: tuple[tuple[str, str, str], ...]
    verdict: str
    reason: str
    failing: str
    number: ShownNumber | None
    facts: tuple[Fact, ...]
    earlier: tuple[EarlierCase, ...]
    story: tuple[TimelineEntry, ...]


def evidence_of(actor: Actor, prediction: ScoredPrediction) -> Evidence:
    """Return everything known about a prediction that this actor may see."""
    tenant = actor.tenant
    known = prediction_queries.known_about(tenant=tenant, prediction=prediction)
    found = prediction_queries.consequences_of(
        tenant=tenant, prediction=prediction, site_ids=actor.site_ids
    )
    told = decision_figures.told_of(tenant=tenant, prediction=prediction)
    shares = explanations.shares_of(tenant=tenant, prediction=prediction)
    return Evidence(
        title=drawing.title_of(prediction),
        severity=drawing.severity_of_score(prediction.score),
        drawn=drawing.drawn_score(prediction, known),
        alike=drawing.alike_words(prediction, known) if prediction.score is not None else "",
        intervals=drawing.interval_rows(known),
        bars=drawing.reason_bars(shares),
        features=drawing.feature_rows(prediction.features_json),
        verdict=drawing.verdict_word(prediction.decision),
        reason=told.sentence,
        failing=told.failing_sentence,
        number=number_of(tenant=tenant, prediction=prediction),
        facts=facts_of(actor, prediction, known),
        earlier=_earlier(actor, prediction),
        story=story_of(actor, prediction, found),
    )


def facts_of(actor: Actor, prediction: ScoredPrediction, known: Known | None) -> tuple[Fact, ...]:
    """Return model, calibration, thresholds and origin of a prediction, for a list."""
    models = reverse("console:model", args=[actor.tenant.code, prediction.model_type])
    version = f"{drawing.words_of(prediction.model_type)} {prediction.model_version}"
    place = drawing.place_of(prediction.site) or gettext("no site")
    return (
        Fact(gettext("Happened"), "", at=prediction.occurred_at),
        Fact(gettext("Decided"), "", at=prediction.predicted_at),
        Fact(gettext("Where"), place),
        Fact(gettext("Model"), version, href=models if actor.may(Permission.VIEW_MODELS) else ""),
        Fact(gettext("Calibration"), _calibration_words(prediction, known)),
        Fact(gettext("Review from"), score_text(prediction.review_score)),
        Fact(gettext("Certified from"), _certified_words(known)),
        *_promise_facts(prediction),
        Fact(gettext("Event"), f"{prediction.source}, {prediction.event_id}"),
    )


def _promise_facts(prediction: ScoredPrediction) -> tuple[Fact, ...]:
    """Return the thresholds in force and the promise asked for; nothing where none was kept."""
    eps_ticket, eps_clear, delta = prediction.eps_ticket, prediction.eps_clear, prediction.delta
    if eps_ticket is None or eps_clear is None or delta is None:
        return ()
    confidence = percent_text(1 - delta, decimals=0)
    return (
        Fact(gettext("Tickets from"), _score_or_none(prediction.ticket_threshold)),
        Fact(gettext("Clearing up to"), _score_or_none(prediction.clear_threshold)),
        Fact(
            gettext("Promise asked for"),
            gettext(
                "%(ticket)s false tickets, %(clear)s events among the cleared; "
                "it holds with %(sure)s"
            )
            % {
                "ticket": percent_text(eps_ticket),
                "clear": percent_text(eps_clear, decimals=2),
                "sure": confidence,
            },
        ),
        Fact(gettext("Probability known by"), _interval_kind_words(prediction.interval_kind)),
    )


def _score_or_none(score: float | None) -> str:
    return gettext("no score") if score is None else score_text(score)


def _interval_kind_words(kind: str) -> str:
    words = {
        IntervalKind.PROB_BIN.value: gettext("the outcomes of its score bin"),
        IntervalKind.VENN_ABERS.value: gettext("the Venn-Abers pair"),
    }
    return words.get(kind, gettext("nothing"))


def _calibration_words(prediction: ScoredPrediction, known: Known | None) -> str:
    if known is None and prediction.calibration_hash:
        return gettext("%(digest)s, cannot be read") % {"digest": prediction.calibration_hash[:12]}
    if known is None:
        return gettext("none was in force")
    return gettext("%(digest)s, n = %(n)s") % {
        "digest": prediction.calibration_hash[:12],
        "n": count_text(known.calibration_n),
    }


def _certified_words(known: Known | None) -> str:
    return unknown() if known is None else _score_or_none(known.certified_from)


def _earlier(actor: Actor, prediction: ScoredPrediction) -> tuple[EarlierCase, ...]:
    rows = prediction_queries.about_same(
        tenant=actor.tenant, prediction=prediction, site_ids=actor.site_ids, limit=EARLIER
    )
    known = prediction_queries.known_about_many(tenant=actor.tenant, predictions=rows)
    return tuple(
        EarlierCase(
            title=drawing.place_of(row.site) or drawing.title_of(row),
            href=drawing.prediction_href(actor.tenant.code, row.id),
            at=row.occurred_at,
            drawn=drawing.drawn_score(row, known[row.id]),
            verdict=drawing.verdict_word(row.decision),
            outcome=outcome_word(row.outcome),
        )
        for row in rows
    )


def outcome_word(outcome: float | None) -> str:
    """
    Return what a prediction turned out to be; not yet known is a word of its own.

    >>> outcome_word(1.0), outcome_word(0.0), outcome_word(None)
    ('confirmed', 'not confirmed', 'not known yet')
    """
    if outcome is None:
        return gettext("not known yet")
    return gettext("confirmed") if outcome >= 0.5 else gettext("not confirmed")


def story_of(
    actor: Actor, prediction: ScoredPrediction, found: Consequences
) -> tuple[TimelineEntry, ...]:
    """Return what happened to a prediction, newest first, people and machines alike."""
    names = people.names_of(_actors(found))
    entries = [
        TimelineEntry(
            prediction.occurred_at, prediction.source, False, gettext("The event happened")
        ),
        TimelineEntry(
            prediction.predicted_at,
            gettext("decision"),
            False,
            f"{drawing.verdict_word(prediction.decision)}: {score_text(prediction.score)}",
            drawing.sentence_of(prediction.reason),
        ),
        *_of_ticket(actor, found, names),
        *_of_review(actor, found, names),
        *(_of_outcome(record, names) for record in found.outcomes),
    ]
    # Built from the beginning, so that what happened in one moment keeps its order.
    in_order = sorted(entries, key=lambda entry: entry.at)
    return tuple(in_order[::-1])


def _actors(found: Consequences) -> list[str]:
    actors = [record.labeller for record in found.outcomes]
    actors += [found.ticket.resolved_by] if found.ticket else []
    return actors + ([found.review.done_by] if found.review else [])


def _of_ticket(actor: Actor, found: Consequences, names: dict[str, str]) -> list[TimelineEntry]:
    ticket = found.ticket
    if ticket is None:
        return []
    href = reverse("console:ticket", args=[actor.tenant.code, ticket.pk])
    who, is_person = drawing.actor_words(ticket.opened_by, names)
    facts: dict[str, Any] = {"number": count_text(ticket.number)}
    opened = gettext("Ticket %(number)s") % facts
    entries = [TimelineEntry(ticket.opened_at, who, is_person, opened, ticket.title, href)]
    if ticket.resolved_at is not None:
        who, is_person = drawing.actor_words(ticket.resolved_by, names)
        words = gettext("Ticket %(number)s closed") % facts
        detail = ". ".join(filter(None, (ticket.get_disposition_display(), ticket.note)))
        entries.append(TimelineEntry(ticket.resolved_at, who, is_person, words, detail, href))
    return entries


def _of_review(actor: Actor, found: Consequences, names: dict[str, str]) -> list[TimelineEntry]:
    item = found.review
    if item is None:
        return []
    href = reverse("console:review_item", args=[actor.tenant.code, item.pk])
    queue = gettext("review queue")
    kind = drawing.words_of(item.kind)
    entries = [
        TimelineEntry(item.created_at, queue, False, gettext("Waits for a verdict"), kind, href)
    ]
    if item.done_at is not None:
        who, is_person = drawing.actor_words(item.done_by, names)
        words = item.get_disposition_display()
        entries.append(TimelineEntry(item.done_at, who, is_person, words, "", href))
    return entries


def _of_outcome(record: OutcomeRecord, names: dict[str, str]) -> TimelineEntry:
    who, is_person = drawing.actor_words(record.labeller, names)
    is_number = record.log == numeric_estimates.LOG
    word = decimal_text(record.value) if is_number else outcome_word(record.value)
    told = gettext("Outcome: %(word)s") % {"word": word}
    detail = gettext("by %(source)s") % {"source": drawing.words_of(record.source)}
    if not record.is_current:
        detail += gettext(", overtaken by a later word")
    return TimelineEntry(record.recorded_at, who, is_person, told, detail)
