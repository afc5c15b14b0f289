"""What an honest phone adds to each moment: radio, steps, battery, photographs, delay."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from watchfloor.entrypoints.simulator.behaviour.conditions import SiteDay
from watchfloor.entrypoints.simulator.behaviour.draft import Moment, Photo
from watchfloor.entrypoints.simulator.behaviour.fixes import FloatArray
from watchfloor.entrypoints.simulator.config import WorldConfig
from watchfloor.entrypoints.simulator.population.entities import Device
from watchfloor.entrypoints.simulator.records import EventType
from watchfloor.entrypoints.simulator.roster import PlannedShift
from watchfloor.entrypoints.simulator.substreams import code, unit

STEPS_MEDIAN = {
    EventType.CHECK_IN: 700.0,
    EventType.HEARTBEAT: 250.0,
    EventType.CHECKPOINT: 180.0,
    EventType.CHECK_OUT: 250.0,
}
STEPS_SIGMA = 1.1
WEEK_DAYS = 7
AFTER_OUTAGE_S = 50.0
PHONES_REMEMBERED = 8192


def arrivals(
    config: WorldConfig,
    shift: PlannedShift,
    *,
    at: FloatArray,
    around: SiteDay,
    rng: np.random.Generator,
) -> tuple[list[float], list[bool]]:
    """
    Return when each event reaches the server, and whether it was held back offline.

    Phones in a site without network all deliver within the minute after its return; others are
    late one by one.

    Args:
        at: true moments, shape (n,), seconds since 1970.
    """
    choices = config.arrivals
    n = len(at)
    delay_s = rng.uniform(*choices.prompt_s, size=n)
    late = rng.random(n) < choices.offline_share * shift.site.network_quality
    median_s = 60.0 * choices.offline_median_min
    late_s = median_s * np.exp(choices.offline_sigma * rng.standard_normal(n))
    delay_s = np.where(late, np.minimum(late_s, 3600.0 * choices.offline_max_h), delay_s)
    for begins, until in around.outages:
        held = (at >= begins) & (at < until)
        delay_s = np.where(held, until - at + AFTER_OUTAGE_S * rng.random(n), delay_s)
        late |= held
    return (at + delay_s).tolist(), late.tolist()


def networks(shift: PlannedShift, *, late: Sequence[bool], rng: np.random.Generator) -> list[str]:
    """Return the network of each event: offline where it was held back, else Wi-Fi or cell."""
    on_wifi = rng.random(len(late)) < 0.2 + 0.5 * shift.site.indoor_share
    return [
        "offline" if is_late else "wifi" if is_on_wifi else "cell"
        for is_late, is_on_wifi in zip(late, on_wifi.tolist(), strict=True)
    ]


def radio(
    config: WorldConfig,
    shift: PlannedShift,
    *,
    around: SiteDay,
    n: int,
    rng: np.random.Generator,
) -> tuple[list[str | None], list[str | None]]:
    """
    Return hashes of the nearest access point and radio cell of each event.

    Some are missing, and some belong to nobody's list: a passing phone, a cell further off.
    """
    seed, site = config.seed, shift.site.code
    sites, sensors = config.sites, config.sensors
    generation = around.router_generation
    points = [code(seed, "wifi", site, generation, k) for k in range(sites.access_points)]
    cells = [code(seed, "cell", site, k) for k in range(sites.cells)]
    return (
        _heard(points, unknown=sensors.access_point_unknown, config=config, n=n, rng=rng),
        _heard(cells, unknown=sensors.cell_unknown, config=config, n=n, rng=rng),
    )


def steps(
    config: WorldConfig, moments: Sequence[Moment], *, rng: np.random.Generator
) -> list[int | None]:
    """Return the steps counted since the event before, None where the phone does not tell."""
    choices = config.sensors
    n = len(moments)
    medians = np.array([STEPS_MEDIAN[moment.event_type] for moment in moments])
    counts = medians * np.exp(STEPS_SIGMA * rng.standard_normal(n))
    counts = np.where(rng.random(n) < choices.steps_zero, 0.0, counts)
    told = rng.random(n) >= choices.steps_missing
    return [
        int(count) if is_told else None
        for count, is_told in zip(counts.tolist(), told.tolist(), strict=True)
    ]


def battery(at: FloatArray, *, rng: np.random.Generator) -> list[int]:
    """Return the charge at each moment in per cent, falling from a drawn beginning."""
    begin_pct, per_hour = rng.uniform(50.0, 100.0), rng.uniform(2.0, 8.0)
    falling = begin_pct - per_hour * (at - at[0]) / 3600.0
    return [int(charge) for charge in np.clip(falling, 3.0, 100.0).tolist()]


def mock_flag(config: WorldConfig, device: Device, *, day: int) -> bool | None:
    """Return what the system says about mock positions; a tester's option stays on for weeks."""
    if not device.tells_mock:
        return None
    share = config.devices.mock_left_on_rate
    return unit(config.seed, "mock", device.code, day // WEEK_DAYS) < share


def photo(config: WorldConfig, shift: PlannedShift, *, rng: np.random.Generator) -> Photo | None:
    """Return a photograph of the guard in person, or None where none is taken."""
    choices = config.sensors
    alpha, beta = choices.night_face if shift.is_night else choices.genuine_face
    if shift.guard.goat:
        alpha, beta = choices.goat_face
    liveness = choices.night_liveness if shift.is_night else choices.genuine_liveness
    taken = Photo(rng.beta(alpha, beta), rng.beta(*liveness), photo_hash(rng))
    return taken if rng.random() >= shift.site.photo_absent_share else None


def photo_hash(rng: np.random.Generator) -> str:
    """Return the perceptual hash of a new photograph."""
    return rng.bytes(8).hex()


def home_radio(config: WorldConfig, guard: str) -> tuple[str, str]:
    """Return the hashes of the access point and the radio cell at a guard's home."""
    return code(config.seed, "wifi", guard), code(config.seed, "cell", guard)


def app_version(config: WorldConfig, device: Device, *, day: int) -> str:
    """Return the release a phone runs: a new one every four weeks, taken up within two."""
    period = config.devices.release_days
    delay = _update_delay(config.seed, device.code) * period / 2.0
    return f"4.{max(0, math.floor((day - delay) / period) + 12)}.0"


@lru_cache(maxsize=PHONES_REMEMBERED)
def _update_delay(seed: int, device: str) -> float:
    return unit(seed, "update", device)


def _heard(
    known: Sequence[str],
    *,
    unknown: float,
    config: WorldConfig,
    n: int,
    rng: np.random.Generator,
) -> list[str | None]:
    picks = rng.integers(len(known), size=n).tolist()
    luck = rng.random((2, n)).tolist()
    return [
        None
        if is_missing < config.sensors.radio_missing
        else rng.bytes(8).hex()
        if is_unknown < unknown
        else known[pick]
        for pick, is_missing, is_unknown in zip(picks, *luck, strict=True)
    ]
