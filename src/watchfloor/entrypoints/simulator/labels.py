"""
What people find out, how late, and how wrongly.

Three sources: reviewers work the day's strongest rule alerts, clients complain about what they
could see, auditors check sites by lot. Who is never found is called honest by all of them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watchfloor.core.local_time import day_bounds
from watchfloor.entrypoints.simulator.config import LabelChoices, WorldConfig
from watchfloor.entrypoints.simulator.day import WorkedShift
from watchfloor.entrypoints.simulator.population.entities import Site
from watchfloor.entrypoints.simulator.records import PUNCHES, Detectability, Label, TruthRow
from watchfloor.entrypoints.simulator.rules import rule_scores
from watchfloor.entrypoints.simulator.substreams import substream, unit
from watchfloor.entrypoints.simulator.world import World

FRAUD, HONEST = "fraud", "honest"
WORKING_DAYS_OF_SEVEN = 5 / 7
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class LabelSubject:
    """
    Something that can be labelled: a check-in, a check-out, or for A6 a shift.

    `known_from` is the arrival of the last event it rests on: no label is older.
    """

    subject_id: str
    site: Site
    known_from: datetime
    row: TruthRow | None

    @property
    def finding(self) -> str:
        """What an observer without error would say; who is never found passes as honest."""
        return FRAUD if self.row is not None and not self.row.never_found else HONEST


def label_subjects(shifts: Iterable[WorkedShift]) -> Iterator[LabelSubject]:
    """Yield what can be labelled in some shifts."""
    for worked in shifts:
        rows = {row.subject_id: row for row in worked.truth}
        for event in worked.events:
            if event.event_type in PUNCHES:
                row = rows.get(event.event_id)
                yield LabelSubject(event.event_id, worked.shift.site, event.server_at, row)
        if (asleep := rows.get(worked.shift.key)) is not None:
            last = max(event.server_at for event in worked.events)
            yield LabelSubject(worked.shift.key, worked.shift.site, last, asleep)


def day_labels(world: World, day: int, shifts: Sequence[WorkedShift]) -> list[Label]:
    """Return every label that the shifts of one local day will ever get."""
    subjects = list(label_subjects(shifts))
    return [
        *_reviews(world, _alerted(world, shifts, subjects)),
        *_complaints(world, subjects),
        *_audits(world, day, subjects),
    ]


def _alerted(
    world: World, shifts: Sequence[WorkedShift], subjects: Iterable[LabelSubject]
) -> list[LabelSubject]:
    """
    Return the strongest rule alerts of the day, as many per tenant as reviewers work.

    Nobody works at weekends, so five sevenths of a working day's capacity stand for each day.
    """
    events = sorted(
        (event for worked in shifts for event in worked.events),
        key=lambda event: (event.server_at, event.event_id),
    )
    scores = rule_scores(events, sites=world.index.site)
    ranked = sorted(
        (one for one in subjects if scores.get(one.subject_id, 0.0) > 0.0),
        key=lambda one: (-scores[one.subject_id], one.subject_id),
    )
    capacity = round(world.config.labels.review_capacity_per_day * WORKING_DAYS_OF_SEVEN)
    return [
        one
        for tenant in world.tenants
        for one in [one for one in ranked if one.site.tenant == tenant.code][:capacity]
    ]


def _reviews(world: World, alerted: Iterable[LabelSubject]) -> Iterator[Label]:
    choices = world.config.labels
    for one in alerted:
        rng = substream(world.config.seed, "review", one.subject_id)
        luck, judgement, noise = rng.random(), rng.random(), rng.standard_normal()
        if luck < choices.review_unclear:
            continue
        confirm = choices.review_hit if one.finding == FRAUD else choices.review_false_confirm
        delay_days = choices.review_median_days * math.exp(choices.review_sigma * noise)
        yield Label(
            event_id=one.subject_id,
            label=FRAUD if judgement < confirm else HONEST,
            source="review",
            available_at=_on_working_day(one.known_from + timedelta(days=delay_days)),
        )


def _on_working_day(at: datetime) -> datetime:
    """Return the same hour on Monday for a weekend, the instant itself otherwise."""
    return at + timedelta(days=7 - at.weekday() if at.weekday() >= SATURDAY else 0)


def _complaints(world: World, subjects: Iterable[LabelSubject]) -> Iterator[Label]:
    """
    Yield complaints: true ones about visible A1 and A6, and false ones about anybody.

    False ones come at the rate that makes them the configured share of all complaints.
    """
    choices = world.config.labels
    false_rate = _false_complaint_rate(world.config)
    for one in subjects:
        strictness = world.index.supervisor_of_site[one.site.code].strictness
        rate = 2.0 * strictness * (choices.complaint_share if _is_seen(one) else false_rate)
        rng = substream(world.config.seed, "complaint", one.subject_id)
        if rng.random() < rate:
            delay = timedelta(days=rng.uniform(*choices.complaint_days))
            yield Label(
                event_id=one.subject_id,
                label=FRAUD,
                source="complaint",
                available_at=one.known_from + delay,
            )


def _is_seen(one: LabelSubject) -> bool:
    return (
        one.row is not None
        and one.finding == FRAUD
        and one.row.archetype in ("A1", "A6")
        and one.row.detectability is Detectability.VISIBLE
    )


def _false_complaint_rate(config: WorldConfig) -> float:
    """Return the rate of false complaints for one subject, from the expected true ones."""
    choices, fraud = config.labels, config.fraud
    found = fraud.detectability[0] * (1.0 - fraud.never_found)
    # Two punches for each shift, and nights are a third of the shifts.
    sleep_rate = (fraud.night_sleep_rate + 2.0 * fraud.day_sleep_rate) / 3.0 / 2.0
    true_rate = fraud.common_factor * (fraud.buddy_rate + sleep_rate) * found
    odds = choices.complaint_false / (1.0 - choices.complaint_false)
    return true_rate * choices.complaint_share * odds


def _audits(world: World, day: int, subjects: Iterable[LabelSubject]) -> Iterator[Label]:
    """Yield audit findings: whole months of sites drawn by lot, the only unbiased labels."""
    choices = world.config.labels
    seed = world.config.seed
    block = day // choices.audit_block_days
    for one in subjects:
        if unit(seed, "audit", one.site.code, block) >= choices.audit_site_share:
            continue
        rng = substream(seed, "audited", one.subject_id)
        wrong = rng.random() < choices.audit_wrong
        yield Label(
            event_id=one.subject_id,
            label=FRAUD if (one.finding == FRAUD) != wrong else HONEST,
            source="audit",
            available_at=_audited_at(world, choices, one, block=block, luck=rng.random()),
        )


def _audited_at(
    world: World, choices: LabelChoices, one: LabelSubject, *, block: int, luck: float
) -> datetime:
    """An audit begins when its month is over, and reports within the configured days."""
    over_on = world.date_of((block + 1) * choices.audit_block_days)
    month_over, _ = day_bounds(over_on, UTC)
    soonest, latest = (one.known_from + timedelta(days=days) for days in choices.audit_days)
    soonest = max(soonest, month_over)
    return soonest + luck * max(latest - soonest, timedelta(0))
