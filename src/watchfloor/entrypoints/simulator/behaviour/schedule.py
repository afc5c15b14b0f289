"""When an honest guard does what in one shift: arrival, heartbeats, one round, departure."""

import math

import numpy as np
from numpy.typing import NDArray

from watchfloor.entrypoints.simulator.behaviour.conditions import SiteDay
from watchfloor.entrypoints.simulator.behaviour.draft import Moment
from watchfloor.entrypoints.simulator.behaviour.fixes import FloatArray
from watchfloor.entrypoints.simulator.config import AttendanceChoices
from watchfloor.entrypoints.simulator.records import EventType
from watchfloor.entrypoints.simulator.roster import PlannedShift

Mask = NDArray[np.bool_]

MIN_PRESENCE_S = 1800.0
NO_HEARTBEAT_LAST_S = 600.0
BREAK_HALF_S = 1800.0
SMALL_HOURS = (3.0, 5.0)
ROUND_AFTER_S = 3600.0
ROUND_BEFORE_END_S = 7200.0


def honest_moments(
    choices: AttendanceChoices,
    shift: PlannedShift,
    *,
    around: SiteDay,
    rng: np.random.Generator,
) -> list[Moment]:
    """Return the moments of one shift in order of time, check-in first, check-out last."""
    arrival = shift.start + 60.0 * _lateness_min(choices, shift, around=around, rng=rng)
    arrival = min(arrival, shift.end - MIN_PRESENCE_S)
    mean_min, sd_min = choices.leave_min
    leaving = shift.end + 60.0 * (mean_min + sd_min * rng.standard_normal())
    between = [
        *_heartbeats(choices, shift, arrival=arrival, rng=rng),
        *_round(choices, shift, arrival=arrival, rng=rng),
    ]
    between.sort(key=lambda moment: moment.at)
    here = shift.post.offset_m
    check_in = Moment(EventType.CHECK_IN, "in", arrival, shift.start, *here)
    check_out = Moment(EventType.CHECK_OUT, "out", leaving, shift.end, *here)
    return _spaced([check_in, *between, check_out], spacing_s=choices.spacing_s)


def _spaced(moments: list[Moment], *, spacing_s: float) -> list[Moment]:
    """Return the moments in their order, each pushed back until the one before is done."""
    spaced = moments[:1]
    for moment in moments[1:]:
        spaced.append(moment._replace(at=max(moment.at, spaced[-1].at + spacing_s)))
    return spaced


def _lateness_min(
    choices: AttendanceChoices,
    shift: PlannedShift,
    *,
    around: SiteDay,
    rng: np.random.Generator,
) -> float:
    """Mostly a little early, sometimes late, seldom very late; weather is shared by a city."""
    usual, late, _ = choices.late_shares
    luck, noise = rng.random(), rng.standard_normal()
    if luck < usual:
        minutes = choices.usual_min[0] + choices.usual_min[1] * noise
    elif luck < usual + late:
        minutes = choices.late_median_min * math.exp(choices.late_sigma * noise)
    else:
        minutes = rng.uniform(*choices.very_late_min)
    weather = choices.bad_day_min if around.conditions.is_bad_day else 0.0
    return float(minutes) + shift.guard.punctuality_min + weather


def _heartbeats(
    choices: AttendanceChoices,
    shift: PlannedShift,
    *,
    arrival: float,
    rng: np.random.Generator,
) -> list[Moment]:
    interval_s = 60.0 * shift.post.heartbeat_min
    due = np.arange(shift.start + interval_s, shift.end - NO_HEARTBEAT_LAST_S, interval_s)
    answered = due + rng.exponential(choices.heartbeat_delay_s, size=len(due))
    clusters = np.where(_is_hard_hour(shift, due), choices.missed_in_clusters, 1.0)
    missed = rng.random(len(due)) < choices.heartbeat_missed * clusters
    missed |= _in_incident(choices, shift, due, interval_s=interval_s, rng=rng)
    missed |= due <= arrival
    here = shift.post.offset_m
    return [
        Moment(EventType.HEARTBEAT, f"hb{i}", float(answered[i]), float(due[i]), *here)
        for i in np.flatnonzero(~missed)
    ]


def _is_hard_hour(shift: PlannedShift, due: FloatArray) -> Mask:
    """Whether a heartbeat falls into the break or the small hours (of the clock at the start)."""
    in_break = np.abs(due - (shift.start + shift.end) / 2.0) < BREAK_HALF_S
    hour = (shift.start_hour + (due - shift.start) / 3600.0) % 24.0
    hard: Mask = in_break | ((hour >= SMALL_HOURS[0]) & (hour < SMALL_HOURS[1]))
    return hard


def _in_incident(
    choices: AttendanceChoices,
    shift: PlannedShift,
    due: FloatArray,
    *,
    interval_s: float,
    rng: np.random.Generator,
) -> Mask:
    """A flat battery or an incident silences an honest guard for some intervals."""
    happens = rng.random() < choices.incident_share
    begins = rng.uniform(shift.start, shift.end)
    lasts_s = interval_s * rng.uniform(*choices.incident_intervals)
    silent: Mask = (due >= begins) & (due < begins + lasts_s) & happens
    return silent


def _round(
    choices: AttendanceChoices,
    shift: PlannedShift,
    *,
    arrival: float,
    rng: np.random.Generator,
) -> list[Moment]:
    points = shift.post.checkpoints_m
    first = max(shift.start + ROUND_AFTER_S, arrival)
    begins = rng.uniform(first, max(shift.end - ROUND_BEFORE_END_S, first + 60.0))
    gaps_s = choices.scan_gap_median_s * np.exp(
        choices.scan_gap_sigma * rng.standard_normal(len(points))
    )
    scanned = begins + np.cumsum(gaps_s)
    kept = (rng.random(len(points)) >= choices.scan_missed) & (scanned < shift.end - 60.0)
    return [
        Moment(EventType.CHECKPOINT, f"cp{i}", float(scanned[i]), None, *points[i])
        for i in np.flatnonzero(kept)
    ]
