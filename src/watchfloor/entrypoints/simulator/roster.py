"""Planned shifts of one day: who should stand where, and who does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time

from watchfloor.core.geo import haversine_m
from watchfloor.entrypoints.simulator.behaviour.conditions import day_conditions
from watchfloor.entrypoints.simulator.population.entities import (
    Guard,
    Hours,
    Post,
    Site,
    is_in_force,
)
from watchfloor.entrypoints.simulator.substreams import unit
from watchfloor.entrypoints.simulator.world import World

# Local hours [start, end); an end below its start is on the next day.
SLOTS: dict[Hours, tuple[tuple[int, int], ...]] = {
    Hours.ROUND_THE_CLOCK: ((6, 14), (14, 22), (22, 6)),
    Hours.DAY: ((8, 18),),
    Hours.NIGHT: ((20, 6),),
}
NIGHT_FROM_HOUR = 20
DAYS_PER_TURN = 2
SECOND_SITE_SLOT = 9
QUARTER_HOUR_S = 900.0


@dataclass(frozen=True, slots=True)
class PlannedShift:
    """
    One shift of one post; `start` and `end` are seconds since 1970 in UTC.

    `guard` is who comes; `entered` is False where a replacement never reached the roster, and
    then the events carry no shift.
    """

    key: str
    day: int
    slot: int
    site: Site
    post: Post
    guard: Guard
    start: float
    end: float
    start_hour: int
    entered: bool = True

    @property
    def is_night(self) -> bool:
        """Whether it begins at eight in the evening, local time, or later."""
        return self.start_hour >= NIGHT_FROM_HOUR


def day_roster(world: World, day: int) -> tuple[PlannedShift, ...]:
    """Return the shifts that begin on a local day; a slot nobody can fill stays open."""
    busy = {guard.code for guard in _late_from_yesterday(world, day)}
    regular: list[PlannedShift] = []
    for post in world.posts:
        for slot in range(len(SLOTS[post.hours])):
            shift = _staffed(world, post, day=day, slot=slot, busy=busy)
            if shift is not None:
                busy.add(shift.guard.code)
                regular.append(shift)
    return (*regular, *_second_sites(world, regular))


def planned_guard(world: World, post: Post, *, day: int, slot: int) -> Guard | None:
    """Return whose turn it is: two mornings, two evenings, two nights, then days off."""
    crew = world.index.crew_of_post.get(post.code, ())
    if not crew:
        return None
    holders = crew[(day // DAYS_PER_TURN - slot) % len(crew)]
    return next((guard for guard in holders if is_in_force(guard, day)), None)


def _late_from_yesterday(world: World, day: int) -> Iterator[Guard]:
    """Yield whose turn ran into this morning; their replacements are not followed."""
    for post in world.posts:
        slot = len(SLOTS[post.hours]) - 1
        if post.hours is not Hours.DAY:
            guard = planned_guard(world, post, day=day - 1, slot=slot)
            if guard is not None and planned_guard(world, post, day=day, slot=slot) != guard:
                yield guard


def _staffed(
    world: World, post: Post, *, day: int, slot: int, busy: set[str]
) -> PlannedShift | None:
    planned = planned_guard(world, post, day=day, slot=slot)
    if planned is not None and (planned.code in busy or _on_vacation(world, planned, day)):
        planned = None
    swapped = planned is not None and _is_swapped(world, post, day=day, slot=slot)
    stand_in = None
    if planned is None or swapped:
        stand_in = _find_stand_in(world, post, day=day, slot=slot, busy=busy)
    guard = stand_in or planned
    if guard is None:
        return None
    shift = _shift(world, post, guard, day=day, slot=slot)
    if swapped and stand_in is not None:
        return replace(shift, entered=not _is_forgotten(world, shift))
    return shift


def _shift(world: World, post: Post, guard: Guard, *, day: int, slot: int) -> PlannedShift:
    from_hour, to_hour = SLOTS[post.hours][slot]
    start = _instant(world, post, day=day, hour=from_hour)
    end = _instant(world, post, day=day + (to_hour <= from_hour), hour=to_hour)
    return PlannedShift(
        key=f"SH-{world.date_of(day):%Y%m%d}-{post.code.removeprefix('POST-')}-{slot + 1}",
        day=day,
        slot=slot,
        site=world.index.site[post.site],
        post=post,
        guard=guard,
        start=start,
        end=end,
        start_hour=from_hour,
    )


def _instant(world: World, post: Post, *, day: int, hour: int) -> float:
    zone = world.index.zone[post.site]
    return datetime.combine(world.date_of(day), time(hour), tzinfo=zone).timestamp()


def _on_vacation(world: World, guard: Guard, day: int) -> bool:
    choices = world.config.roster
    return (day + guard.vacation_phase) % choices.vacation_every_days < choices.vacation_days


def _is_swapped(world: World, post: Post, *, day: int, slot: int) -> bool:
    choices = world.config.roster
    share = choices.replaced_share
    if day_conditions(world, post.tenant, day).is_holiday:
        share *= choices.holiday_swap_factor
    return unit(world.config.seed, "swap", post.code, day, slot) < share


def _is_forgotten(world: World, shift: PlannedShift) -> bool:
    draw = unit(world.config.seed, "not_entered", shift.key)
    return draw < world.config.roster.replacement_not_entered


def _find_stand_in(
    world: World, post: Post, *, day: int, slot: int, busy: set[str]
) -> Guard | None:
    """Return a free guard who knows the site: the relief pool first, then by lot."""
    free = [
        guard
        for guard in world.index.guards_for_site.get(post.site, ())
        if guard.code not in busy
        and is_in_force(guard, day)
        and not _on_vacation(world, guard, day)
        and not _has_own_turn(world, guard, day)
    ]
    if not free:
        return None
    seed = world.config.seed
    return min(
        free,
        key=lambda guard: (
            guard.home_post is not None,
            unit(seed, "stand_in", post.code, day, slot, guard.code),
        ),
    )


def _has_own_turn(world: World, guard: Guard, day: int) -> bool:
    if guard.home_post is None:
        return False
    post = world.index.post[guard.home_post]
    slots = range(len(SLOTS[post.hours]))
    return any(planned_guard(world, post, day=day, slot=slot) == guard for slot in slots)


def _second_sites(world: World, regular: list[PlannedShift]) -> Iterator[PlannedShift]:
    """Yield short shifts at another site, for guards who finish early enough to travel."""
    for shift in regular:
        if shift.is_night or not shift.guard.relief_sites:
            continue
        luck = unit(world.config.seed, "second_site", shift.key)
        if luck < world.config.roster.second_site_share:
            yield _second_site(world, shift)


def _second_site(world: World, shift: PlannedShift) -> PlannedShift:
    choices = world.config.roster
    away = [code for code in shift.guard.relief_sites if code != shift.site.code]
    site = world.index.site[away[0] if away else shift.guard.home_site]
    post = world.index.posts_of_site[site.code][0]
    way_m = haversine_m(lat=shift.site.lat, lon=shift.site.lon, to_lat=site.lat, to_lon=site.lon)
    ready = shift.end + 2 * QUARTER_HOUR_S + 3.6 * way_m / choices.travel_kmh
    start = -(-ready // QUARTER_HOUR_S) * QUARTER_HOUR_S
    return PlannedShift(
        key=f"{shift.key}-R",
        day=shift.day,
        slot=SECOND_SITE_SLOT,
        site=site,
        post=post,
        guard=shift.guard,
        start=start,
        end=start + 3600.0 * choices.second_site_hours,
        start_hour=shift.start_hour + 9,
    )
