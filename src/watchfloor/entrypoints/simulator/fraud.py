"""
Who commits what on which shift: intents first, then the buddies who lend a hand.

An intent depends on its own guard and day alone, so it can be found for yesterday as well; a
buddy must be on duty at the site and must not be committing anything himself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from watchfloor.entrypoints.simulator.behaviour.conditions import DayConditions, day_conditions
from watchfloor.entrypoints.simulator.config import FraudChoices, WorldConfig
from watchfloor.entrypoints.simulator.drift import evolved_share
from watchfloor.entrypoints.simulator.population.entities import Guard, Integrity
from watchfloor.entrypoints.simulator.records import Detectability
from watchfloor.entrypoints.simulator.roster import PlannedShift
from watchfloor.entrypoints.simulator.substreams import substream, unit
from watchfloor.entrypoints.simulator.world import World

MARGIN_S = 600.0  # who leaves ten minutes before cannot help
OPPORTUNITY = {"night": 1.6, "eve": 2.5, "bad_day": 1.8}
DAYS_PER_WEEK = 7
SEASONS_CACHED = 8192


@dataclass(frozen=True, slots=True)
class Intent:
    """What one guard is about to do on one shift."""

    archetype: str
    detectability: Detectability
    evolved: bool
    never_found: bool


@dataclass(frozen=True, slots=True)
class FraudPlan:
    """An intent made possible: for A1 with the shifts of those who check in and out instead."""

    shift: PlannedShift
    intent: Intent
    check_in_buddy: PlannedShift | None = None
    check_out_buddy: PlannedShift | None = None

    @property
    def ring(self) -> str | None:
        """The ring of a buddy punch, None for what one does alone."""
        return self.shift.guard.ring if self.check_in_buddy else None


def day_intents(world: World, roster: Iterable[PlannedShift]) -> dict[str, Intent]:
    """Return the intents of a day's roster by shift; most shifts have none."""
    found = ((shift.key, _find_intent(world, shift)) for shift in roster)
    return {key: intent for key, intent in found if intent is not None}


def day_plans(
    world: World,
    roster: Sequence[PlannedShift],
    *,
    intents: Mapping[str, Intent],
    present: Sequence[PlannedShift],
) -> list[FraudPlan]:
    """
    Return what is carried out; whoever finds no buddy for a check-in spoofs a position instead.

    Args:
        intents: of the roster and of everyone in `present`.
        present: shifts around this day, whose guards may help if they have no intent.
    """
    helpers = [shift for shift in present if shift.key not in intents]
    return [
        _carried_out(world, shift, intents[shift.key], helpers=helpers)
        for shift in roster
        if shift.key in intents
    ]


def _carried_out(
    world: World, shift: PlannedShift, intent: Intent, *, helpers: Sequence[PlannedShift]
) -> FraudPlan:
    if intent.archetype != "A1":
        return FraudPlan(shift=shift, intent=intent)
    at_start = _find_buddy(world, shift, at=shift.start, helpers=helpers)
    if at_start is None:
        alone = Intent("A2", intent.detectability, intent.evolved, intent.never_found)
        return FraudPlan(shift=shift, intent=alone)
    at_end = _find_buddy(world, shift, at=shift.end, helpers=helpers)
    return FraudPlan(shift=shift, intent=intent, check_in_buddy=at_start, check_out_buddy=at_end)


def _find_buddy(
    world: World, shift: PlannedShift, *, at: float, helpers: Sequence[PlannedShift]
) -> PlannedShift | None:
    """Prefer the own ring, then the less honest, then always the same mate."""
    on_duty = [
        other
        for other in helpers
        if other.site == shift.site
        and other.guard != shift.guard
        and other.start - MARGIN_S <= at <= other.end + MARGIN_S
    ]
    if not on_duty:
        return None
    return min(
        on_duty,
        key=lambda other: (
            other.guard.ring != shift.guard.ring,
            other.guard.integrity is Integrity.HONEST,
            unit(world.config.seed, "mates", shift.guard.code, other.guard.code),
        ),
    )


def _find_intent(world: World, shift: PlannedShift) -> Intent | None:
    choices = world.config.fraud
    rng = substream(world.config.seed, "fraud", shift.guard.code, shift.day, shift.slot)
    luck = rng.random()
    for archetype, rate in _rates(world, shift).items():
        if luck < rate:
            kinds = list(Detectability)
            return Intent(
                archetype=archetype,
                detectability=kinds[int(rng.choice(3, p=choices.detectability))],
                evolved=bool(rng.random() < evolved_share(world.config, shift.day)),
                never_found=bool(rng.random() < choices.never_found),
            )
        luck -= rate
    return None


def _rates(world: World, shift: PlannedShift) -> dict[str, float]:
    """Return the probability of each archetype on this shift; their mean over all is the target."""
    choices = world.config.fraud
    today = day_conditions(world, shift.site.tenant, shift.day)
    mood = _mood(world, shift, today)
    sleep_rate = choices.night_sleep_rate if shift.is_night else choices.day_sleep_rate
    buddy = choices.buddy_rate * _preference(choices, shift.guard, "A1")
    spoof = choices.spoof_rate * _preference(choices, shift.guard, "A2")
    rates = {
        "A1": mood * buddy * _ring_day(world, shift),
        "A2": mood * spoof,
        "A6": mood * sleep_rate,
    }
    total = sum(rates.values())
    scale = min(1.0, choices.cap / total) if total > 0.0 else 0.0
    return {archetype: scale * rate for archetype, rate in rates.items()}


def _mood(world: World, shift: PlannedShift, today: DayConditions) -> float:
    """Return the factor of this guard on this day, of mean about one over all guards and days."""
    choices = world.config.fraud
    guard = shift.guard
    factor = choices.common_factor * choices.cap_compensation
    factor *= 1.0 + (choices.emboldened - 1.0) * evolved_share(world.config, shift.day)
    factor *= guard.rate_multiplier * _class_factor(world.config, guard)
    if guard.integrity is Integrity.HONEST:
        return factor * _opportunity(shift, today)
    if not in_episode(world.config, guard, shift.day):
        return 0.0
    return factor * _rhythm(choices, guard, today) / _episode_share(choices)


def _class_factor(config: WorldConfig, guard: Guard) -> float:
    """Share of the events over share of the guards."""
    choices, people = config.fraud, config.guards
    rest = 1.0 - people.habitual_share - people.occasional_share
    rest_of_events = 1.0 - choices.habitual_of_events - choices.occasional_of_events
    return {
        Integrity.HABITUAL: choices.habitual_of_events / people.habitual_share,
        Integrity.OCCASIONAL: choices.occasional_of_events / people.occasional_share,
        Integrity.HONEST: rest_of_events / rest,
    }[guard.integrity]


def _preference(choices: FraudChoices, guard: Guard, archetype: str) -> float:
    """Everyone has a favourite trick; the mean over guards is one for each trick."""
    both = {"A1": choices.buddy_rate, "A2": choices.spoof_rate}
    others = 1.0 - choices.favourite_weight
    if guard.favourite != archetype:
        return others
    return others + choices.favourite_weight * sum(both.values()) / both[archetype]


def _opportunity(shift: PlannedShift, today: DayConditions) -> float:
    factor = 0.75  # undoes the mean of the factors below
    if shift.is_night:
        factor *= OPPORTUNITY["night"]
    if today.is_eve:
        factor *= OPPORTUNITY["eve"]
    if today.is_bad_day:
        factor *= OPPORTUNITY["bad_day"]
    return factor


def _rhythm(choices: FraudChoices, guard: Guard, today: DayConditions) -> float:
    """Two favourite weekdays and the week of pay, together of mean one."""
    favoured = choices.favourite_weekday_factor
    others = (DAYS_PER_WEEK - 2 * favoured) / (DAYS_PER_WEEK - 2)
    weekday = favoured if today.weekday in guard.weekdays else others
    pay = choices.pay_week_factor if today.is_pay_week else 1.0
    return weekday * pay / (1.0 + today.pay_week_share * (choices.pay_week_factor - 1.0))


def _ring_day(world: World, shift: PlannedShift) -> float:
    """A ring has days on which it dares, of mean one: daily counts vary more than Poisson's."""
    shape = world.config.fraud.ring_day_shape
    rng = substream(world.config.seed, "ring_day", shift.guard.ring, shift.day)
    return rng.gamma(shape, 1.0 / shape)


def in_episode(config: WorldConfig, guard: Guard, day: int) -> bool:
    """Return whether a dishonest guard is active: some weeks of each season, then a rest."""
    choices = config.fraud
    phase = int(unit(config.seed, "season", guard.code) * choices.season_days)
    season, at = divmod(day + phase, choices.season_days)
    begins, ends = _episode(choices, config.seed, guard.code, season)
    return begins <= at < ends


@lru_cache(maxsize=SEASONS_CACHED)
def _episode(choices: FraudChoices, seed: int, guard: str, season: int) -> tuple[float, float]:
    """Return one season's episode as [begin, end) in days; being caught cuts it short."""
    rng = substream(seed, "episode", guard, season)
    happens = rng.random() < choices.season_share
    length = rng.uniform(*choices.episode_days)
    begins = rng.uniform(0.0, choices.season_days - length)
    caught = rng.random() < choices.caught_share
    served = rng.random() if caught else 1.0
    return (begins, begins + length * served) if happens else (0.0, 0.0)


def _episode_share(choices: FraudChoices) -> float:
    mean_days = float(np.mean(choices.episode_days)) * (1.0 - choices.caught_share / 2.0)
    return choices.season_share * mean_days / choices.season_days
