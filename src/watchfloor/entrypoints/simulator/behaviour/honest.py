"""
One honest shift as drafts of its events.

A fraud is a change made to these drafts afterwards, so whatever both share (rounding, missing
values, identifiers, delays) cannot tell them apart.
"""

import numpy as np

from watchfloor.entrypoints.simulator.behaviour import phone
from watchfloor.entrypoints.simulator.behaviour.conditions import SiteDay
from watchfloor.entrypoints.simulator.behaviour.draft import NO_FIX, Draft, Moment, Photo
from watchfloor.entrypoints.simulator.behaviour.fixes import draw_fixes
from watchfloor.entrypoints.simulator.behaviour.schedule import honest_moments
from watchfloor.entrypoints.simulator.records import PUNCHES, EventType
from watchfloor.entrypoints.simulator.roster import PlannedShift
from watchfloor.entrypoints.simulator.substreams import substream, unit
from watchfloor.entrypoints.simulator.world import World, desk_of, device_of


def honest_shift(world: World, shift: PlannedShift, *, around: SiteDay) -> list[Draft]:
    """Return the events of one shift as an honest guard makes them, in order of time."""
    config = world.config
    rng = substream(config.seed, "guard", shift.guard.code, shift.day, shift.slot)
    moments = honest_moments(config.attendance, shift, around=around, rng=rng)
    drafts = _observed(world, shift, moments, around=around, rng=rng)
    return _with_forgotten_check_out(world, shift, drafts)


def _observed(
    world: World,
    shift: PlannedShift,
    moments: list[Moment],
    *,
    around: SiteDay,
    rng: np.random.Generator,
) -> list[Draft]:
    config = world.config
    at = np.array([moment.at for moment in moments])
    fixes = draw_fixes(
        config.positions,
        shift.site,
        at=at,
        east_m=np.array([moment.east_m for moment in moments]),
        north_m=np.array([moment.north_m for moment in moments]),
        phone_quality=shift.guard.phone_quality,
        rng=rng,
    )
    arrives, late = phone.arrivals(config, shift, at=at, around=around, rng=rng)
    network = phone.networks(shift, late=late, rng=rng)
    wifi, cell = phone.radio(config, shift, around=around, n=len(at), rng=rng)
    battery = phone.battery(at, rng=rng)
    steps = phone.steps(config, moments, rng=rng)
    device = device_of(world, shift.guard, day=shift.day)
    mock = phone.mock_flag(config, device, day=shift.day)
    return [
        Draft(
            event_type=moment.event_type,
            name=moment.name,
            at=moment.at,
            due=moment.due,
            arrives=arrives[i],
            device=device,
            fix=fixes[i],
            mock=mock,
            wifi=wifi[i],
            cell=cell[i],
            photo=_photo(world, shift, moment, rng=rng),
            battery=battery[i],
            network=network[i],
            steps=steps[i],
        )
        for i, moment in enumerate(moments)
    ]


def _photo(
    world: World, shift: PlannedShift, moment: Moment, *, rng: np.random.Generator
) -> Photo | None:
    if moment.event_type not in PUNCHES:
        return None
    return phone.photo(world.config, shift, rng=rng)


def _with_forgotten_check_out(
    world: World, shift: PlannedShift, drafts: list[Draft]
) -> list[Draft]:
    """A forgotten check-out is missing, and sometimes a supervisor enters it later by hand."""
    choices = world.config.attendance
    luck = unit(world.config.seed, "forgotten", shift.key)
    if luck >= choices.check_out_forgotten:
        return drafts
    if luck >= choices.check_out_forgotten * choices.forgotten_corrected:
        return drafts[:-1]
    return [*drafts[:-1], _correction(world, shift, forgotten=drafts[-1])]


def _correction(world: World, shift: PlannedShift, *, forgotten: Draft) -> Draft:
    low_h, high_h = world.config.attendance.correction_hours
    delay_h = low_h + (high_h - low_h) * unit(world.config.seed, "correction", shift.key)
    at = shift.end + 3600.0 * delay_h
    supervisor = world.index.supervisor_of_site[shift.site.code]
    desk = desk_of(world, supervisor)
    return Draft(
        event_type=EventType.CORRECTION,
        name="fix",
        at=at,
        due=shift.end,
        arrives=at + world.config.arrivals.prompt_s[0],
        device=desk,
        fix=NO_FIX,
        mock=False if desk.tells_mock else None,
        wifi=None,
        cell=None,
        photo=None,
        battery=forgotten.battery,
        network="wifi",
        steps=None,
        manual_by=supervisor.code,
    )
