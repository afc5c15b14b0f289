"""Where a phone believes to be: error by provider, reported accuracy, jitter of a still phone."""

import math

import numpy as np
from numpy.typing import NDArray

from watchfloor.entrypoints.simulator.behaviour.draft import NO_FIX, Fix
from watchfloor.entrypoints.simulator.config import PositionChoices
from watchfloor.entrypoints.simulator.population.entities import Site
from watchfloor.entrypoints.simulator.population.places import METRES_PER_DEGREE, moved

FloatArray = NDArray[np.float64]

PROVIDERS = ("gps", "fused", "wifi", "cell", "none")
RAYLEIGH_MEDIAN = math.sqrt(2.0 * math.log(2.0))  # median of a Rayleigh of scale 1
STROLL_MPS = 0.4
FORGOTTEN = 0.01  # below this share of the old error, the fix counts as a fresh one


def draw_fixes(
    choices: PositionChoices,
    site: Site,
    *,
    at: FloatArray,
    east_m: FloatArray,
    north_m: FloatArray,
    phone_quality: float,
    rng: np.random.Generator,
) -> list[Fix]:
    """
    Return what an honest phone reports at these moments and places, one fix for each.

    Errors are bivariate normal, hence the distance is Rayleigh with the provider's median; the
    reported accuracy is the true scale times a log-normal, informative but not exact.

    Args:
        at: moments, shape (n,), ascending, seconds.
        east_m: true place relative to the middle of the site, shape (n,), metres; so `north_m`.
        phone_quality: factor on every error, 1 is usual.
    """
    n = len(at)
    provider = _providers(choices, site, n=n, rng=rng)
    scale_m = phone_quality * np.array(choices.error_median_m)[provider] / RAYLEIGH_MEDIAN
    error_m = scale_m * _still_phone_noise(choices, at=at, rng=rng)
    error_m += _jumps_m(choices, n=n, rng=rng)
    lat = site.lat + (north_m + site.pin_error_north_m + error_m[1]) / METRES_PER_DEGREE
    east_m = east_m + site.pin_error_east_m + error_m[0]
    lon = site.lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(site.lat)))
    accuracy_m = scale_m * np.exp(choices.accuracy_sigma * rng.standard_normal(n))
    altitude_m = site.altitude_m + choices.altitude_sd_m * rng.standard_normal(n)
    speed_mps = STROLL_MPS * np.abs(rng.standard_normal(n))
    snapped = rng.random(n) < choices.snapped_share
    columns = [array.tolist() for array in (provider, lat, lon, accuracy_m, altitude_m, speed_mps)]
    fixes = [
        NO_FIX if PROVIDERS[row[0]] == "none" else Fix(PROVIDERS[row[0]], *row[1:])
        for row in zip(*columns, strict=True)
    ]
    for i in np.flatnonzero(snapped):
        fixes[i] = fix_at_pin(site, accuracy_m=choices.snapped_accuracy_m, jitter_m=0.0, rng=rng)
    return fixes


def fix_at_pin(site: Site, *, accuracy_m: float, jitter_m: float, rng: np.random.Generator) -> Fix:
    """Return a fix that claims the registered middle of the site: a beacon's, or a forged one."""
    east_m, north_m = (jitter_m * rng.standard_normal(2)).tolist()
    lat, lon = moved(site.lat, site.lon, east_m=east_m, north_m=north_m)
    return Fix("gps", lat, lon, accuracy_m, site.altitude_m, 0.0)


def _providers(
    choices: PositionChoices, site: Site, *, n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    indoor = rng.random(n) < site.indoor_share
    draw = rng.random(n)
    outside = np.searchsorted(np.cumsum(choices.outdoor_mix)[:-1], draw, side="right")
    inside = np.searchsorted(np.cumsum(choices.indoor_mix)[:-1], draw, side="right")
    return np.where(indoor, inside, outside)


def _still_phone_noise(
    choices: PositionChoices, *, at: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return standard normal noise, shape (2, n), that keeps rho of itself for each minute."""
    noise = rng.standard_normal((2, len(at)))
    minutes = np.maximum(np.diff(at, prepend=-np.inf), 0.0) / 60.0
    keep = np.power(choices.jitter_rho_per_minute, minutes)
    for i in np.flatnonzero(keep > FORGOTTEN):
        noise[:, i] = keep[i] * noise[:, i - 1] + math.sqrt(1.0 - keep[i] ** 2) * noise[:, i]
    return noise


def _jumps_m(choices: PositionChoices, *, n: int, rng: np.random.Generator) -> FloatArray:
    """Return rare leaps of one fix, shape (2, n); the next fix is back in its place."""
    jumps = np.zeros((2, n))
    for i in np.flatnonzero(rng.random(n) < choices.jump_share):
        low, high = choices.jump_km
        far_m = 1000.0 * math.exp(rng.uniform(math.log(low), math.log(high)))
        bearing = rng.uniform(0.0, 2.0 * math.pi)
        jumps[:, i] = far_m * math.cos(bearing), far_m * math.sin(bearing)
    return jumps
