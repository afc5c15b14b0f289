"""One day made: planned shifts, honest behaviour, frauds upon it, and the finished events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from watchfloor.entrypoints.simulator.behaviour import archetypes
from watchfloor.entrypoints.simulator.behaviour.conditions import SiteDay, site_day
from watchfloor.entrypoints.simulator.behaviour.draft import Draft
from watchfloor.entrypoints.simulator.behaviour.honest import honest_shift
from watchfloor.entrypoints.simulator.behaviour.phone import app_version
from watchfloor.entrypoints.simulator.fraud import FraudPlan, day_intents, day_plans
from watchfloor.entrypoints.simulator.records import PUNCHES, EventType, SimulatedEvent, TruthRow
from watchfloor.entrypoints.simulator.roster import PlannedShift, day_roster
from watchfloor.entrypoints.simulator.substreams import code, substream
from watchfloor.entrypoints.simulator.world import World

Deed = tuple[list[Draft], tuple[TruthRow, ...]]
NOTHING: tuple[TruthRow, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkedShift:
    """One shift as it left its traces; `truth` is empty where all was honest."""

    shift: PlannedShift
    events: tuple[SimulatedEvent, ...]
    truth: tuple[TruthRow, ...]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day before it is worked: who stands where, who is up to what, and the circumstances."""

    world: World
    roster: tuple[PlannedShift, ...]
    plans: Mapping[str, FraudPlan]
    around: Mapping[tuple[str, int], SiteDay]


@lru_cache(maxsize=8)
def worked_shifts(world: World, day: int) -> tuple[WorkedShift, ...]:
    """
    Return the shifts that begin on one local day, with their events and their truth.

    The last days are remembered: who asks for the truth of a day asks soon after its events.
    """
    plan = _day_plan(world, day)
    return tuple(_worked(plan, shift) for shift in plan.roster)


def _day_plan(world: World, day: int) -> DayPlan:
    roster = day_roster(world, day)
    # Whoever is still there in the morning began yesterday, and may help as well.
    present = [*day_roster(world, day - 1), *roster]
    plans = day_plans(world, roster, intents=day_intents(world, present), present=present)
    return DayPlan(
        world=world,
        roster=roster,
        plans={plan.shift.key: plan for plan in plans},
        around={
            (site.code, on): site_day(world, site, on)
            for site in world.sites
            for on in (day - 1, day)
        },
    )


def _worked(day: DayPlan, shift: PlannedShift) -> WorkedShift:
    drafts, truth = _honest(day, shift), NOTHING
    if (plan := day.plans.get(shift.key)) is not None:
        rng = substream(day.world.config.seed, "deed", shift.key)
        drafts, truth = DEEDS[plan.intent.archetype](day, plan, drafts, rng)
    events = tuple(_finished(day.world, shift, draft) for draft in drafts)
    return WorkedShift(shift=shift, events=events, truth=truth)


def _honest(day: DayPlan, shift: PlannedShift) -> list[Draft]:
    return honest_shift(day.world, shift, around=day.around[shift.site.code, shift.day])


def _buddy_punched(
    day: DayPlan, plan: FraudPlan, drafts: list[Draft], rng: np.random.Generator
) -> Deed:
    config, truth = day.world.config, []
    buddies = {
        EventType.CHECK_IN: plan.check_in_buddy,
        EventType.CHECK_OUT: plan.check_out_buddy,
    }
    for draft in drafts:
        buddy = buddies.get(draft.event_type)
        if buddy is None:
            continue
        nearest = _nearest(_honest(day, buddy), draft.at)
        archetypes.buddy_punch(config, draft, intent=plan.intent, buddy=nearest, rng=rng)
        truth.append(_event_truth(day.world, plan, draft))
    if archetypes.is_phone_silent(plan.intent, rng=rng):
        drafts = archetypes.without_activity(drafts)
    return drafts, tuple(truth)


def _spoofed(day: DayPlan, plan: FraudPlan, drafts: list[Draft], rng: np.random.Generator) -> Deed:
    drafts = archetypes.spoof_position(
        day.world.config, plan.shift, drafts, intent=plan.intent, rng=rng
    )
    punches = [draft for draft in drafts if draft.event_type in PUNCHES]
    return drafts, tuple(_event_truth(day.world, plan, draft) for draft in punches)


def _slept(day: DayPlan, plan: FraudPlan, drafts: list[Draft], rng: np.random.Generator) -> Deed:
    window = archetypes.sleep_window(day.world.config.fraud, plan.shift, rng=rng)
    drafts = archetypes.sleep(drafts, intent=plan.intent, window=window, rng=rng)
    return drafts, (_truth(plan, subject_id=plan.shift.key, subject="shift", window=window),)


DEEDS = {"A1": _buddy_punched, "A2": _spoofed, "A6": _slept}


def _nearest(drafts: list[Draft], at: float) -> Draft:
    return min(drafts, key=lambda draft: abs(draft.at - at))


def _event_truth(world: World, plan: FraudPlan, draft: Draft) -> TruthRow:
    shift = plan.shift
    return _truth(
        plan,
        subject_id=event_id(world, shift, draft),
        subject="event",
        window=(shift.start, shift.end),
    )


def _truth(
    plan: FraudPlan, *, subject_id: str, subject: str, window: tuple[float, float]
) -> TruthRow:
    return TruthRow(
        subject_id=subject_id,
        subject=subject,
        archetype=plan.intent.archetype,
        start=_instant(window[0]),
        end=_instant(window[1]),
        guard_id=plan.shift.guard.code,
        ring_id=plan.ring,
        detectability=plan.intent.detectability,
        never_found=plan.intent.never_found,
    )


def event_id(world: World, shift: PlannedShift, draft: Draft) -> str:
    """Return the id of an event: a hash of its place in the world, which says nothing by itself."""
    return code(world.config.seed, "event", shift.key, draft.name)


def _finished(world: World, shift: PlannedShift, draft: Draft) -> SimulatedEvent:
    """Round a draft and name it; honest and fraudulent drafts go the same way."""
    device, fix, photo = draft.device, draft.fix, draft.photo
    return SimulatedEvent(
        event_id=event_id(world, shift, draft),
        tenant_id=shift.site.tenant,
        event_type=draft.event_type,
        guard_id=shift.guard.code,
        site_id=shift.site.code,
        post_id=shift.post.code,
        shift_id=shift.key if shift.entered else None,
        planned_at=_instant(draft.due) if shift.entered and draft.due is not None else None,
        device_at=_instant(draft.at + device.clock_offset_s),
        server_at=_instant(draft.arrives),
        lat=_rounded(fix.lat, 6),
        lon=_rounded(fix.lon, 6),
        accuracy_m=_rounded(fix.accuracy_m, 1),
        altitude_m=_rounded(fix.altitude_m, 1),
        speed_mps=_rounded(fix.speed_mps, 2),
        provider=fix.provider,
        mock_flag=draft.mock,
        device_id=device.code,
        device_model=device.model,
        os=device.os,
        app_version=app_version(world.config, device, day=shift.day),
        rooted_flag=device.rooted if device.tells_root else None,
        wifi_bssid_hash=draft.wifi,
        cell_id_hash=draft.cell,
        face_score=_rounded(photo.face, 3) if photo else None,
        liveness_score=_rounded(photo.liveness, 3) if photo else None,
        photo_phash=photo.phash if photo else None,
        battery_pct=draft.battery,
        network=draft.network,
        steps_since_last=draft.steps,
        manual_by=draft.manual_by,
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)


def _instant(seconds: float) -> datetime:
    """Return an aware instant in whole milliseconds: floats differ between platforms below."""
    return datetime.fromtimestamp(round(seconds * 1000.0) / 1000.0, UTC)
